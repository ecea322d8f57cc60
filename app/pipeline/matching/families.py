"""How the projects of one component stand to one another: phases of a family, parts, replacements, and who must not merge.

A family is read off what a hard rule refused: two records alike enough to be one project, which state different phases.
What people say comes first: over their word the machine says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.pipeline.matching.joins import Conflict, Scored, Word
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import forbidden, old_code
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT
from schemas.judgements import Verdict

APART = "apart"
"""The kind of a link that says why two projects were not made one."""
RELATIONS = (Verdict.PHASE_OF, Verdict.PART_OF, Verdict.REPLACES)
_WORD, _DIFFERENT, _AVERAGE = "word", "different", "average"


class Link(NamedTuple):
    """Two projects, each by its smallest living record: `one` is a phase of `other`, a part of it, replaces it, or is apart.

    `why` is `word` or the rule (`phase`, `code`, of those apart also `zone`, `class`, `different`, `average`); `a` (of `one`)
    and `b` are the records it is read off, `score` is theirs (10⁻⁶; 0 for a word), `number` that of the judgement.
    """

    kind: str
    one: str
    other: str
    why: str
    a: str
    b: str
    score: int = 0
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Kin:
    """The links between the projects of a component, each once and sorted, and the words that could not be followed."""

    links: tuple[Link, ...]
    conflicts: tuple[Conflict, ...]


NO_KIN = Kin((), ())
_Two = tuple[str, str]
_Above = dict[bool, dict[str, set[str]]]
"""The projects directly above each: by phases (True), and by parts and replacements."""


def kin(
    home: Mapping[str, str], records: Mapping[str, Normal], pairs: Collection[Scored], words: Iterable[Word]
) -> Kin:
    """Read the links between projects off pairs and words; `home` gives each placed record its project.

    A word whose two records are in one project, or that would close a ring, is a conflict; of a ring the latest word goes,
    and of what no person said the least alike.
    """
    words = sorted(words, key=lambda word: (word.number, word.a, word.b))
    above: _Above = {True: {}, False: {}}
    said, conflicts = _said(home, words, above)
    spoken = {frozenset((link.one, link.other)) for link in said}
    best = _closest(home, records, pairs)
    found = {(link.one, link.other, link.kind): link for link in said}
    read = (*_phases(home, records, best, words), *_replaced(home, records, pairs))
    for link in sorted(read, key=lambda link: (-link.score, link[:3])):
        if frozenset((link.one, link.other)) not in spoken and _climbs(link, above):
            found.setdefault((link.one, link.other, link.kind), link)
    related = {frozenset(two[:2]) for two in found}
    for link in _apart(home, best, words):
        if frozenset((link.one, link.other)) not in related:
            found.setdefault((link.one, link.other, link.kind), link)
    return Kin(tuple(sorted(found.values(), key=lambda link: link[:3])), tuple(conflicts))


def _said(home: Mapping[str, str], words: Iterable[Word], above: _Above) -> tuple[list[Link], list[Conflict]]:
    """Follow people's words on relations, the earliest first."""
    links: dict[tuple[str, str, str], Link] = {}
    conflicts: list[Conflict] = []
    for word in words:
        if word.verdict not in RELATIONS or word.a not in home or word.b not in home:
            continue
        one, other = home[word.a], home[word.b]
        link = Link(word.verdict.value, one, other, _WORD, word.a, word.b, 0, word.number)
        if one != other and _climbs(link, above):
            links.setdefault((one, other, link.kind), link)
        else:
            conflicts.append(Conflict(word.a, word.b, ()))
    return list(links.values()), conflicts


def _climbs(link: Link, above: _Above) -> bool:
    """Note which project stands above the other; False where that would close a ring.

    A part and what was replaced both count within another, so rings of the two are one matter; phases are another.
    """
    higher = above[link.kind == Verdict.PHASE_OF.value]
    low, high = (link.other, link.one) if link.kind == Verdict.REPLACES.value else (link.one, link.other)
    if low in _reached(higher, high):
        return False
    higher.setdefault(low, set()).add(high)
    return True


def _reached(above: Mapping[str, set[str]], start: str) -> set[str]:
    """Give everything above `start`, itself included."""
    seen, waiting = {start}, [start]
    while waiting:
        for high in above.get(waiting.pop(), ()):
            if high not in seen:
                seen.add(high)
                waiting.append(high)
    return seen


