"""`python -m bench.document --cache DIR`: the document door, looked up each time and hot, beside a constant answer, by wrk."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import postgres
from app.db.session import Database
from bench.document import city, contestants
from bench.door.driver import ask, served
from bench.door.report import report
from bench.door.rounds import database, line
from bench.ingest.rounds import rotated

HOT_PROJECTS = 500


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse_args(arguments)
    cache = given.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / "postgres"
    server = given.server or postgres.ensure(home).url("postgres")
    try:
        values = measure(server, cache, given)
    finally:
        if not given.server:
            postgres.stop(home)
    file = cache / f"document-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    print(f"\n{report(values, contestants.LIMIT, given.most_others)}\n\nraw values: {file}")
    return 0


def measure(server: str, cache: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all rounds; gives the values of each contestant."""
    found: list[dict[str, Any]] = []
    file = cache / "requests"
    with database(server, "hub_bench_document") as (url, postmaster):
        address = "postgresql+psycopg" + url.removeprefix("postgresql")
        own = Database(address)
        token = city.build(own, given.projects)
        own.close()
        for number in range(given.rounds):
            for connections in given.connections:
                for name in rotated(given.contestants, number):
                    among = HOT_PROJECTS if name == contestants.HOT else given.projects
                    length = city.write(file, 50_000, among, token)
                    with served("bench.document.contestants", name, {contestants.DATABASE: address}) as at:
                        port, pid = at
                        for seconds in (1, given.seconds):  # the first second warms
                            value = ask(
                                port,
                                file,
                                length,
                                connections=connections,
                                seconds=seconds,
                                server=pid,
                                postmaster=postmaster,
                            )
                    found.append(
                        {"round": number + 1, "contestant": name, "connections": connections, **value}
                    )
                    print(line(found[-1]), flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.document", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, required=True, help="where PostgreSQL, requests and results are kept"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--projects", type=int, default=200_000)
    parser.add_argument("--contestants", nargs="+", choices=contestants.ALL, default=contestants.ALL)
    parser.add_argument("--server", default="", help="a PostgreSQL on this machine; else an own one")
    parser.add_argument(
        "--most-others", type=float, default=100.0, help="leave out what others disturbed more, percent"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
