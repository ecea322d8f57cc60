"""Bulk scoring: the tables of a model looked up by the levels of many pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import REACH, STEP, Cap, Model
from app.pipeline.matching.profile import Profile

_Table = NDArray[np.int64]


class _Single(NamedTuple):
    """A table and the row of levels it is looked up by."""

    name: str
    row: int
    table: _Table


class _Pair(NamedTuple):
    """A table and the two rows of levels it is looked up by."""

    name: str
    first: int
    second: int
    table: _Table


class _Limit(NamedTuple):
    """A cap and the rows it asks: (row, level) that they may reach at most, must at least, and that lift it together."""

    cap: Cap
    most: list[tuple[int, int]]
    least: list[tuple[int, int]]
    exact: list[tuple[int, int]]

    def fits(self, levels: Levels, total: _Table) -> NDArray[np.bool_]:
        """Tell which pairs it holds down."""
        fits = total > self.cap.points
        for row, level in self.most:
            fits &= levels[row] <= level
        for row, level in self.least:
            fits &= levels[row] >= level
        if self.exact and (some := np.flatnonzero(fits)).size:
            reached = sum((levels[row, some] >= level).astype(np.int64) for row, level in self.exact)
            fits[some] = reached < self.cap.enough
        return fits


class Scorer:
    """A model laid out for a profile's levels; raises ValueError where the two do not fit."""

    def __init__(self, model: Model, profile: Profile, odds: NDArray[np.int32] | None = None) -> None:
        """Put every table where its feature's levels are; `odds` where other probabilities than the model's are told."""
        self.model, self.profile = model, profile
        self.odds = model.odds if odds is None else odds
        self._rows = {one.name: row for row, one in enumerate(profile.features)}
        self._singles = [
            _Single(name, self._row(name), self._fitting(name, table, name))
            for name, table in model.table.items()
        ]
        self._pairs = []
        for name, rows in model.pair.items():
            first, _, second = name.partition("*")
            table = self._fitting(name, rows, first, second)
            self._pairs.append(_Pair(name, self._row(first), self._row(second), table))
        self._limits = [
            _Limit(cap, *map(self._asked, (cap.most, cap.least, cap.exact))) for cap in model.caps
        ]

    def points(self, levels: Levels) -> NDArray[np.int64]:
        """Give the log-odds (10⁻⁶) of pairs."""
        total = np.full(levels.shape[1], self.model.prior, np.int64)
        for single in self._singles:
            total += single.table[levels[single.row]]
        for pair in self._pairs:
            many = pair.table.shape[1]
            total += pair.table.ravel()[levels[pair.first].astype(np.intp) * many + levels[pair.second]]
        for limit in self._limits:
            total[limit.fits(levels, total)] = limit.cap.points
        return total

    def probabilities(self, levels: Levels) -> NDArray[np.int32]:
        """Give the calibrated probabilities (10⁻⁶) of pairs."""
        steps = self.points(levels) // STEP + REACH
        return self.odds[np.clip(steps, 0, 2 * REACH)]

    def terms(self, levels: Levels) -> list[tuple[str, str, int]]:
        """Tell the sum of one pair (one column): feature, level and points of every part that is not 0."""
        column = levels[:, 0].tolist()
        named = [one.levels[level] for one, level in zip(self.profile.features, column, strict=True)]
        told = [(one.name, named[one.row], int(one.table[column[one.row]])) for one in self._singles]
        for pair in self._pairs:
            first, second = pair.first, pair.second
            points = int(pair.table[column[first], column[second]])
            told.append((pair.name, f"{named[first]}*{named[second]}", points))
        total = self.model.prior + sum(points for _, _, points in told)
        for limit in self._limits:
            if limit.fits(levels[:, :1], np.array([total]))[0]:
                told.append(("cap", limit.cap.name, limit.cap.points - total))
                total = limit.cap.points
        return [term for term in told if term[2]]

    def _row(self, feature: str) -> int:
        if feature not in self._rows:
            raise ValueError(f"the model speaks of {feature}, which {self.profile.name} does not compare")
        return self._rows[feature]

    def _asked(self, levels: Mapping[str, int]) -> list[tuple[int, int]]:
        return [(self._row(feature), level) for feature, level in levels.items()]

    def _fitting(self, name: str, table: Iterable[object], *features: str) -> _Table:
        """Give a table as an array; each axis must have one place per level of its feature."""
        wanted = tuple(len(self.profile.features[self._row(feature)].levels) for feature in features)
        given = [list(row) if isinstance(row, tuple) else row for row in table]
        found = np.array(given, np.int64)
        if found.shape != wanted:
            raise ValueError(f"{name} is a table of {found.shape}, its features have {wanted} levels")
        return found
