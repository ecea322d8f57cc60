"""Whether a corrected model is better than the one in force, told by answers that neither was learned from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.learning.hub import Answers
from app.learning.isotonic import Floats
from app.learning.labels import answer_weights
from app.learning.train import LEAST_ANSWERS, corrected
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import WHOLE, Model
from app.pipeline.matching.profile import Profile
from app.pipeline.matching.published import beside_shipped

FOLDS = 5
_LEAST = 1e-4
"""No answer counts for more than a probability this far from it."""


class HeldOut(NamedTuple):
    """Log-loss and F1 (of what is likelier one project than not) on `answers` unseen ones: of the model in force, and corrected."""

    answers: int
    loss: tuple[float, float]
    f1: tuple[float, float]

    @property
    def better(self) -> bool:
        """Say whether the corrected model is surer of what it did not see."""
        return self.loss[1] < self.loss[0]


def held_out(profile: Profile, answers: Answers, now: Model, base: Model) -> HeldOut:
    """Correct `base` by four fifths of the answers, five times, and ask it and the model in force about the last fifth.

    Only answers given after those that the model in force was learned from count. Raises ValueError where they are too few.
    """
    order = np.random.default_rng(len(answers.labels)).permutation(len(answers.labels))
    fold = np.empty(len(order), np.intp)
    fold[order] = np.arange(len(order)) % FOLDS
    unseen = answers.numbers > now.answers_upto
    if unseen.sum() < LEAST_ANSWERS:
        raise ValueError(
            f"现用模型之后只有 {unseen.sum()} 条新答复 only {unseen.sum()} answers were given since the model in force was"
            f" learned, and it takes {LEAST_ANSWERS} to tell which is better"
        )
    chances = np.zeros((2, len(order)))
    chances[0] = _chances(now, answers.levels)
    for number in range(FOLDS):
        rest, mine = fold != number, fold == number
        model = corrected(
            profile, answers.levels[:, rest], answers.labels[rest], answers.chances[rest], base, "a fold"
        )
        chances[1, mine] = _chances(model, answers.levels[:, mine])
    weights, labels = answer_weights(answers.chances)[unseen], answers.labels[unseen]
    old, new = chances[:, unseen]
    return HeldOut(
        int(unseen.sum()),
        (_loss(old, labels, weights), _loss(new, labels, weights)),
        (_f1(old, labels, weights), _f1(new, labels, weights)),
    )


def _chances(model: Model, levels: Levels) -> Floats:
    found: NDArray[np.int32] = beside_shipped(model).probabilities(levels)
    return found / WHOLE


def _loss(chances: Floats, labels: Floats, weights: Floats) -> float:
    said = np.clip(np.where(labels > 0, chances, 1 - chances), _LEAST, 1)
    return float(-(weights @ np.log(said)) / weights.sum())


def _f1(chances: Floats, labels: Floats, weights: Floats) -> float:
    taken = chances >= 0.5
    right = float(weights @ (taken * labels))
    wrong = float(weights @ (taken != (labels > 0)))
    return 2 * right / (2 * right + wrong) if right + wrong else 1.0
