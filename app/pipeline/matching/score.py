"""How likely two records are one project: a model over their levels, the shipped one or another, for many pairs or for one.

Hard rules are not part of it: ask `rules.forbidden`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.levels import Levels, Places, compare
from app.pipeline.matching.model import WHOLE, Model, read_model
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.project import PROJECT, project_vectors, said
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.vector import Vectors

__all__ = [
    "FLOOR",
    "REVIEW_CUT",
    "SAFE_CUT",
    "WHOLE",
    "Pair",
    "Term",
    "score",
    "score_pairs",
    "tell",
    "tell_all",
]

PORTION = 16_384
"""Pairs that are compared at once: their columns stay in the processor's cache."""
MODEL: Model = read_model((files("app.pipeline.matching") / "model.toml").read_text("utf-8"))
FLOOR, REVIEW_CUT, SAFE_CUT = MODEL.floor, MODEL.review, MODEL.safe


@dataclass(frozen=True, slots=True)
class Term:
    """One named part of a score: its log-odds (10⁻⁶) and what the two sides said."""

    name: str
    points: int
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records (a < b) with the probability (10⁻⁶) that they are one project; prior and terms are what it is made of."""

    a: str
    b: str
    score: int
    prior: int
    terms: tuple[Term, ...]


@cache
def shipped() -> Scorer:
    """Give the shipped model, laid out for projects."""
    return Scorer(MODEL, PROJECT)


def score_pairs(scorer: Scorer, vectors: Vectors, left: Places, right: Places) -> NDArray[np.int32]:
    """Give the probabilities (10⁻⁶) that the pairs (left[i], right[i]) of rows of `vectors` are one."""
    found = np.empty(len(left), np.int32)
    for start in range(0, len(left), PORTION):
        part = slice(start, start + PORTION)
        found[part] = scorer.probabilities(compare(scorer.profile, vectors, left[part], right[part]))
    return found


def score(a: Normal, b: Normal, scorer: Scorer | None = None) -> int:
    """Give the probability (10⁻⁶) that two records are one project, by the shipped model or another; symmetric."""
    return int(score_pairs(scorer or shipped(), project_vectors((a, b)), *_ONE)[0])


def tell(a: Normal, b: Normal, scorer: Scorer | None = None) -> Pair:
    """Score two records by the shipped model or another, and tell every term with what both sides said; symmetric."""
    return tell_all([(a, b)], scorer or shipped())[0]


def tell_all(pairs: Sequence[tuple[Normal, Normal]], scorer: Scorer) -> list[Pair]:
    """Score pairs of records and tell every term of each; many at once cost little more than one."""
    if not pairs:
        return []
    ordered = [(a, b) if a.record_id <= b.record_id else (b, a) for a, b in pairs]
    left = np.arange(0, 2 * len(ordered), 2, dtype=np.intp)
    levels = compare(PROJECT, project_vectors([n for two in ordered for n in two]), left, left + 1)
    scores = scorer.probabilities(levels).tolist()
    return [
        Pair(a.record_id, b.record_id, score, scorer.model.prior, _terms(scorer, a, b, levels[:, i : i + 1]))
        for i, ((a, b), score) in enumerate(zip(ordered, scores, strict=True))
    ]


def _terms(scorer: Scorer, a: Normal, b: Normal, levels: Levels) -> tuple[Term, ...]:
    return tuple(
        Term(f"{feature}.{level}", points, *_said(feature, a, b))
        for feature, level, points in scorer.terms(levels)
    )


def _said(feature: str, a: Normal, b: Normal) -> Sequence[str]:
    return ("", "") if feature == "cap" else (said(feature, a), said(feature, b))


_ONE = (np.zeros(1, np.intp), np.ones(1, np.intp))
