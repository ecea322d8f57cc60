"""`python -m bench.door --cache DIR`: the push door beside the server alone and one INSERT and COMMIT each, by wrk."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from app import postgres
from bench.door import contestants
from bench.door.report import report
from bench.door.rounds import Plan, measure


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse_args(arguments)
    cache = given.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    home = cache / "postgres"
    server = given.server or postgres.ensure(home).url("postgres")
    plan = Plan(
        server,
        cache,
        given.rounds,
        given.connections,
        given.seconds,
        given.size,
        given.messages,
        given.contestants,
    )
    try:
        values = measure(plan)
    finally:
        if not given.server:
            postgres.stop(home)
    file = cache / f"door-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    print(f"\n{report(values, contestants.LIMIT, given.most_others)}\n\nraw values: {file}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.door", description=__doc__)
    parser.add_argument(
        "--cache", type=Path, required=True, help="where PostgreSQL, messages and results are kept"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 32])
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--size", type=int, default=1000, help="bytes of a body")
    parser.add_argument("--messages", type=int, default=100_000, help="signed ahead, more than are sent")
    parser.add_argument("--contestants", nargs="+", choices=contestants.ALL, default=contestants.ALL)
    parser.add_argument("--server", default="", help="a PostgreSQL on this machine; else an own one")
    parser.add_argument(
        "--most-others", type=float, default=100.0, help="leave out what others disturbed more, percent"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
