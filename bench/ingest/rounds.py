"""One run: contestants interleaved in rounds, in rotated order, each state in a process of its own."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from app.db.migrate import upgrade
from bench.ingest import contestants
from bench.ingest.job import Job, Listing
from bench.ingest.pages import Wanted, pages
from bench.ingest.server import serving

_OURS = ("psycopg", "sqlalchemy", "msgspec", "pydantic", "httpx")
_THEIRS = ("dlt", "pyarrow", "adbc-driver-postgresql", "psycopg2-binary")
_SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "shared_buffers",
    "max_wal_size",
    "data_checksums",
)


@dataclass(frozen=True)
class Plan:
    """What to measure: sizes, contestants, rounds; `server` is the address of a PostgreSQL to make databases on."""

    server: str
    cache: Path
    sizes: tuple[int, ...] = (20_000,)
    contestants: tuple[str, ...] = (contestants.COPY, *contestants.HUB, "dlt-default")
    rounds: int = 5
    page: int = 1000
    difficulty: Any = "hard"
    peer: Path | None = None


def _say(told: str) -> None:
    print(told, flush=True)


def measure(plan: Plan, *, say: Callable[[str], Any] = _say) -> dict[str, Any]:
    """Run all rounds of all sizes; gives every raw value with the conditions it was measured under."""
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "plan": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in asdict(plan).items()
            if name not in {"server", "cache", "peer"}
        },
        "machine": {
            "python": platform.python_version(),
            "cores": len(_cores()),
            "kernel": platform.release(),
        },
        "versions": {name: metadata.version(name) for name in _OURS} | _peer_versions(plan.peer),
        "postgres": _settings(plan.server),
        "values": [],
    }
    work = plan.cache / "work"
    for size in plan.sizes:
        folder, listings = pages(plan.cache, Wanted(size, plan.page, difficulty=plan.difficulty))
        with serving(folder) as (address, pid):
            servers = {"postgres": _postmaster(plan.server), "pages": pid}
            for number in range(plan.rounds):
                for contestant in rotated(plan.contestants, number):
                    for value in _measured(plan, contestant, listings, address, servers, work):
                        value |= {"records": size, "round": number + 1}
                        found["values"].append(value)
                        say(line(value))
    return found


def rotated(names: Iterable[str], number: int) -> list[str]:
    """Give the names beginning with another one each round, so that nobody always goes first."""
    listed = list(names)
    return listed[number % len(listed) :] + listed[: number % len(listed)]


def line(value: dict[str, Any]) -> str:
    """Say one value in one line."""
    rate = value["records"] / value["wall"]
    cpu = (value["cpu_app"] + value["cpu_postgres"]) / value["records"] * 1e6
    return (
        f"round {value['round']} {value['records']:>7} {value['contestant']:<14} {value['state']:<9} {value['wall']:8.2f} s"
        f" {rate:9.0f}/s  CPU {cpu:6.0f} µs/record  idle {value['idle']:3.0f} %  others {value['others']:3.0f} %"
        f"  {value['peak_rss_mb']:5.0f} MB"
    )


def _measured(
    plan: Plan,
    contestant: str,
    listings: tuple[Listing, ...],
    address: str,
    servers: dict[str, int],
    work: Path,
) -> Iterator[dict[str, Any]]:
    """Give what each state cost a contestant, from an empty database on."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with _database(plan.server, migrated=contestant not in contestants.PEERS) as database:
        for state in contestants.states(contestant):
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("CHECKPOINT")  # nobody pays for what another made dirty
            job = Job(contestant, state, database, address, "first", plan.page, str(work), servers, listings)
            result = contestants.run(job, plan.peer)
            yield {
                "contestant": contestant,
                "state": state,
                **result,
                "stored": contestants.check(job, result),
            }


@contextmanager
def _database(server: str, *, migrated: bool) -> Iterator[str]:
    """Give the libpq address of a database of its own, dropped afterwards."""
    name = sql.Identifier("hub_bench")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name)
    with psycopg.connect(_libpq(server), autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    url = make_url(server).set(database="hub_bench").render_as_string(hide_password=False)
    try:
        if migrated:
            upgrade(url)
        yield _libpq(url)
    finally:
        with psycopg.connect(_libpq(server), autocommit=True) as connection:
            connection.execute(drop)


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _postmaster(server: str) -> int:
    """Give the pid of the server's first process, which all its others hang on."""
    with psycopg.connect(_libpq(server)) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    return int((Path(row[0] if row else "") / "postmaster.pid").read_text().split("\n")[0])


def _settings(server: str) -> dict[str, str]:
    with psycopg.connect(_libpq(server)) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_SETTINGS)]
        )
        return dict(rows.fetchall())


def _peer_versions(peer: Path | None) -> dict[str, str]:
    """Ask the peer's environment what it runs."""
    if peer is None:
        return {}
    program = "import json,sys;from importlib.metadata import version;print(json.dumps({n:version(n) for n in sys.argv[1:]}))"
    done = subprocess.run([peer, "-c", program, *_THEIRS], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _commit() -> str:
    """Give the commit that is measured, marked where files differ from it."""
    git = shutil.which("git")
    if git is None or not (contestants.ROOT / ".git").exists():
        return "unknown"
    done = subprocess.run(
        [git, "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=contestants.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _cores() -> set[int]:
    import os

    return os.sched_getaffinity(0)
