"""Run the demo: a database of its own, the city, the API and the worker, progress, figures, and a stay if wanted."""

from __future__ import annotations

import argparse
import json
import os
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app import postgres
from app.address import database_upkeep, database_url
from app.db import (
    calls,
    databases,
    deliveries,
    jurisdictions,
    keys,
    migrate,
    queued,
    records,
    sources,
    unresolved,
)
from app.db.accounts import rights
from app.db.session import Connection, Database
from app.demo.city import RunningCity, running_city
from app.demo.figures import collect, faults, owed, report
from app.errors import BadRequest, Unavailable
from app.settings import Settings
from app.supervise import Supervisor, hub_child, until_told

DATABASES = "hub_demo_"
"""How the databases of demos begin; each run has its own, called after its process."""
LONGEST_SECONDS = 1_800
WEEK_SECONDS = 20


def demo(options: argparse.Namespace) -> int:
    """Run the demo and give its exit code: 1 when an account does not add up."""
    if options.projects < 1 or options.days < 1:
        raise BadRequest("--projects and --days: a city has at least one project and lives at least one day")
    settings = Settings()
    started = time.monotonic()
    stopping = threading.Event()
    until_told(stopping)
    _say("数据库启动中 starting the database …")
    with _own_database(settings) as url, closing(Database(url, pool_size=2)) as database:
        return _demo(options, settings, database, started, stopping)


@contextmanager
def _own_database(settings: Settings) -> Iterator[str]:
    """Give the address of a database of this run's own, and leave the server as it was found."""
    ours = settings.database_url is None and not postgres.running(settings.home_folder)
    server = database_url(settings)
    databases.drop_left(server, DATABASES, _is_running)
    name = f"{DATABASES}{os.getpid()}"
    url = databases.create(server, name)
    try:
        migrate.upgrade(url)
        yield url
    finally:
        # after a crash the server may be away: whoever is told to end still ends
        server = database_url(settings)
        databases.drop(server, name)
        if ours and _unused(server):
            postgres.stop(settings.home_folder)
        elif settings.database_url is None:
            _say("内置数据库仍在运行 the embedded database keeps running: `hub db stop` ends it")


def _unused(server: str) -> bool:
    """Whether nobody else uses the server, once our own connections are gone."""
    for _ in range(10):
        if not databases.clients(server):
            return True
        time.sleep(0.2)
    return False


def _is_running(name: str) -> bool:
    return Path("/proc", name.removeprefix(DATABASES)).exists()


def _demo(
    options: argparse.Namespace,
    settings: Settings,
    database: Database,
    started: float,
    stopping: threading.Event,
) -> int:
    with database.begin() as connection:
        jurisdictions.ensure(connection, settings.jurisdiction)
        key = keys.add(
            connection,
            settings.jurisdiction,
            "demo",
            rights(["system_admin", "reviewer"], ["all"], ["all"]),
            by="hub demo",
        )
    port = options.port or (_free_port(settings.host) if options.once else settings.port)
    address = f"http://{settings.host}:{port}"
    with tempfile.TemporaryDirectory(prefix="lifecycle-hub-demo-") as folder:
        _say(f"模拟城市 simulating a city of {options.projects} projects (seed {options.seed}) …")
        with (
            running_city(
                Path(folder), seed=options.seed, projects=options.projects, days=options.days, hub_url=address
            ) as city,
            _hub(database.url, port, city, settings),
        ):
            _wait_for(f"{address}/api/v1/health/ready", stopping)
            _say(f"接口 API {address}/api/v1 …")
            city.push()
            _take_in(database, settings.jurisdiction, stopping)
            figures = _figures(database, settings.jurisdiction, city, started)
            wrong = faults(figures)
            if options.json:
                Path(options.json).write_text(
                    json.dumps(figures, ensure_ascii=False, indent=2), encoding="utf-8"
                )
            for fault in wrong:
                _say(f"账目不平 does not add up: {fault}")
            if not options.once and not stopping.is_set():
                _stay(city, address, key, stopping)
    return 1 if wrong else 0


