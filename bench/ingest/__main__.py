"""`python -m bench.ingest run|report`: measures the hub beside a plain COPY and dlt, and says what came of it."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from app import postgres
from bench.ingest import contestants
from bench.ingest.peer import peer_python
from bench.ingest.report import report
from bench.ingest.rounds import Plan, measure
from simulator.city import Difficulty

USUAL = (contestants.COPY, *contestants.HUB, *contestants.PEERS)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse_args(arguments)
    if given.command == "report":
        print(report(json.loads(given.file.read_text()), given.most_others))
        return 0
    cache = given.cache.expanduser().resolve()
    cache.mkdir(parents=True, exist_ok=True)
    wants_peer = any(name in contestants.PEERS for name in given.contestants)
    home = cache / "postgres"
    server = given.server or postgres.ensure(home).url("postgres")
    plan = Plan(
        server,
        cache,
        sizes=tuple(given.sizes),
        contestants=tuple(given.contestants),
        rounds=given.rounds,
        page=given.page,
        difficulty=given.difficulty,
        peer=peer_python(cache) if wants_peer else None,
    )
    try:
        results = measure(plan)
    finally:
        if not given.server:
            postgres.stop(home)
    file = given.out or cache / f"ingest-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\n{report(results)}\n\nraw values: {file}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure")
    run.add_argument(
        "--cache", type=Path, required=True, help="where pages, dlt, PostgreSQL and results are kept"
    )
    run.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000])
    run.add_argument("--rounds", type=int, default=5)
    run.add_argument("--page", type=int, default=1000, help="rows per page")
    run.add_argument("--contestants", nargs="+", choices=USUAL, default=USUAL)
    run.add_argument(
        "--difficulty", choices=get_args(Difficulty), default="hard", help="of the simulated city"
    )
    run.add_argument(
        "--server", default="", help="a PostgreSQL on this machine to make databases on; else an own one"
    )
    run.add_argument("--out", type=Path, help="where the raw values go; else into the cache")
    told = commands.add_parser("report", help="say again what a run's file says")
    told.add_argument("file", type=Path)
    told.add_argument(
        "--most-others", type=float, default=100.0, help="leave out what others disturbed more, percent"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
