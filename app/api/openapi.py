"""`python -m app.api.openapi` writes the committed description of the API, `schemas/openapi.json`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from app.api.hub import Hub
from app.api.routes import build
from app.db.session import Database
from app.settings import Settings

FILE = Path(str(resources.files("schemas"))) / "openapi.json"


def description() -> str:
    """Give the OpenAPI document as it is committed; it depends on code alone."""
    hub = Hub(Settings(), Database("postgresql://nowhere/none"), {}, "", {})
    return json.dumps(build(hub).openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
