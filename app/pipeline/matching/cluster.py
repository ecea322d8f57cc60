"""Constrained average link over one component: which records are one project, and what a person must decide.

The machine links first, then people's words join what it found safe, and what is left to decide is read off that.

Invariant: the answer is a function of the set of records, pairs and words. Sums are integers, averages are compared
exactly, ties fall to the smallest record ids, and every heap entry is stamped with both sizes, because an entry is
stale not only when a side was absorbed but also when it grew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.pipeline.matching.chain import with_chain
from app.pipeline.matching.families import NO_KIN, Link, kin
from app.pipeline.matching.joins import Conflict, Groups, Scored, Scores, Word
from app.pipeline.matching.linkage import Linkage, Merge
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import Barriers, forbidden
from app.pipeline.matching.score import REVIEW_CUT
from schemas.judgements import Verdict

__all__ = ["Clustering", "Review", "Scored", "Scores", "Word", "cluster"]


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
class Clustering:
    """The projects of one component, what is to be reviewed, where dead records hang, and the words that contradict.

    `links` say how the projects stand to one another.
    `merges` is the one list both cuts are read off, highest average first; words join between the cuts.
    """

    projects: tuple[tuple[str, ...], ...]
    reviews: tuple[Review, ...]
    attached: Mapping[str, str]
    conflicts: tuple[Conflict, ...]
    merges: tuple[Merge, ...] = ()
    links: tuple[Link, ...] = ()


def cluster(
    records: Mapping[str, Normal], dead: Mapping[str, Normal], pairs: Iterable[Scored], words: Iterable[Word]
) -> Clustering:
    """Cluster one component (a union of components gives the same) and attach its dead records afterwards.

    Pairs are (a, b, score) with a < b; those that name an unknown record are left out, words too. A word `same` makes
    the safe groups of its two records one project, without pairs and over a hard rule, never over a word `different`;
    words lead through dead records too.
    """
    known = records.keys() | dead.keys()
    scores: Scores = {}
    dead_scores: Scores = {}
    for a, b, score in pairs:
        if a in records and b in records:
            scores[a, b] = score
        elif a in dead and b in records:
            dead_scores[a, b] = score
        elif b in dead and a in records:
            dead_scores[b, a] = score
    words = tuple(words)
    apart = _pairs_of(words, Verdict.DIFFERENT, known)
    barriers = Barriers(records)
    live_apart = frozenset(p for p in apart if p[0] in records and p[1] in records)
    raised = with_chain(records, scores, barriers, live_apart)
    linkage = Linkage(barriers, raised, live_apart, records)
    merges = linkage.link()
    attached: Mapping[str, str] = {}
    conflicts: tuple[Conflict, ...] = ()
    if words or dead:
        groups = Groups([*linkage.groups(), *((d,) for d in dead)], apart)
        conflicts = groups.follow(_pairs_of(words, Verdict.SAME, known))
        lead = _led(linkage, records, groups)
        for a, b in apart:
            if a in lead and b in lead:
                linkage.part(lead[a], lead[b])
        attached = _attach(records, dead, dead_scores, groups, lead)
    projects = tuple(linkage.groups())
    merges += linkage.ask()
    reviews = tuple(
        Review(m.left, m.right, m.total // m.n, "ambiguous" if m.ambiguous else "between_cuts")
        for m in merges
        if not m.safe
    )
    relations = NO_KIN
    if len(projects) > 1 or words:
        home = {rid: project[0] for project in projects for rid in project}
        home |= {gone: home[live] for gone, live in attached.items()}
        relations = kin(home, records, [(a, b, n) for (a, b), n in scores.items()], words)
    return Clustering(projects, reviews, attached, conflicts + relations.conflicts, merges, relations.links)


def _led(linkage: Linkage, records: Iterable[str], groups: Groups) -> dict[str, str]:
    """Join in `linkage` what words joined in `groups`; give each record of a group its smallest living one."""
    lead: dict[str, str] = {}
    for rid in sorted(records):
        if rid not in lead:
            lead.update(dict.fromkeys(groups.of[rid], rid))
        linkage.join(lead[rid], rid)
    return lead


def _pairs_of(words: Iterable[Word], verdict: Verdict, known: set[str]) -> list[tuple[str, str]]:
    """Give the pairs of known records this was said of, each once, the earliest word first."""
    first: dict[tuple[str, str], int] = {}
    for w in words:
        if w.verdict == verdict and w.a != w.b and w.a in known and w.b in known:
            pair = (min(w.a, w.b), max(w.a, w.b))
            first[pair] = min(w.number, first.get(pair, w.number))
    return sorted(first, key=lambda pair: (first[pair], pair))


def _attach(
    records: Mapping[str, Normal],
    dead: Mapping[str, Normal],
    scores: Mapping[tuple[str, str], int],
    groups: Groups,
    lead: Mapping[str, str],
) -> dict[str, str]:
    """Hang each dead record on a live record of its group, a group without one on what it scores highest with.

    `scores` are keyed (dead, live); `lead` gives each record the smallest live one of its group, where there is one.
    """
    chosen = {d: lead[d] for d in dead if d in lead}
    offers = sorted((-points, d, live) for (d, live), points in scores.items() if points >= REVIEW_CUT)
    for _, d, live in offers:
        project = groups.of[live]
        if d in chosen or any(forbidden(dead[d], records[m]) for m in project if m in records):
            continue
        followers = tuple(groups.of[d])
        if not groups.join(d, live):
            chosen.update(dict.fromkeys(followers, live))
    return chosen
