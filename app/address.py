"""Where the hub's database is, and what keeps the embedded one running; light, for who only looks after processes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app import postgres
from app.errors import Unavailable
from app.settings import Settings

log = logging.getLogger(__name__)

MISSES = 2
"""How often in a row the embedded server must not answer before it is started again."""


def database_url(settings: Settings) -> str:
    """Give the database's address, starting the embedded server when none is set."""
    return settings.database_url or _embedded(settings).url()


def _embedded(settings: Settings) -> postgres.Server:
    try:
        return postgres.ensure(settings.home_folder)
    except postgres.PostgresUnavailable as error:
        raise Unavailable(str(error)) from error


def database_upkeep(settings: Settings) -> Callable[[], None] | None:
    """Give what starts the embedded server again when, called every second, it finds it dead; None for any other.

    Its socket is the same per data directory, so every address of it holds on.
    """
    if settings.database_url:
        return None
    missed = 0

    def keep() -> None:
        nonlocal missed
        missed = 0 if postgres.running(settings.home_folder) else missed + 1
        if missed >= MISSES:
            log.warning("the embedded database does not answer: starting it again")
            _embedded(settings)
            missed = 0
            log.warning("the embedded database runs again")

    return keep
