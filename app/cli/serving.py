"""Commands that run the hub."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from app import logs
from app.cli.hub import opened
from app.crew import work
from app.db import jurisdictions
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild as rebuild_all
from app.pipeline.sync import bind_found
from app.runtime import Runtime, open_runtime
from app.settings import Settings
from app.worker import Role


def serve(_options: argparse.Namespace) -> None:
    """Serve HTTP until told to stop."""
    from app import main

    settings = Settings()
    logs.configure(settings.log_level)
    runtime = open_runtime(settings)
    runtime.database.close()
    os.environ["HUB_DATABASE_URL"] = runtime.url
    main.serve(settings)


def worker(options: argparse.Namespace) -> None:
    """Work until told to stop, in all roles or in one."""
    settings = Settings()
    logs.configure(settings.log_level)
    runtime = open_runtime(settings)
    bind_found(runtime.database, runtime.rules, settings.jurisdiction)
    roles = tuple(Role) if options.jobs == "all" else (Role(options.jobs),)
    work(runtime, roles, disk=_disk(runtime))


def process(options: argparse.Namespace) -> None:
    """Take in what waits, in every jurisdiction."""
    runtime, _ = opened(options)
    with runtime.database.read() as connection:
        known = jurisdictions.known(connection)
    for jurisdiction in known:
        batches = drain(runtime.database, runtime.rules, jurisdiction, limit=runtime.settings.batch)
        print(f"{jurisdiction}: {batches} batches")


def rebuild(options: argparse.Namespace) -> None:
    """Derive everything again from memory and serve it."""
    runtime, _ = opened(options, level="INFO")
    done = rebuild_all(runtime.database, runtime.rules, disk=_disk(runtime))
    print(
        f"{done.batches} batches in {done.seconds:.1f} s, {done.locked_seconds * 1000:.0f} ms under the locks"
    )
    for jurisdiction, counts in done.changes.items():
        print(
            f"{jurisdiction}: "
            + (", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "no difference")
        )


def _disk(runtime: Runtime) -> Path | None:
    """Give where the database's files lie, if it is the embedded one."""
    return runtime.settings.home_folder if runtime.settings.database_url is None else None
