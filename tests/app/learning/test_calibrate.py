from __future__ import annotations

import numpy as np

from app.learning.calibrate import capped, knots
from tests.app.pipeline.matching.test_model import SMALL


def labelled(noise: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    odds = rng.normal(0, 5, 40_000)
    true = rng.random(len(odds)) < 1 / (1 + np.exp(-odds / 2))
    return odds, (true ^ (rng.random(len(odds)) < noise)).astype(float)


def at(found: tuple[tuple[int, int], ...], odds: float) -> float:
    points, chances = zip(*found, strict=True)
    return float(np.interp(odds * 1e6, points, chances)) / 1e6


def test_points_mean_what_came_true() -> None:
    odds, labels = labelled(0)
    found = knots(odds, labels, np.ones(len(odds)))
    assert sorted(found) == list(found)
    assert abs(at(found, 0) - 0.5) < 0.05
    # the odds were twice too sure of themselves
    assert abs(at(found, 4) - 1 / (1 + np.exp(-2))) < 0.05


def test_wrong_labels_at_both_ends_are_not_taken_for_doubt() -> None:
    odds, labels = labelled(0.04)
    plain = knots(odds, labels, np.ones(len(odds)))
    cleaned = knots(odds, labels, np.ones(len(odds)), noisy=True)
    assert at(plain, 9) < 0.98 < at(cleaned, 9)


def test_the_surest_pairs_stay_told_apart() -> None:
    odds, labels = labelled(0)
    found = knots(odds, labels, np.ones(len(odds)))
    assert at(found, 11) < at(found, 12) < at(found, 13)


def test_caps_lie_just_below_the_safe_cut() -> None:
    model = capped(SMALL)
    [cap] = model.caps
    assert model.review < model.odds[cap.points // 10_000 + 1600] < model.safe
    assert model.odds[cap.points // 10_000 + 1601 + 10] >= model.safe - (model.safe - model.review) // 10
