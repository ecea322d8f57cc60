"""What most commands begin with: settings, logging, an open hub and the jurisdiction asked for."""

from __future__ import annotations

import argparse
import sys

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
        if jurisdiction not in jurisdictions.known(connection):
            print(f"新的行政区 new jurisdiction {jurisdiction}", file=sys.stderr)
        jurisdictions.ensure(connection, jurisdiction)
    return runtime, jurisdiction
