"""Starts (prints its address) or stops a PostgreSQL 15 of this machine for tests: `postgres15.py start|stop HOME`; no 15, no output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app import postgres
from tests.support.database import FAST

USUAL = Path("/usr/lib/postgresql/15/bin")


def found() -> Path | None:
    """The programs of a PostgreSQL 15: those on the PATH, else where Debian puts them."""
    for place in (postgres.system_binaries(), USUAL):
        if place is not None and (place / "pg_ctl").is_file():
            told = subprocess.run(
                [place / "pg_ctl", "--version"], check=True, capture_output=True, text=True
            ).stdout
            if " 15." in told:
                return place
    return None


if __name__ == "__main__":
    command, home = sys.argv[1], Path(sys.argv[2])
    if command == "stop":
        postgres.stop(home)
    elif (programs := found()) is not None:
        print(postgres.ensure(home, programs, FAST).url("postgres"))
