"""`python -m bench.match run`: how well a hub finds out which records are one project, on cities it was not made on."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import get_args

from bench.match import report
from bench.match.blocking import candidate_pairs
from bench.match.city import Records, Wanted, simulated
from bench.match.linking import link
from bench.match.measures import curve
from bench.match.scoring import ruled_scores
from simulator.city import Breadth

TUNE, TEST = 2001, 3001
"""Seeds of the city on which thresholds are chosen, and of the one that is told of; models are trained on yet others."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse_args(arguments)
    columns: dict[str, report.Measured] = {}
    for breadth in given.breadth:
        for size in given.sizes:
            threshold = _threshold(simulated(Wanted(TUNE, min(size, given.tune), breadth)))
            records = simulated(Wanted(given.seed, size, breadth))
            name = f"{breadth} {len(records)}"
            columns[name], told = _measured(records, threshold)
            print(f"\n## {name}\n{told}", flush=True)
    print(f"\n{report.table(columns)}")
    if given.out:
        given.out.write_text(json.dumps(columns, indent=1) + "\n", encoding="utf-8")
    return 0


def _threshold(records: Records) -> int:
    """Choose the pair score with the best F1 on a city that is not the one told of."""
    pairs = candidate_pairs(records)
    return curve(records, pairs, ruled_scores(records, pairs)[1]).best()


def _measured(records: Records, threshold: int) -> tuple[report.Measured, str]:
    clock = {"start": process_time()}
    pairs = candidate_pairs(records)
    clock["candidates"] = process_time()
    scores, ruled = ruled_scores(records, pairs)
    clock["scores"] = process_time()
    linked = link(records, pairs, scores)
    clock["clusters"] = process_time()
    figures = report.measured(records, pairs, ruled, linked, threshold)
    marks = list(clock.items())
    spent = {name: (at - before) / len(records) * 1e6 for (_, before), (name, at) in pairwise(marks)}
    figures["cpu_us_per_record"] = spent
    costs = "CPU µs per record: " + ", ".join(f"{name} {value:.0f}" for name, value in spent.items())
    return figures, costs + "\n" + report.analysed(records, pairs, scores, linked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.match", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure")
    run.add_argument("--sizes", type=int, nargs="+", default=[10_000], help="records of the city told of")
    run.add_argument(
        "--tune", type=int, default=10_000, help="at most so many records to choose thresholds on"
    )
    run.add_argument("--seed", type=int, default=TEST, help="of the city told of")
    run.add_argument("--breadth", nargs="+", choices=get_args(Breadth), default=get_args(Breadth))
    run.add_argument("--out", type=Path, help="where the figures go as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
