"""What a person reads of a pair: the terms of its score, the rule that forbids it, and which cut it passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.pipeline.matching.normal import Normal
from app.pipeline.matching.numbers import family_of
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT, Pair, Term, tell
from app.pipeline.matching.scorer import Scorer

_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A pair's score with its reasons: `points` = prior + terms (10⁻⁶ log-odds), strongest term first.

    `band` is `safe`, `review` or `apart`, by the pair alone: the project it ends in is decided by its whole group.
    """

    a: str
    b: str
    score: int
    points: int
    prior: int
    terms: tuple[Term, ...]
    rule: str | None
    band: str


def explain(
    a: Normal, b: Normal, *, common: Mapping[str, int] = _NONE, scorer: Scorer | None = None
) -> Explanation:
    """Explain two records as they are heard, from scratch, by the shipped model or another, so that what is shown is what scoring did.

    `common` are numbers both state that are not heard, and how many living records hold each: terms of no points.
    """
    told = tell(a, b, scorer)
    terms = (*told.terms, *(_silent(number, many) for number, many in common.items()))
    return explain_pair(replace(told, terms=terms), forbidden(a, b))


def _silent(number: str, many: int) -> Term:
    kind, value = number[0], number[1:]
    scheme, _, rest = value.partition(":")
    feature = {"c": "code", "u": "uscc"}.get(kind) or f"number_{family_of(scheme)}"
    said = f"{rest if kind == 'i' else value} ×{many}"
    return Term(f"{feature}.common", 0, said, said)


def explain_pair(pair: Pair, rule: str | None) -> Explanation:
    """Explain a scored pair and the hard rule between its sides, None where there is none."""
    terms = tuple(sorted(pair.terms, key=lambda term: (-abs(term.points), term.name)))
    band = "apart" if rule or pair.score < REVIEW_CUT else "review" if pair.score < SAFE_CUT else "safe"
    return Explanation(
        pair.a,
        pair.b,
        pair.score,
        pair.prior + sum(term.points for term in terms),
        pair.prior,
        terms,
        rule,
        band,
    )
