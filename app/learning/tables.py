"""Log-odds per level and per two levels, learned by logistic regression with a small penalty: the whole model is tables.

Newton steps term by term over the levels themselves, so that there is nothing to translate: what is learned is what is
read. A feature of which more can only speak for a match never speaks against it; what is missing says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.learning.isotonic import Floats, rising
from app.learning.known import LEAST, MOST, PRIOR
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.profile import Profile

_ROUNDS, _FIRST = 30, 8
_PENALTY, _PAIR_PENALTY = 2.0, 8.0
_FARTHEST = 6.0
"""Log-odds that one table may give or take: a city where towns are never mistaken must not teach that they never are."""
_NO_LEAST, _NO_MOST = (-np.inf,), (np.inf,)
_LEAST_GAIN = 12.0
"""Gain in log-likelihood (about) below which two features are not looked at together."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Pairs with their levels, labels (1 one project, 0 not) and weights; `offset` is what is known of them already.

    `noise` is the share of pairs of two projects that are labelled 1, and of pairs of one that are labelled 0.
    """

    levels: Levels
    labels: Floats
    weights: Floats
    offset: Floats | None = None
    noise: tuple[float, float] = (0.0, 0.0)

    def part(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """Give some of them."""
        offset = None if self.offset is None else self.offset[chosen]
        return Examples(self.levels[:, chosen], self.labels[chosen], self.weights[chosen], offset, self.noise)


@dataclass(slots=True)
class Tables:
    """What was learned, in natural log-odds: by place of the feature, and by the places of two features."""

    prior: float
    single: dict[int, Floats]
    pair: dict[tuple[int, int], Floats]


class _Term:
    """One table on its way, and where in it every example falls."""

    def __init__(self, cells: NDArray[np.int32], shape: tuple[int, ...], penalty: float) -> None:
        self.cells, self.shape, self.penalty = cells, shape, penalty
        self.table: Floats = np.zeros(shape)
        self.mass: Floats = np.zeros(shape)

    def step(self, gradient: Floats, curvature: Floats) -> Floats:
        """Give the change of the table by one Newton step."""
        many = int(np.prod(self.shape))
        pull = np.bincount(self.cells, gradient, many).reshape(self.shape)
        held = np.bincount(self.cells, curvature, many).astype(np.float64)
        self.mass = held.reshape(self.shape) + self.penalty
        return np.asarray((pull - self.penalty * self.table) / self.mass)


def learn(
    profile: Profile,
    examples: Examples,
    features: Sequence[str],
    pairs: int,
    penalty: float = _PENALTY,
) -> Tables:
    """Learn tables of `features` and of at most `pairs` pairs of them, those that tell most beyond the single ones.

    `penalty` is how many torn examples a level must have on its side to move halfway. Without offset the tables
    keep to what is known before (`app.learning.known`).
    """
    places = [profile.place(name) for name in features]
    fit = _Fit(profile, examples, places, penalty)
    fit.rounds(_FIRST)
    for first, second in fit.telling(pairs):
        fit.look_together(first, second)
    fit.rounds(_ROUNDS)
    return Tables(
        prior=fit.prior,
        single={place: term.table for place, term in fit.single.items()},
        pair={both: term.table for both, term in fit.pair.items()},
    )


class _Fit:
    """Examples, the tables so far, and the log-odds that follow."""

    def __init__(self, profile: Profile, examples: Examples, places: Sequence[int], penalty: float) -> None:
        self.profile, self.examples = profile, examples
        self.bounds = {
            place: (LEAST.get(name, _NO_LEAST), MOST.get(name, _NO_MOST))
            for place in places
            if (name := profile.features[place].name) in LEAST.keys() | MOST.keys()
        }
        self.levels = [len(one.levels) for one in profile.features]
        held = examples.labels @ examples.weights / examples.weights.sum()
        self.prior = 0.0 if examples.offset is not None else float(np.log(held / (1 - held)))
        self.odds = np.full(len(examples.labels), self.prior)
        if examples.offset is not None:
            self.odds += examples.offset
        self.single = {
            place: _Term(examples.levels[place].astype(np.int32), (self.levels[place],), penalty)
            for place in places
        }
        self.pair: dict[tuple[int, int], _Term] = {}

    def rounds(self, many: int) -> None:
        """Go round all terms, prior first; a round that moves nothing is the last."""
        for _ in range(many):
            moved = self._center()
            for place, term in self.single.items():
                moved = max(moved, self._move(term, (place,)))
            for both, term in self.pair.items():
                moved = max(moved, self._move(term, both))
            if moved < 1e-3:
                return

    def telling(self, most: int) -> list[tuple[int, int]]:
        """Give the pairs of features that would gain most beside the single tables, best first."""
        gradient, curvature = self._slopes()
        gains: list[tuple[float, int, int]] = []
        for a, b in combinations(self.single, 2):
            shape = (self.levels[a], self.levels[b])
            cells = self.single[a].cells * shape[1] + self.single[b].cells
            many = shape[0] * shape[1]
            pull, mass = np.bincount(cells, gradient, many), np.bincount(cells, curvature, many)
            gains.append((float((pull**2 / (mass + _PAIR_PENALTY)).sum() / 2), a, b))
        return [(a, b) for gain, a, b in sorted(gains, reverse=True)[:most] if gain > _LEAST_GAIN]

    def look_together(self, a: int, b: int) -> None:
        """Give two features a table of their own."""
        shape = (self.levels[a], self.levels[b])
        self.pair[a, b] = _Term(self.single[a].cells * shape[1] + self.single[b].cells, shape, _PAIR_PENALTY)

    def _slopes(self) -> tuple[Floats, Floats]:
        """Give what each example pulls its log-odds by, and how firmly; a label against all evidence pulls less when some are wrong."""
        low, high = self.examples.noise
        true = 1 / (1 + np.exp(-self.odds))
        slope = true * (1 - true)
        if low or high:
            kept = 1 - low - high
            said = low + kept * true
            spread = said * (1 - said)
            pull = (self.examples.labels - said) * kept * slope / spread
            return self.examples.weights * pull, self.examples.weights * (kept * slope) ** 2 / spread
        return self.examples.weights * (self.examples.labels - true), self.examples.weights * slope

    def _center(self) -> float:
        gradient, curvature = self._slopes()
        step = float(gradient.sum() / (curvature.sum() + 1e-9))
        step = min(1.0, max(-1.0, step))
        if self.examples.offset is None:
            step = min(self.prior + step, PRIOR.get(self.profile.name, np.inf)) - self.prior
        self.prior += step
        self.odds += step
        return abs(step)

    def _move(self, term: _Term, places: tuple[int, ...]) -> float:
        before = term.table
        # a step too far is worse than two small ones: log-odds of rare levels run away otherwise
        step = np.clip(term.step(*self._slopes()), -1.5, 1.5)
        term.table = np.clip(before + step, -_FARTHEST, _FARTHEST)
        for axis, place in enumerate(places):
            if self.profile.features[place].ordered:
                self._straighten(term, axis, place)
        if term.table.ndim == 1:
            term.table[0] = 0.0
            if self.examples.offset is None:
                self._hold(term, places[0])
        else:
            term.table[0, :] = term.table[:, 0] = 0.0
        change = term.table - before
        self.odds += change.ravel()[term.cells]
        return float(np.abs(change).max())

    def _hold(self, term: _Term, place: int) -> None:
        """Let the most different level of an ordered feature never speak for, the most alike never against, and keep the bounds."""
        if self.profile.features[place].ordered:
            term.table[1] = min(term.table[1], 0.0)
            term.table[-1] = max(term.table[-1], 0.0)
        if place in self.bounds:
            term.table = np.clip(term.table, *self.bounds[place])

    def _straighten(self, term: _Term, axis: int, place: int) -> None:
        """Let more alike never count less: of a pair of features, together with the single table of the ordered one."""
        if term.table.ndim == 1:
            # level 0 says nothing and has no place in the order
            term.table[1:] = rising(term.table[1:], term.mass[1:])
            return
        rows = term.table if axis == 0 else term.table.T
        masses = term.mass if axis == 0 else term.mass.T
        single = self.single[place].table
        for column in range(rows.shape[1]):
            total = single[1:] + rows[1:, column]
            rows[1:, column] = rising(total, masses[1:, column]) - single[1:]
