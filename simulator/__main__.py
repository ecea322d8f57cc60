"""`python -m simulator run|write`: starts the departments of an invented city, or only writes their feeds."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import get_args

from simulator.city import Breadth, Difficulty
from simulator.feeds import Plan, write_all
from simulator.run import running


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    plan = Plan(
        directory=given.dir,
        seed=given.seed,
        projects=given.projects,
        days=given.days,
        area=given.area,
        land_url=given.land_url,
        housing_url=given.housing_url,
        difficulty=given.difficulty,
        breadth=given.breadth,
    )
    if given.command == "write":
        city = write_all(plan)
        print(f"written {plan.directory} {city.today}")
        return 0
    serving = replace(
        plan,
        port=given.port,
        token=given.token,
        hub_url=given.hub_url,
        push_secret=given.push_secret,
        advance_every=given.advance_every,
    )
    return _serve(serving)


def _serve(plan: Plan) -> int:
    """Serves until SIGTERM or SIGINT; one `ready` line says when and where."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with running(plan) as city:
        print("ready", json.dumps(city.addresses(), ensure_ascii=False), flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    usual = Plan(Path())
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("run", "start all systems and serve"), ("write", "write the feeds and end")):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--dir", type=Path, required=True, help="where folders, SQLite files and truth.csv go"
        )
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--projects", type=int, default=300)
        command.add_argument("--days", type=int, default=1095)
        command.add_argument("--area", type=int, default=430200, help="adcode of a built-in city")
        command.add_argument(
            "--difficulty", choices=get_args(Difficulty), default=usual.difficulty, help="how hard to match"
        )
        command.add_argument(
            "--breadth", choices=get_args(Breadth), default=usual.breadth, help="how many feeds there are"
        )
        command.add_argument("--land-url", default="", help="SQLAlchemy URL of land's database")
        command.add_argument("--housing-url", default="", help="SQLAlchemy URL of housing's database")
        if name == "run":
            command.add_argument("--port", type=int, default=0, help="0 takes a free one")
            command.add_argument("--token", default=usual.token, help="bearer token of commerce's interface")
            command.add_argument(
                "--hub-url", default="", help="base address of the hub that takes the pushed events"
            )
            command.add_argument(
                "--push-secret", default=usual.push_secret, help="whsec_… shared with the hub"
            )
            command.add_argument(
                "--advance-every", type=float, default=0.0, help="seconds after which a city day passes"
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
