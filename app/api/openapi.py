"""`python -m app.api.openapi` writes the committed description of the API, `schemas/openapi.json`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from app.api.callers import Callers
from app.api.hub import Hub
from app.api.routes import build
from app.db.session import Database
from app.pipeline.rules import Rules
from app.settings import Settings
from connectors.registry import Registry

FILE = Path(str(resources.files("schemas"))) / "openapi.json"


def description() -> str:
    """Give the OpenAPI document as it is committed; it depends on code alone."""
    rules = Rules(Registry({}, []), "", frozenset())
    database = Database("postgresql://nowhere/none")
    hub = Hub(Settings(), database, {}, rules, {}, Callers(database))
    return json.dumps(build(hub).openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
