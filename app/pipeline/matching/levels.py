"""How alike two packed records are: one small whole number per feature, for many pairs at once.

Symmetric, without strings and without floats that a machine could round its own way. A pair alone is a batch of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.profile import Feature, Profile
from app.pipeline.matching.vector import Vectors

Levels = NDArray[np.uint8]
"""Levels of pairs: a row per feature, a column per pair."""
Places = NDArray[np.intp]
_Ints = NDArray[Any]
_THOUSAND = 1000
_DEGREE = 111_195.0
"""Metres in a degree of a great circle."""


class Common(NamedTuple):
    """Bigrams two texts have in common, and how many each has."""

    both: _Ints
    a: _Ints
    b: _Ints


class _Sides:
    """The two sides of some pairs; what several features need is worked out once."""

    def __init__(self, vectors: Vectors, left: Places, right: Places) -> None:
        self.vectors, self.left, self.right = vectors, left, right
        self._common: dict[str, Common] = {}
        self._families: dict[str, Levels] = {}

    def two(self, field: str) -> tuple[_Ints, _Ints]:
        """Give the values of a field on both sides."""
        column = self.vectors[field]
        return column[self.left], column[self.right]

    def common(self, field: str) -> Common:
        """Compare the signatures of a field's first texts."""
        if field not in self._common:
            column = self.vectors[field]
            counts = column["n"][:, 0]
            self._common[field] = Common(
                _shared(column["bits"][:, 0], self.left, self.right),
                counts[self.left].astype(np.int32),
                counts[self.right].astype(np.int32),
            )
        return self._common[field]

    def families(self, field: str, many: int) -> Levels:
        """Compare strong numbers: a row per family, as the levels of `family` have it."""
        if field not in self._families:
            self._families[field] = _families(self.vectors[field], self.left, self.right, many)
        return self._families[field]


def compare(profile: Profile, vectors: Vectors, left: Places, right: Places) -> Levels:
    """Give the levels of the pairs (left[i], right[i]) of rows of `vectors`; memory grows with the pairs given."""
    sides = _Sides(vectors, left, right)
    found = np.zeros((len(profile.features), len(left)), np.uint8)
    for row, feature in enumerate(profile.features):
        found[row] = _KINDS[feature.kind](sides, feature)
    return found


def _shared(bits: _Ints, left: Places, right: Places) -> _Ints:
    """Count the bits that two signatures have in common."""
    common = bits[left]
    common &= bits[right]
    counts: _Ints = np.bitwise_count(common)
    return np.asarray(counts.sum(axis=1, dtype=np.int32))


def _any_equal(a: _Ints, b: _Ints) -> NDArray[np.bool_]:
    """Tell whether any value of one side is any of the other's; 0 is none."""
    found = np.zeros(len(a), bool)
    for i in range(a.shape[1]):
        mine = a[:, i]
        equal = mine == b[:, 0]
        for j in range(1, b.shape[1]):
            equal |= mine == b[:, j]
        found |= equal & (mine != 0)
    return found


def _same(sides: _Sides, feature: Feature) -> _Ints:
    a, b = sides.two(feature.fields[0])
    if a.ndim == 1:
        return np.where((a != 0) & (b != 0), 1 + (a == b), 0)
    return np.where((a[:, 0] != 0) & (b[:, 0] != 0), 1 + _any_equal(a, b), 0)


def _steps(value: _Ints, edges: tuple[float, ...]) -> _Ints:
    """Give 1 below the first edge, and one more for each edge that is reached."""
    return 1 + np.searchsorted(np.array(edges, value.dtype), value, side="right")


