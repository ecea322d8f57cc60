"""A large city matched as a whole: what every step costs and how good the clusters are, by weights with and without labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.learning.linking import Linked, Points
from app.learning.train import MOST_PAIRS, from_codes
from app.pipeline.matching.levels import Levels, compare
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import MODEL
from app.pipeline.matching.vector import dtype
from bench.match import methods, report
from bench.match.batch import Batch, begin, cluster_all, compare_all, layout, prepare, records_of
from bench.match.blocking import Pairs
from bench.match.city import Records, Wanted
from bench.match.measures import same, siblings, true_pairs
from bench.match.methods import Method
from bench.match.scoring import City
from bench.match.stored import stored
from bench.match.watch import Costs

_LEAST = 100_000
"""Scores (10⁻⁶) below which a pair is not looked at for the report: no threshold is there."""
_PORTION, _LOOK = 10_000, 1 << 20


def told(
    wanted: Wanted, cache: Path, tuning: City, *, unlabelled: bool
) -> Iterator[tuple[str, report.Measured, str]]:
    """Give name, figures and analysis by the shipped weights, and perhaps by some learned from the city's own codes.

    The city is made, or found, under the cache.
    """
    folder = stored(wanted, cache)
    batch = begin(folder, cache / "scratch")
    costs = Costs()
    with costs.step("names, keys, packing"):
        prepare(batch)
    with costs.step("who shares keys"):
        held = layout(batch)
    traits = [(phase, zone) for phase, zone in json.loads((folder / "traits.json").read_text("utf-8"))]
    records = records_of(batch, traits)
    for name in ("shipped", "no labels") if unlabelled else ("shipped",):
        # others are learned from a share of the pairs that the first found
        method = methods.shipped(tuning) if name == "shipped" else _unlabelled(batch, tuning)
        with costs.step("pairs and scores"):
            compare_all(batch, held, method.model)
        with costs.step("clusters"):
            linked = cluster_all(batch, method.cuts)
        pairs, scores = _worth_a_look(batch, records)
        ruled = _ruled(records, pairs)
        figures = report.measured(records, pairs, np.where(ruled, 0, scores), linked, method.threshold)
        taken = figures["hard_pairs_taken"] * figures["hard_negatives"]
        figures |= _of_all_pairs(batch, records, linked)
        figures["hard_pairs_taken"] = taken / max(1, figures["hard_negatives"])
        figures["steps"] = {step: dict(cost) for step, cost in costs.items()}
        figures["seconds"] = sum(one["wall"] for one in costs.values())
        figures["gigabytes"] = max(one["peak_mb"] for one in costs.values()) / 1024
        yield name, figures, report.analysed(records, pairs, scores, linked)


def _unlabelled(batch: Batch, tuning: City) -> Method:
    return methods.suited(from_codes(PROJECT, _levels(batch), MODEL, "the city itself"), tuning)


def _levels(batch: Batch) -> Levels:
    """Give the levels of as many pairs, from everywhere, as weights are learned from."""
    pairs = batch.array("pairs", np.int32).reshape(-1, 2)
    chosen = np.array(pairs[:: max(1, len(pairs) // (10 * MOST_PAIRS))], np.intp)
    vectors = batch.array("vectors", dtype(PROJECT))
    parts = [chosen[at : at + _PORTION] for at in range(0, len(chosen), _PORTION)]
    return np.concatenate([compare(PROJECT, vectors, *part.T) for part in parts], axis=1)


def _worth_a_look(batch: Batch, records: Records) -> tuple[Pairs, Points]:
    """Give the pairs that a threshold may take, and every true one."""
    pairs, scores = batch.array("pairs", np.int32).reshape(-1, 2), batch.array("scores", np.int32)
    places, points = [], []
    for at in range(0, len(pairs), _LOOK):
        some, part = scores[at : at + _LOOK], np.array(pairs[at : at + _LOOK])
        kept = (some >= _LEAST) | same(records, part)
        places.append(part[kept])
        points.append(some[kept].astype(np.int64))
    return np.concatenate(places), np.concatenate(points)


def _ruled(records: Records, pairs: Pairs) -> NDArray[np.bool_]:
    found = np.zeros(len(pairs), bool)
    for at, (i, j) in enumerate(pairs.tolist()):
        found[at] = forbidden(records.normal(i), records.normal(j)) is not None
    return found


def _of_all_pairs(batch: Batch, records: Records, linked: Linked) -> report.Measured:
    """Give what only all the pairs tell: how many, how many true ones are among them, and what becomes of hard negatives."""
    pairs = batch.array("pairs", np.int32).reshape(-1, 2)
    right = many = merged = safe = 0
    for at in range(0, len(pairs), _LOOK):
        part = np.array(pairs[at : at + _LOOK])
        right += int(same(records, part).sum())
        left, other = part[siblings(records, part)].T
        many += len(left)
        merged += int((linked.together[left] == linked.together[other]).sum())
        safe += int((linked.safe[left] == linked.safe[other]).sum())
    return {
        "pairs_per_record": len(pairs) / len(records),
        "completeness": right / true_pairs(records.truth),
        "hard_negatives": many,
        "hard_merged": merged / max(1, many),
        "hard_merged_safe": safe / max(1, many),
    }


def steps(figures: report.Measured) -> str:
    """Lay out what the steps of a run cost."""
    lines = ["| step | CPU s | wall s | peak MB |", "|---|---|---|---|"]
    costs = figures["steps"]
    lines += [
        f"| {name} | {one['cpu']:.1f} | {one['wall']:.1f} | {one['peak_mb']:.0f} |"
        for name, one in costs.items()
    ]
    whole = [sum(one[unit] for one in costs.values()) for unit in ("cpu", "wall")]
    most = max(one["peak_mb"] for one in costs.values())
    return "\n".join([*lines, f"| all | {whole[0]:.1f} | {whole[1]:.1f} | {most:.0f} |"])
