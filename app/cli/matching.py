"""Commands about which records are one project."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.cli.hub import opened
from app.db import exports
from app.errors import BadRequest
from app.pipeline.review.evidence import evidence
from app.pipeline.truth import as_json, read_truth, scores
from app.terminal import table
from schemas.ids import jurisdiction_of


def evaluate(options: argparse.Namespace) -> None:
    """Score the clusters against known truth."""
    truth = read_truth(Path(options.truth))
    figures = to_be(options.json) if options.json else None
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        ours, codes = scores(connection, jurisdiction, truth)
    rows: list[tuple[object, ...]] = [
        (name, f"{one.precision:.4f}", f"{one.recall:.4f}", f"{one.f1:.4f}")
        for name, one in (
            ("pairs", ours.pairwise),
            ("b-cubed", ours.b_cubed),
            ("equal project code", codes.pairwise),
        )
    ]
    rows += [
        (f"{a} – {b}", f"{n.score.precision:.4f}", f"{n.score.recall:.4f}", f"{n.score.f1:.4f}")
        for (a, b), n in sorted(ours.by_source.items())
    ]
    print(table(("measure", "precision", "recall", "F1"), rows))
    print(f"{ours.records} records, {ours.projects} true projects, {ours.clusters} clusters")
    if figures:
        figures.write_text(json.dumps(as_json(ours, codes), ensure_ascii=False, indent=2), encoding="utf-8")


def explain(options: argparse.Namespace) -> None:
    """Print what `GET /pairs/{a}/{b}` tells: every term of two records' score, and why their projects are one or not."""
    jurisdiction = jurisdiction_of(options.a)
    if options.a == options.b or jurisdiction is None or jurisdiction_of(options.b) != jurisdiction:
        raise BadRequest("请给出同一辖区的两条记录 give two record ids of one jurisdiction")
    runtime, _ = opened(options)
    with runtime.database.read() as connection:
        told = evidence(connection, jurisdiction, options.a, options.b)
    rows: list[tuple[object, ...]] = [("prior", _odds(told.prior), "", "")]
    rows += [(term.name, _odds(term.points), term.a, term.b) for term in told.terms]
    rows.append(("total", _odds(told.points), "", ""))
    print(table(("term", "log-odds", told.a.record_id, told.b.record_id), rows))
    alone = f"the two records alone: P = {told.score / 1e6:.6f} ({told.band})"
    print(alone + (f"; cannot link: {told.rule}" if told.rule else ""))
    for side in (told.a, told.b):
        print(f"{side.record_id} is in {side.project_id or 'no project'}, of {side.records} records")
    if told.possible:
        review, safe = (cut / 1e6 for cut in told.cuts)
        print(
            f"between the projects: average {told.average / 1e6:.6f} over {told.possible} pairs, {told.compared} compared;"
            f" asked about from {review:g}, joined from {safe:g}"
        )
    for word in told.words:
        print(f"judgement {word.judgement_no}: {word.by} said {word.verdict} of {word.a} and {word.b}")
    for reason in told.reasons:
        print(f"{reason.code}: {reason.zh} {reason.en}")


def _odds(points: int) -> str:
    return f"{points / 1e6:+.3f}"


def export_clusters(options: argparse.Namespace) -> None:
    """Write source,key,project_id of every record that is in a project."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection, _out(options.out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("source", "key", "project_id"))
        writer.writerows(exports.clusters(connection, jurisdiction))


@contextmanager
def _out(path: str | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
    else:
        with to_be(path).open("w", encoding="utf-8", newline="") as file:
            yield file


def to_be(path: str) -> Path:
    """Give the place of a file that will be written; raise BadRequest, before anything is computed, where none can be."""
    out = Path(path)
    if out.is_dir():
        raise BadRequest(f"{out} 是文件夹，请给出文件名 is a folder: name a file in it")
    if not out.parent.is_dir():
        raise BadRequest(f"没有文件夹 {out.parent}，请先建立 there is no such folder: make it first")
    return out
