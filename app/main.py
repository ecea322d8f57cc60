"""Where the hub that serves HTTP is put together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import FrameType
from typing import Any

import uvicorn

from app import logs
from app.api.callers import Callers
from app.api.following import Follower
from app.api.hub import Hub
from app.api.routes import Api, build
from app.db.session import Database
from app.doors.mount import mount
from app.garbage import settle
from app.pipeline.rules import load_rules
from app.protocol import Http1
from app.settings import Settings
from connectors.registry import Registry, discover


def create_app(
    settings: Settings, database: Database, registry: Registry, variables: Mapping[str, str] = os.environ
) -> Api:
    """Give the app that serves this database and these sources; `variables` hold what manifests name."""
    manifests = {manifest.key: manifest for manifest in registry.manifests()}
    rules = load_rules(registry, settings.connected_departments)
    callers = Callers(database, settings.rate_per_key)
    app = build(Hub(settings, database, manifests, rules, variables, callers))
    mount(app)
    return app


def from_environment() -> Api:
    """Give the app as `HUB_*` variables say (uvicorn's factory); HUB_DATABASE_URL must be set."""
    settings = Settings()
    logs.configure(settings.log_level)
    if settings.database_url is None:
        raise SystemExit(
            "HUB_DATABASE_URL is not set: start the hub by `hub serve` or `hub up`, which set it"
        )
    return create_app(settings, Database(settings.database_url, pool_size=settings.pool_size), discover())


def serve(settings: Settings) -> None:
    """Serve HTTP until told to stop; HUB_DATABASE_URL must be set. Without uvloop and httptools it does not start."""
    app = from_environment()
    settle()
    Server(uvicorn.Config(app, **server_settings(settings)), app.state.follower).run()


def server_settings(settings: Settings) -> dict[str, Any]:
    """Give how the server is run that serves the hub."""
    return {
        "host": settings.host,
        "port": settings.port,
        "loop": "uvloop",
        "http": Http1,
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": 20,
    }


class Server(uvicorn.Server):
    """A server that lets those who follow the changes go when it is told to stop; they would keep it for an hour."""

    def __init__(self, config: uvicorn.Config, follower: Follower) -> None:
        super().__init__(config)
        self._follower = follower

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Hear a signal."""
        self._follower.close()
        super().handle_exit(sig, frame)
