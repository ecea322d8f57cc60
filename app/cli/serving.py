"""Commands that run the hub."""

from __future__ import annotations

import argparse
import gc
import os
import threading
from pathlib import Path

from app import logs
from app.cli.hub import opened
from app.db import jurisdictions
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild as rebuild_all
from app.runtime import Runtime, database_upkeep, database_url, open_runtime
from app.settings import Settings
from app.supervise import Supervisor, hub_child, until_told
from app.worker import Worker, bind_found


def serve(_options: argparse.Namespace) -> None:
    """Serve HTTP until told to stop."""
    from app import main

    settings = Settings()
    logs.configure(settings.log_level)
    runtime = open_runtime(settings)
    runtime.database.close()
    os.environ["HUB_DATABASE_URL"] = runtime.url
    main.serve(settings)


def worker(_options: argparse.Namespace) -> None:
    """Work until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level)
    runtime = open_runtime(settings)
    bind_found(runtime.database, runtime.rules, settings.jurisdiction)
    # code lists and connectors live as long as the process: the collector need not walk them after every batch
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    stopping = threading.Event()
    until_told(stopping)
    beat = Worker(runtime.database, runtime.rules, batch=settings.batch, disk=_disk(runtime))
    beat.start()
    stopping.wait()
    beat.stop()
    runtime.database.close()


def up(_options: argparse.Namespace) -> None:
    """Run API and worker, supervised, until told to stop."""
    settings = Settings()
    logs.configure(settings.log_level)
    environment = {"HUB_DATABASE_URL": database_url(settings)}
    upkeep = database_upkeep(settings)
    supervisor = Supervisor(
        [hub_child(name, name, environment=environment) for name in ("serve", "worker")], upkeep=upkeep
    )
    until_told(supervisor.stopping)
    runtime = open_runtime(settings, url=environment["HUB_DATABASE_URL"])
    runtime.database.close()
    supervisor.start()
    print(f"http://{settings.host}:{settings.port}/  (Ctrl-C ends it)", flush=True)
    supervisor.watch()
    if upkeep is not None:
        print("内置数据库仍在运行 the embedded database keeps running: `hub db stop` ends it", flush=True)


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
