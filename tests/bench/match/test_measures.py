from __future__ import annotations

import numpy as np
import pytest

from bench.match.city import Records
from bench.match.measures import clusters_score, curve, siblings


def city(truth: list[int], family: list[int] | None = None) -> Records:
    n = len(truth)
    numbers = np.array(truth, np.int32)
    return Records(
        ids=[f"430200-{i}" for i in range(n)],
        packed=[b""] * n,
        sources=["land.supply"],
        source=np.zeros(n, np.int32),
        truth=numbers,
        family=np.array(family or truth, np.int32),
        trait=[(None, "")] * n,
    )


def test_a_true_pair_that_was_never_compared_is_a_miss() -> None:
    records = city([0, 0, 0, 1])
    drawn = curve(records, np.array([[0, 1], [0, 3]], np.int32), np.array([900, 100]))
    assert drawn.true == 3
    assert drawn.at(500).recall == pytest.approx(1 / 3)
    assert drawn.at(500).precision == 1
    assert drawn.at(0).precision == 0.5


def test_pairs_of_one_score_are_taken_together() -> None:
    records = city([0, 0, 1, 1])
    pairs = np.array([[0, 1], [0, 2], [2, 3]], np.int32)
    drawn = curve(records, pairs, np.array([700, 700, 700]))
    assert drawn.best() == 700
    assert drawn.at(700).precision == pytest.approx(2 / 3)
    assert drawn.safe(0.995) is None


def test_the_safe_score_is_the_lowest_that_is_right_often_enough() -> None:
    records = city([0, 0, 0, 1])
    pairs = np.array([[0, 1], [0, 2], [0, 3]], np.int32)
    assert curve(records, pairs, np.array([900, 800, 700])).safe(0.995) == 800


def test_siblings_are_pairs_of_one_family_that_are_two_projects() -> None:
    records = city([0, 0, 1, 2], [7, 7, 7, 8])
    pairs = np.array([[0, 1], [0, 2], [0, 3]], np.int32)
    assert siblings(records, pairs).tolist() == [False, True, False]


def test_clusters_are_scored_by_pairs_and_by_records() -> None:
    by_pairs, by_records = clusters_score(city([0, 0, 1, 1]), np.array([0, 0, 0, 3], np.int32))
    assert by_pairs.precision == pytest.approx(1 / 3)
    assert by_pairs.recall == 0.5
    assert by_records.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert by_records.recall == 0.75
