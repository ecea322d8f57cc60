from __future__ import annotations

import numpy as np

from app.learning.labels import answer_weights, by_codes, cut_down, draw_chances
from app.pipeline.matching.project import PROJECT


def levels(**said: list[int]) -> np.ndarray:
    n = len(next(iter(said.values())))
    found = np.zeros((len(PROJECT.features), n), np.uint8)
    for name, column in said.items():
        found[PROJECT.place(name)] = column
    return found


def test_codes_label_only_pairs_that_state_two_and_that_no_rule_decides() -> None:
    conflict = PROJECT.features[PROJECT.place("phase")].levels.index("conflict")
    chosen, labels = by_codes(PROJECT, levels(code=[0, 1, 2, 4, 4], phase=[0, 0, 0, 0, conflict]))
    assert chosen.tolist() == [1, 2, 3]
    assert labels.tolist() == [0, 1, 1]


def test_a_pair_that_is_cut_down_says_nothing_its_model_does_not_say() -> None:
    rich, poor = levels(name=[5] * 50, owner=[3] * 50), levels(name=[0] * 4, owner=[2] * 4)
    found = cut_down(rich, poor, seed=1)
    assert (found[PROJECT.place("name")] == 0).all()
    assert (found[PROJECT.place("owner")] == 3).all()


def test_questions_are_drawn_where_the_score_is_torn_and_their_weights_undo_that() -> None:
    odds = np.concatenate((np.zeros(100), np.full(9_900, 12.0)))
    chances = draw_chances(odds, 300)
    assert abs(chances.sum() - 300) < 1
    assert chances[0] > 20 * chances[-1] > 0
    weights = answer_weights(chances[:200])
    assert weights[0] < weights[-1] <= 10