def _figures(database: Database, jurisdiction: int, city: RunningCity, started: float) -> dict[str, Any]:
    with database.read() as connection:
        figures = collect(connection, jurisdiction, city.truth)
        broken = owed(connection, jurisdiction)
    figures["seconds"] = round(time.monotonic() - started, 2)
    _say("\n" + report(figures, broken))
    _say(f"\n{figures['seconds']} s")
    return figures


@contextmanager
def _hub(url: str, port: int, city: RunningCity, settings: Settings) -> Iterator[None]:
    """Run the API and a worker on the demo's database until the block ends."""
    environment = {
        "HUB_DATABASE_URL": url,
        "HUB_PORT": str(port),
        "HUB_LOG_LEVEL": os.environ.get("HUB_LOG_LEVEL", "WARNING"),
        **city.environment(),
    }
    supervisor = Supervisor(
        [hub_child(name, name, environment=environment) for name in ("serve", "worker")],
        upkeep=database_upkeep(settings),
    )
    watcher = threading.Thread(target=supervisor.watch, name="supervisor")
    supervisor.start()
    watcher.start()
    try:
        yield
    finally:
        supervisor.stopping.set()
        watcher.join()


def _take_in(database: Database, jurisdiction: int, stopping: threading.Event) -> None:
    """Show progress until every source has been read once and everything landed is derived."""
    deadline = time.monotonic() + LONGEST_SECONDS
    shown = ""
    while not stopping.wait(0.3):
        try:
            told, done = calls.read(database, progress, jurisdiction)
        except Unavailable as error:
            told, done = f"  {error}", False
        if told != shown:
            _say(told)
            shown = told
        if done:
            return
        if time.monotonic() > deadline:
            raise Unavailable("the demo's city was not taken in in time; see the messages above")


def progress(connection: Connection, jurisdiction: int) -> tuple[str, bool]:
    """Give how far the city is taken in, in words, and whether every document that follows from it is served."""
    standing = sources.standings(connection, jurisdiction)
    read = sum(one.succeeded_at is not None for one in standing.values())
    trouble = sorted(key for key, one in standing.items() if one.attention or one.failures)
    landed, derived = records.landings_behind(connection, jurisdiction)
    told = f"  来源 sources {read}/{len(standing)}, 批次 deliveries {derived}/{landed}"
    if trouble:
        told += f", 异常 in trouble: {', '.join(trouble)}"
    waiting = deliveries.waiting(connection, jurisdiction)
    derived_all = landed == derived and not unresolved.waiting_names(connection, jurisdiction)
    taken_in = bool(standing) and read == len(standing) and derived_all and not waiting
    return told, taken_in and not any(
        queued.more_than(connection, jurisdiction, queue, 0) for queue in queued.QUEUES
    )


def _wait_for(address: str, stopping: threading.Event) -> None:
    deadline = time.monotonic() + 60
    while not stopping.is_set():
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise Unavailable("the API did not get ready in a minute; see the messages above") from None
            stopping.wait(0.2)


def _stay(city: RunningCity, address: str, key: str, stopping: threading.Event) -> None:
    _say(
        f"\n打开 open:  {address}/  ·  查询 ask /api/v1/projects, /api/v1/portfolio/funnel, /api/v1/portfolio/coverage:\n"
        f"  curl -H 'Authorization: Bearer {key}' {address}/api/v1/projects\n"
        f"城市每 {WEEK_SECONDS} 秒过一周 the city lives a week every {WEEK_SECONDS} s; Ctrl-C 结束 ends it."
    )
    while not stopping.wait(WEEK_SECONDS):
        moved = city.advance(7)
        city.push()
        _say(f"  +7 天 days: {json.dumps(moved, ensure_ascii=False)}")


def _free_port(host: str) -> int:
    with socket.socket() as one:
        one.bind((host, 0))
        port: int = one.getsockname()[1]
    return port


def _say(text: str) -> None:
    print(text, flush=True)