def _jaccard(sides: _Sides, feature: Feature) -> _Ints:
    grams, ids = feature.fields
    both, a, b = sides.common(grams)
    told = np.minimum(a, b) > 0
    level = np.where(told, _steps(_THOUSAND * both // np.maximum(a + b - both, 1), feature.edges), 0)
    x, y = sides.two(ids)
    return np.where(told & (x[:, 0] == y[:, 0]), len(feature.levels) - 1, level)


def _overlap(sides: _Sides, feature: Feature) -> _Ints:
    both, a, b = sides.common(feature.fields[0])
    least = np.minimum(a, b)
    return np.where(least > 0, _steps(_THOUSAND * both // np.maximum(least, 1), feature.edges), 0)


def _size(sides: _Sides, feature: Feature) -> _Ints:
    _, a, b = sides.common(feature.fields[0])
    least = np.minimum(a, b)
    return np.where(least > 0, _steps(least, feature.edges), 0)


def _body(sides: _Sides, feature: Feature) -> _Ints:
    """Compare bodies by whole names, by brands (the first signs), and by the bigrams of the likest two names."""
    whole, brand, grams = feature.fields
    column = sides.vectors[grams]
    best = np.zeros(len(sides.left), np.int32)
    slots = column["n"].shape[1]
    for i in range(slots):
        for j in range(slots):
            a, b = column["n"][sides.left, i], column["n"][sides.right, j]
            some = np.flatnonzero((a > 0) & (b > 0))
            if not len(some):
                continue
            common = column["bits"][sides.left[some], i] & column["bits"][sides.right[some], j]
            both = np.bitwise_count(common).sum(axis=1, dtype=np.int32)
            best[some] = np.maximum(best[some], _THOUSAND * both // np.minimum(a[some], b[some]))
    told = (column["n"][sides.left, 0] > 0) & (column["n"][sides.right, 0] > 0)
    level = np.where(_any_equal(*sides.two(brand)), 2, 1)
    level[best >= 500] = 3
    level[best >= 990] = 4
    level[_any_equal(*sides.two(whole))] = 5
    return np.where(told, level, 0)


def _code(sides: _Sides, feature: Feature) -> _Ints:
    """Compare project codes; old ones end in a serial number, so that neighbours differ in one digit by nature."""
    ids, digits = feature.fields
    a, b = sides.two(ids)
    level = np.zeros(len(a), np.uint8)
    some = np.flatnonzero((a[:, 0] != 0) & (b[:, 0] != 0))
    if not len(some):
        return level
    a, b = a[some], b[some]
    left, right = sides.vectors[digits][sides.left[some]], sides.vectors[digits][sides.right[some]]
    old = _old(left)
    found = np.ones(len(some), np.uint8)
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            held = (a[:, i] != 0) & (b[:, j] != 0)
            near = np.count_nonzero(left[:, i] != right[:, j], axis=1) < 2
            kind = np.where(a[:, i] == b[:, j], np.where(old[:, i], 3, 4), np.where(near & ~old[:, i], 2, 1))
            found = np.where(held, np.maximum(found, kind), found)
    level[some] = found
    return level


def _signs(sides: _Sides, feature: Feature) -> _Ints:
    a, b = (side[:, 0] for side in sides.two(feature.fields[0]))
    off = np.count_nonzero(a != b, axis=1)
    return np.where((a[:, 0] != 0) & (b[:, 0] != 0), 4 - np.minimum(off, 3), 0)


def _old(digits: _Ints) -> NDArray[np.bool_]:
    """Tell whether codes are of the generation before November 2020, which leads with a year 2015-2020."""
    d = digits[:, :, :4].astype(np.int32) - ord("0")
    year = ((d[..., 0] * 10 + d[..., 1]) * 10 + d[..., 2]) * 10 + d[..., 3]
    return np.asarray((year >= 2015) & (year <= 2020))


def _ratio(sides: _Sides, feature: Feature) -> _Ints:
    """Compare the two measures that lie nearest; nan and what is not above 0 says nothing."""
    a, b = sides.two(feature.fields[0])
    level = np.zeros(len(a), np.int64)
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            told = (a[:, i] > 0) & (b[:, j] > 0)
            if not told.any():
                continue
            small, large = np.minimum(a[:, i], b[:, j]), np.maximum(a[:, i], b[:, j])
            near = sum((large <= small * edge).astype(np.int64) for edge in feature.edges)
            np.maximum(level, 1 + near, out=level, where=told)
    return level


def _phases(sides: _Sides, feature: Feature) -> _Ints:
    """Compare sets of phases: none is not the first, though nearer to it than to a later one."""
    a, b = sides.two(feature.fields[0])
    one = np.where((a | b) & 2, 3, 2)
    stated = np.where(a & b, 4, 1)
    return np.where((a == 0) & (b == 0), 0, np.where((a == 0) | (b == 0), one, stated))


def _stated(sides: _Sides, feature: Feature) -> _Ints:
    a, b = sides.two(feature.fields[0])
    mine, theirs = a[:, 0] != 0, b[:, 0] != 0
    level = np.where(mine & theirs, np.where(_any_equal(a, b), 3, 1), 2)
    return np.where(mine | theirs, level, 0)


def _leads(sides: _Sides, feature: Feature) -> _Ints:
    """Compare codes of a tree: wholes, else what they lead with."""
    whole, lead = (sides.two(field) for field in feature.fields)
    told = (whole[0][:, 0] != 0) & (whole[1][:, 0] != 0)
    return np.where(told, 1 + _any_equal(*lead) + _any_equal(*whole), 0)


def _dates(sides: _Sides, feature: Feature) -> _Ints:
    """Compare dated milestones: whether one is shared, else whether both date one of the same kind."""
    dated, kinds = (sides.two(field) for field in feature.fields)
    told = (dated[0][:, 0] != 0) & (dated[1][:, 0] != 0)
    level = np.where(_any_equal(*dated), 3, np.where(_any_equal(*kinds), 1, 2))
    return np.where(told, level, 0)


def _days(sides: _Sides, feature: Feature) -> _Ints:
    """Compare days, signed from the lower class of source to the higher, absolute within one."""
    days, classes = (sides.two(field) for field in feature.fields)
    a, b = days[0][:, 0], days[1][:, 0]
    x, y = (side.astype(np.int64) for side in classes)
    told = ~np.isnan(a) & ~np.isnan(b)
    apart = np.where(told, b - a, 0)
    apart = np.where(x < y, apart, np.where(x > y, -apart, np.abs(apart)))
    return np.where(told, _steps(apart, feature.edges), 0)


def _flags(sides: _Sides, feature: Feature) -> _Ints:
    a, b = sides.two(feature.fields[0])
    return np.asarray(np.count_nonzero((a, b), axis=0))


def _classes(sides: _Sides, feature: Feature) -> _Ints:
    """Number the pair of classes, and apart from those, pairs of one source."""
    classes, ids = feature.fields
    many = int(feature.edges[0])
    a, b = (side.astype(np.intp) for side in sides.two(classes))
    low, high = np.minimum(a, b), np.maximum(a, b)
    pair = 1 + low * many - low * (low - 1) // 2 + high - low
    x, y = sides.two(ids)
    return np.where(x[:, 0] == y[:, 0], 1 + many * (many + 1) // 2 + low, pair)


def _distance(sides: _Sides, feature: Feature) -> _Ints:
    """Compare points as on a plane: near is what is asked, and the cosine is a sum that every machine rounds alike."""
    a, b = sides.two(feature.fields[0])
    level = np.zeros(len(a), np.uint8)
    some = np.flatnonzero(~np.isnan(a).any(axis=1) & ~np.isnan(b).any(axis=1))
    if not len(some):
        return level
    a, b = a[some], b[some]
    half = (a[:, 1] + b[:, 1]) * (np.pi / 360)
    square = half * half
    cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56)))
    east, north = (a[:, 0] - b[:, 0]) * cosine * _DEGREE, (a[:, 1] - b[:, 1]) * _DEGREE
    metres = east * east + north * north
    level[some] = 1 + sum((metres <= edge * edge).astype(np.uint8) for edge in feature.edges)
    return level


def _family(sides: _Sides, feature: Feature) -> _Ints:
    many = 1 + int(sides.vectors[feature.fields[0]]["family"].max(initial=0))
    family = int(feature.edges[0])
    if family >= many:
        return np.zeros(len(sides.left), np.uint8)
    return sides.families(feature.fields[0], many)[family, :]


def _families(column: Any, left: Places, right: Places, many: int) -> Levels:
    """Give, per family of numbers, whether two sides share none (1), cite one together (2), cite (3) or bear (4) one."""
    mine, theirs = column["families"][left], column["families"][right]
    both = mine & theirs
    found = np.zeros((many, len(left)), np.uint8)
    for family in range(many):
        found[family] = (both >> np.uint32(family)) & np.uint32(1)
    near = (column["bloom"][left] & column["bloom"][right]).any(axis=1)
    some = np.flatnonzero(near)
    if not len(some):
        return found
    x, y = left[some], right[some]
    a, b = column["id"][x], column["id"][y]
    used = max(1, int(np.max(np.count_nonzero(column["id"], axis=1))))
    a, b = a[:, :used], b[:, :used]
    pair, i, j = np.nonzero((a[:, :, None] == b[:, None, :]) & (a[:, :, None] != 0))
    borne = np.uint32(1)
    how = 2 + ((column["borne"][x[pair]] >> i.astype(np.uint32)) & borne)
    how += (column["borne"][y[pair]] >> j.astype(np.uint32)) & borne
    family = column["family"][x[pair], i]
    np.maximum.at(found, (family, some[pair]), how.astype(np.uint8))
    return found


_KINDS: dict[str, Callable[[_Sides, Feature], _Ints]] = {
    "same": _same,
    "jaccard": _jaccard,
    "overlap": _overlap,
    "size": _size,
    "body": _body,
    "code": _code,
    "signs": _signs,
    "ratio": _ratio,
    "phases": _phases,
    "stated": _stated,
    "leads": _leads,
    "dates": _dates,
    "days": _days,
    "flags": _flags,
    "classes": _classes,
    "distance": _distance,
    "family": _family,
}
