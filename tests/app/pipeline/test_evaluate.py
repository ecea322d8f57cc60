from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.evaluate import code_only, evaluate

TRUTH = {"a": "P", "b": "P", "c": "P", "d": "Q", "e": "Q", "f": "R"}


def test_perfect_clusters_score_one():
    scores = evaluate(TRUTH, {r: f"x{p}" for r, p in TRUTH.items()})
    assert scores.pairwise == scores.b_cubed == (scores.pairwise.__class__)(1.0, 1.0, 1.0)
    assert (scores.records, scores.projects, scores.clusters) == (6, 3, 3)


def test_true_pairs_that_were_not_predicted_are_misses():
    scores = evaluate(TRUTH, {"a": 1, "b": 1, "c": 2, "d": 2, "e": 3, "f": 3})
    assert (scores.pairs.right, scores.pairs.predicted, scores.pairs.true) == (1, 3, 4)
    assert scores.pairwise.precision == pytest.approx(1 / 3)
    assert scores.pairwise.recall == pytest.approx(1 / 4)
    assert scores.pairwise.f1 == pytest.approx(2 / 7)


def test_no_predicted_pair_is_no_precision():
    scores = evaluate(TRUTH, {})
    assert (scores.pairwise.precision, scores.pairwise.recall, scores.pairwise.f1) == (0, 0, 0)
    assert scores.b_cubed.precision == 1.0
    assert scores.clusters == 6


def test_records_outside_the_truth_do_not_count():
    assert evaluate(TRUTH, {"a": 1, "z": 1, "y": 1}).pairs.predicted == 0


def test_equal_codes_are_a_rule_of_their_own_and_no_code_stands_alone():
    scores = code_only(TRUTH, {"a": "1", "b": "1", "d": "1", "c": None, "e": None, "f": ""})
    assert (scores.pairs.right, scores.pairs.predicted, scores.pairs.true) == (1, 3, 4)


def test_pairs_are_also_counted_per_two_sources():
    source = {"a": "land", "b": "land", "c": "commerce", "d": "land", "e": "commerce", "f": "land"}
    scores = evaluate(TRUTH, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 2, "f": 3}, source.__getitem__)
    assert {k: (c.right, c.predicted, c.true) for k, c in scores.by_source.items()} == {
        ("commerce", "land"): (2, 3, 3),
        ("land", "land"): (1, 3, 1),
    }


GROUPS = st.dictionaries(st.integers(0, 14), st.integers(0, 4), max_size=15)


@given(GROUPS, GROUPS)
def test_counting_by_combinatorics_equals_counting_pairs(truth, clusters):
    scores = evaluate(truth, clusters, lambda record: "even" if record % 2 == 0 else "odd")
    true = {p for p in combinations(sorted(truth), 2) if truth[p[0]] == truth[p[1]]}
    found = {
        p
        for p in combinations(sorted(truth), 2)
        if p[0] in clusters and p[1] in clusters and clusters[p[0]] == clusters[p[1]]
    }
    assert (scores.pairs.right, scores.pairs.predicted, scores.pairs.true) == (
        len(true & found),
        len(found),
        len(true),
    )
    assert sum(c.right for c in scores.by_source.values()) == len(true & found)
    assert sum(c.predicted for c in scores.by_source.values()) == len(found)
    assert sum(c.true for c in scores.by_source.values()) == len(true)
    if truth:
        lone = {r: clusters.get(r, f"alone{r}") for r in truth}
        b_precision = sum(
            sum(truth[o] == truth[r] for o in truth if lone[o] == lone[r])
            / sum(lone[o] == lone[r] for o in truth)
            for r in truth
        ) / len(truth)
        assert scores.b_cubed.precision == pytest.approx(b_precision)
