from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.learning.linking import SHIPPED, Cuts, link
from app.pipeline.matching.score import MODEL
from bench.match import batch as batches
from bench.match.batch import begin, cluster_all, compare_all, components, layout, prepare, records_of
from bench.match.city import Wanted, simulated
from bench.match.scoring import made_ready
from bench.match.stored import stored

WANTED = Wanted(5, 500, "full")


@pytest.mark.parametrize("cuts", [SHIPPED, Cuts(300_000, 900_000)])
def test_a_city_matched_in_parts_by_processes_is_the_city_matched_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuts: Cuts
) -> None:
    monkeypatch.setattr(batches, "_BLOCK", 64)
    monkeypatch.setattr(batches, "_CHUNK", 50)
    city = made_ready(WANTED)
    batch = begin(stored(WANTED, tmp_path), tmp_path / "scratch")
    assert prepare(batch) == len(city.records)
    held = layout(batch)
    assert compare_all(batch, held, MODEL) == len(city.pairs)
    pairs, scores = batch.array("pairs", np.int32).reshape(-1, 2), batch.array("scores", np.int32)
    assert pairs.tolist() == city.pairs.tolist()
    assert scores.tolist() == city.scores(MODEL).tolist()
    at_once = link(city.records.ids, city.records.normal, city.pairs, city.scores(MODEL), cuts).linked()
    linked = cluster_all(batch, cuts)
    assert linked.safe.tolist() == at_once.safe.tolist()
    assert linked.together.tolist() == at_once.together.tolist()
    assert (linked.reviews, linked.largest_component) == (at_once.reviews, at_once.largest_component)


def test_the_records_of_a_batch_are_those_of_the_city(tmp_path: Path) -> None:
    batch = begin(stored(WANTED, tmp_path), tmp_path / "scratch")
    prepare(batch)
    held, found = simulated(WANTED), records_of(batch, [])
    assert found.ids == held.ids
    assert list(found.packed) == held.packed
    assert found.truth.tolist() == held.truth.tolist()
    assert found.family.tolist() == held.family.tolist()
    assert [found.sources[n] for n in found.source] == [held.sources[n] for n in held.source]


def test_components_are_named_by_their_smallest_place() -> None:
    chain = np.array([[i, i + 1] for i in range(2, 40)], np.int32)
    home = components(45, np.concatenate((chain, [[0, 44]])).astype(np.int32)[::-1])
    assert home.tolist() == [0, 1, *[2] * 39, 41, 42, 43, 0]