class _Best(NamedTuple):
    """The closest pair of two projects under one rule, as (−score, a, b)."""

    negative: int
    a: str
    b: str


_Closest = dict[tuple[str, str, str | None], _Best]
"""Per two projects (the smaller first) and the hard rule between the two records: their closest pair.

It is above the safe cut, or above the review cut where only their phases speak against them.
"""


def _closest(home: Mapping[str, str], records: Mapping[str, Normal], pairs: Iterable[Scored]) -> _Closest:
    best: _Closest = {}
    for a, b, score in pairs:
        if score < REVIEW_CUT or a not in records or b not in records or home[a] == home[b]:
            continue
        one, other = (a, b) if home[a] < home[b] else (b, a)
        rule = forbidden(records[one], records[other])
        if score < SAFE_CUT and rule != "phase":
            continue
        key = (home[one], home[other], rule)
        offer = _Best(-score, one, other)
        if key not in best or offer < best[key]:
            best[key] = offer
    return best


def _phases(
    home: Mapping[str, str], records: Mapping[str, Normal], best: _Closest, words: Iterable[Word]
) -> Iterable[Link]:
    """A project of a later phase is a phase of those siblings that state the earliest one.

    A word `different` on two records that a rule keeps apart anyway denies the family of their projects.
    """
    denied = {
        frozenset((home[w.a], home[w.b]))
        for w in words
        if w.verdict is Verdict.DIFFERENT
        and w.a in records
        and w.b in records
        and forbidden(records[w.a], records[w.b])
    }
    sibling = {(one, other): pair for (one, other, rule), pair in best.items() if rule == "phase"}
    if not sibling:
        return
    earliest: dict[str, int] = {}
    for rid, n in records.items():
        if n.phase:
            earliest[home[rid]] = min(*n.phase, earliest.get(home[rid], min(n.phase)))
    roots: dict[str, list[tuple[int, str, _Best]]] = {}
    for (one, other), pair in sibling.items():
        if frozenset((one, other)) in denied or earliest[one] == earliest[other]:
            continue
        late, early = (other, one) if earliest[one] < earliest[other] else (one, other)
        roots.setdefault(late, []).append((earliest[early], early, pair))
    for late, offers in roots.items():
        first = min(offers)[0]
        for phase, early, pair in offers:
            if phase == first:
                a, b = (pair.a, pair.b) if home[pair.a] == late else (pair.b, pair.a)
                yield Link(Verdict.PHASE_OF.value, late, early, "phase", a, b, -pair.negative)


def _replaced(
    home: Mapping[str, str], records: Mapping[str, Normal], pairs: Iterable[Scored]
) -> Iterable[Link]:
    """A record that states two codes says that the project of the later one replaced that of the former."""
    best: dict[_Two, _Best] = {}
    for a, b, score in pairs:
        if a not in records or b not in records or home[a] == home[b]:
            continue
        for x, y in ((a, b), (b, a)):
            two, one = records[x].codes, records[y].codes
            if len(two) == 2 and len(one) == 1 and one[0] in two:
                beside = two[1] if two[0] == one[0] else two[0]
                if issued(beside) != issued(one[0]):
                    late, early = (x, y) if issued(beside) > issued(one[0]) else (y, x)
                    key, offer = (home[late], home[early]), _Best(-score, late, early)
                    best[key] = min(offer, best.get(key, offer))
    for (late, early), pair in best.items():
        if (early, late) not in best:
            yield Link(Verdict.REPLACES.value, late, early, "code", pair.a, pair.b, -pair.negative)


def issued(code: str) -> tuple[int, int]:
    """Give year and month in which a project code (20 bare digits) was given; the old generation says the year alone."""
    return (int(code[:4]), 0) if old_code(code) else (2000 + int(code[:2]), int(code[2:4]))


def _apart(home: Mapping[str, str], best: _Closest, words: Iterable[Word]) -> Iterable[Link]:
    """Say of projects that hold records alike enough to be one why they are not: a rule, a word, or their average."""
    different = {
        frozenset((home[w.a], home[w.b])): w.number
        for w in words
        if w.verdict is Verdict.DIFFERENT and w.a in home and w.b in home
    }
    for (one, other, rule), pair in sorted(best.items(), key=lambda item: item[1]):
        number = different.get(frozenset((one, other)))
        why = _DIFFERENT if number is not None else rule or _AVERAGE
        yield Link(APART, one, other, why, pair.a, pair.b, -pair.negative, number)
