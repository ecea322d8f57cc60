"""Constrained average link over one component: which records are one project, and what a person must decide.

Invariant: the answer is a function of the set of records, pairs and words. Sums are integers, averages are compared
exactly, ties fall to the smallest record ids, and every heap entry is stamped with both sizes, because an entry is
stale not only when a side was absorbed but also when it grew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.pipeline.matching.chain import with_chain
from app.pipeline.matching.linkage import Linkage, Merge
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import Barriers, forbidden
from app.pipeline.matching.score import REVIEW_CUT, Pair
from app.pipeline.matching.twins import marks
from schemas.judgements import Verdict

_WORD = -(1 << 40)
"""Strength of a word `same` among offers to a dead record: before every score."""


@dataclass(frozen=True, slots=True)
class Word:
    """A live judgement on two records; only `same` and `different` move a cluster."""

    a: str
    b: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Review:
    """A merge a person must decide: two groups, their average score (10⁻⁶, rounded down) and why it is asked.

    `reason` is `between_cuts` or `ambiguous`: a side fits rivals that cannot both be right, or the sides may be twins.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    score: int
    reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A word `same` that was not followed because words `different` keep its two sides apart."""

    a: str
    b: str
    against: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Clustering:
    """The projects of one component, what is to be reviewed, where dead records hang, and the words that contradict.

    `merges` is the one list both cuts are read off, highest average first.
    """

    projects: tuple[tuple[str, ...], ...]
    reviews: tuple[Review, ...]
    attached: Mapping[str, str]
    conflicts: tuple[Conflict, ...]
    merges: tuple[Merge, ...] = ()


def cluster(
    records: Mapping[str, Normal], dead: Mapping[str, Normal], pairs: Iterable[Pair], words: Iterable[Word]
) -> Clustering:
    """Cluster one component (a union of components gives the same) and attach its dead records afterwards.

    Pairs that name an unknown record are left out; words too. A word `same` merges without pairs and over a hard rule,
    never over a word `different`.
    """
    known = records.keys() | dead.keys()
    scores: dict[tuple[str, str], int] = {}
    dead_scores: dict[tuple[str, str], int] = {}
    for pair in pairs:
        if pair.a in records and pair.b in records:
            scores[pair.a, pair.b] = pair.score
        elif pair.a in dead and pair.b in records:
            dead_scores[pair.a, pair.b] = pair.score
        elif pair.b in dead and pair.a in records:
            dead_scores[pair.b, pair.a] = pair.score
    same = _pairs_of(words := tuple(words), Verdict.SAME, known)
    apart = frozenset(_pairs_of(words, Verdict.DIFFERENT, known))
    barriers = Barriers(records)
    live_apart = frozenset(p for p in apart if p[0] in records and p[1] in records)
    raised = with_chain(records, scores, barriers, live_apart)
    linkage = Linkage(barriers, raised, live_apart, {rid: marks(n) for rid, n in records.items()})
    conflicts = []
    for a, b in same:
        if a in records and b in records:
            against = linkage.join(a, b)
            if against:
                conflicts.append(Conflict(a, b, against))
        elif (a, b) in apart:
            conflicts.append(Conflict(a, b, ((a, b),)))
    merges = linkage.run()
    projects = tuple(sorted(linkage.safe()))
    offers = [(d, -score, live) for (d, live), score in dead_scores.items() if score >= REVIEW_CUT]
    offers += [(x, _WORD, y) for a, b in same for x, y in ((a, b), (b, a)) if x in dead and y in records]
    attached = _attach(records, dead, offers, projects, apart)
    reviews = tuple(
        Review(m.left, m.right, m.total // m.n, "ambiguous" if m.ambiguous else "between_cuts")
        for m in merges
        if not m.safe
    )
    return Clustering(projects, reviews, attached, tuple(conflicts), merges)


def _pairs_of(words: Iterable[Word], verdict: Verdict, known: set[str]) -> list[tuple[str, str]]:
    return sorted(
        {
            (min(w.a, w.b), max(w.a, w.b))
            for w in words
            if w.verdict == verdict and w.a != w.b and w.a in known and w.b in known
        }
    )


def _attach(
    records: Mapping[str, Normal],
    dead: Mapping[str, Normal],
    offers: Iterable[tuple[str, int, str]],
    projects: tuple[tuple[str, ...], ...],
    apart: frozenset[tuple[str, str]],
) -> dict[str, str]:
    """Give each dead record the live record of its best offer (dead, −score or a word, live) that nothing forbids."""
    project_of = {record: project for project in projects for record in project}
    chosen: dict[str, str] = {}
    for d, strength, live in sorted(offers):
        if d in chosen or any((min(d, m), max(d, m)) in apart for m in project_of[live]):
            continue
        if strength == _WORD or not any(forbidden(dead[d], records[m]) for m in project_of[live]):
            chosen[d] = live
    return chosen
