"""What most commands begin with: settings, logging, an open hub and the jurisdiction asked for."""

from __future__ import annotations

import argparse

from app import logs
from app.db import jurisdictions
from app.runtime import Runtime, open_runtime
from app.settings import Settings


def opened(options: argparse.Namespace, *, level: str = "WARNING") -> tuple[Runtime, int]:
    """Open the hub for one command, and give the jurisdiction it is about."""
    settings = Settings()
    logs.configure(level)
    runtime = open_runtime(settings)
    jurisdiction: int = getattr(options, "jurisdiction", None) or settings.jurisdiction
    with runtime.database.begin() as connection:
        jurisdictions.ensure(connection, jurisdiction)
    return runtime, jurisdiction
