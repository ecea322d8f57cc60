from __future__ import annotations

import numpy as np
import pytest

from app.learning.tables import Examples, Tables, learn
from app.pipeline.matching.profile import Feature, Field, Profile, same

PROFILE = Profile(
    "drawn",
    fields=(Field("a", "ids"), Field("b", "ids"), Field("c", "small")),
    features=(
        same("a", "a"),
        same("b", "b"),
        Feature("kind", "flags", ("c",), ("neither", "one", "both"), ordered=False),
    ),
)
NAMES = ["a", "b", "kind"]


def drawn(odds: Tables, n: int, noise: tuple[float, float] = (0, 0)) -> Examples:
    """Pairs whose truth follows from tables, labelled wrongly at a rate."""
    rng = np.random.default_rng(3)
    levels = rng.integers(0, 3, (3, n)).astype(np.uint8)
    true = rng.random(n) < 1 / (1 + np.exp(-points(odds, levels)))
    wrong = rng.random(n) < np.where(true, noise[1], noise[0])
    return Examples(levels, (true ^ wrong).astype(float), np.ones(n), noise=noise)


def points(tables: Tables, levels: np.ndarray) -> np.ndarray:
    total = np.full(levels.shape[1], tables.prior)
    for place, row in tables.single.items():
        total += row[levels[place]]
    for (a, b), table in tables.pair.items():
        total += table[levels[a], levels[b]]
    return total


TRUTH = Tables(
    -1.0,
    {0: np.array([0, -2.0, 2.5]), 1: np.array([0, -1.0, 1.5]), 2: np.array([0, 1.0, -1.0])},
    {},
)


def test_tables_that_made_the_labels_are_found_again() -> None:
    examples = drawn(TRUTH, 40_000)
    found = learn(PROFILE, examples, NAMES, pairs=0)
    assert np.abs(points(found, examples.levels) - points(TRUTH, examples.levels)).max() < 0.25


def test_wrong_labels_do_not_make_the_model_timid_when_their_share_is_known() -> None:
    examples = drawn(TRUTH, 60_000, noise=(0.02, 0.06))
    told = points(learn(PROFILE, examples, NAMES, pairs=0), examples.levels)
    naive = Examples(examples.levels, examples.labels, examples.weights)
    timid = points(learn(PROFILE, naive, NAMES, pairs=0), examples.levels)
    true = points(TRUTH, examples.levels)
    assert np.abs(told - true).mean() < np.abs(timid - true).mean()


def test_two_features_are_looked_at_together_where_that_tells_more() -> None:
    table = np.zeros((3, 3))
    table[2, 1] = 4.0
    truth = Tables(-1.0, {0: np.zeros(3), 1: np.zeros(3), 2: np.zeros(3)}, {(0, 2): table})
    found = learn(PROFILE, drawn(truth, 20_000), NAMES, pairs=1)
    assert list(found.pair) == [(0, 2)]
    assert found.single[0][2] + found.single[2][1] + found.pair[0, 2][2, 1] > 3


def test_more_alike_never_counts_less_though_the_labels_say_so() -> None:
    truth = Tables(0.0, {0: np.array([0, 2.0, -2.0]), 1: np.zeros(3), 2: np.zeros(3)}, {})
    found = learn(PROFILE, drawn(truth, 5_000), NAMES, pairs=0)
    assert found.single[0][2] >= found.single[0][1]


def test_answers_correct_what_is_known_and_do_not_replace_it() -> None:
    examples = drawn(TRUTH, 300)
    known = Examples(examples.levels, examples.labels, examples.weights, points(TRUTH, examples.levels))
    change = learn(PROFILE, known, NAMES, pairs=0, penalty=6.0)
    assert change.prior == pytest.approx(0, abs=0.5)
    assert max(np.abs(row).max() for row in change.single.values()) < 0.6
