"""What a person is asked, one item for two projects: which records stand for it, what is at stake, what is alike in it.

Invariant: items are a function of the clustering, its records, pairs and words; their order of arrival plays no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import ne
from typing import NamedTuple

from msgspec.structs import replace

from app.pipeline.matching.cluster import Clustering, Scored, Word
from app.pipeline.matching.model import WHOLE
from app.pipeline.matching.normal import Normal, pack
from schemas.judgements import Verdict

CONFLICT, CONFIRM = "words_conflict", "confirm"
_EVEN = frozenset({"ambiguous", CONFLICT, CONFIRM})
"""Kinds of which the score says nothing: it is as likely one way as the other."""
_WAN, _UNKNOWN, _MOST = 10_000, 100, 10**16
"""Yuan in a 万元; what weighs where no record says an amount, in 万元; the most that counts of an amount, in yuan."""
_MOVING = frozenset({Verdict.SAME, Verdict.DIFFERENT})
_COMPARED = ("core", "owner_cores", "codes", "usccs", "phase", "zone", "district", "address", "amount")


class Item(NamedTuple):
    """A question: `a` and `b` (a < b) are the two records that link its sides best, and name it.

    `score` is the average between the sides (10⁻⁶), `stake` in yuan, `said` a word that was said of the sides and moves
    no project, or that asks to be confirmed. `alike` is equal where the same fields agree, `contents` where both records say
    the same but for keys, `cause` where they share the same number, which it is; '' where they share none.
    """

    a: str
    b: str
    kind: str
    score: int
    priority: int
    stake: int
    departments: tuple[str, ...]
    districts: tuple[str, ...]
    said: str | None
    alike: str
    contents: str
    cause: str


@dataclass(slots=True)
class _Side:
    """What is known of a project, or of several that earlier questions would make one."""

    sources: set[str] = field(default_factory=set)
    districts: set[str] = field(default_factory=set)
    amount: int = 0
    best: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """The best pair with each other side, as (−score, a, b)."""
    said: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The last word on it and each other side, as (number, verdict)."""


def items(
    clustering: Clustering, records: Mapping[str, Normal], pairs: Iterable[Scored], words: Iterable[Word]
) -> Iterator[Item]:
    """Give the questions of one component's clustering; `pairs` and `words` are those it was made of.

    Two records name one question: a contradiction of words on them comes before any other, then a word to be confirmed.
    """
    changed = to_confirm(records, words)
    if not clustering.reviews and not clustering.conflicts and not changed:
        return
    home = {rid: project[0] for project in clustering.projects for rid in project}
    sides = {project[0]: _side(records[rid] for rid in project) for project in clustering.projects}
    contradicted = {(min(c.a, c.b), max(c.a, c.b)) for c in clustering.conflicts}
    for pair in sorted(contradicted):
        known = [sides[home[rid]] for rid in pair if rid in home]
        yield _item(pair, CONFLICT, 0, known, records, None)
    for pair in sorted(changed.keys() - contradicted):
        known = [sides[home[rid]] for rid in pair if rid in home]
        yield _item(pair, CONFIRM, 0, known, records, (0, changed[pair]))
    _link(sides, home, pairs, words)
    for review in clustering.reviews:
        left, right = review.left[0], review.right[0]
        best = sides[left].best.get(right, (0, min(left, right), max(left, right)))[1:]
        if best not in contradicted and best not in changed:
            said = sides[left].said.get(right)
            yield _item(best, review.reason, review.score, (sides[left], sides[right]), records, said)
        _join(sides, min(left, right), max(left, right))


def to_confirm(records: Mapping[str, Normal], words: Iterable[Word]) -> dict[tuple[str, str], str]:
    """Give the two records of each last word on them of which one side has another owner core and name core by now.

    Keyed (a, b) with a < b, with what was said.
    """
    last: dict[tuple[str, str], Word] = {}
    for word in words:
        pair = (min(word.a, word.b), max(word.a, word.b))
        if pair not in last or last[pair].number < word.number:
            last[pair] = word
    return {pair: word.verdict.value for pair, word in last.items() if _changed(records, word)}


def cores_of(n: Normal) -> tuple[str, str]:
    """Give what a side is when a word is said of it: its owner cores and its name core."""
    return " ".join(sorted(n.owner_cores)), n.core


def _changed(records: Mapping[str, Normal], word: Word) -> bool:
    then = ((word.a, word.cores_a), (word.b, word.cores_b))
    return any(
        cores and rid in records and all(map(ne, cores, cores_of(records[rid]))) for rid, cores in then
    )


def cause(a: Normal, b: Normal) -> str:
    """Name the number that two records share and that joins them most: a project's code before others; '' for none."""
    if codes := sorted({*a.codes} & {*b.codes}):
        return f"project_code:{codes[0]}"
    if numbers := sorted(a.numbers & b.numbers):
        return min(numbers, key=lambda number: (number not in a.firm, number not in b.firm, number))
    usccs = sorted({*a.usccs} & {*b.usccs})
    return f"uscc:{usccs[0]}" if usccs else ""


def uncertainty(kind: str, score: int) -> int:
    """Give how open a question is (10⁻⁶): 4·p·(1 − p), and all of it where the score says nothing."""
    return WHOLE if kind in _EVEN else 4 * score * (WHOLE - score) // WHOLE


def alike(a: Normal, b: Normal) -> str:
    """Name the case of two records: who says them, and which fields agree, differ or are said by one side only."""
    (x, y) = sorted((a, b), key=lambda n: (n.source, n.record_id))
    return _hash((x.source, y.source, *(_agreement(getattr(x, f), getattr(y, f)) for f in _COMPARED)))


def contents(a: Normal, b: Normal) -> str:
    """Name what two records say to matching, whatever their keys are."""
    return _hash(sorted(pack(replace(n, record_id="")).hex() for n in (a, b)))


def _item(
    pair: tuple[str, str],
    kind: str,
    score: int,
    sides: Iterable[_Side],
    records: Mapping[str, Normal],
    said: tuple[int, str] | None,
) -> Item:
    sides = tuple(sides)
    stake = min((side.amount for side in sides if side.amount), default=0)
    weight = _UNKNOWN + stake // _WAN
    two = [records[rid] for rid in pair if rid in records]
    return Item(
        *pair,
        kind,
        score,
        uncertainty(kind, score) * weight,
        stake,
        tuple(sorted({source.partition(".")[0] for side in sides for source in side.sources})),
        tuple(sorted({district for side in sides for district in side.districts})),
        said[1] if said else None,
        alike(*two) if len(two) == 2 else "",
        contents(*two) if len(two) == 2 else "",
        cause(*two) if len(two) == 2 else "",
    )


def _side(records: Iterable[Normal]) -> _Side:
    side = _Side()
    for n in records:
        side.sources.add(n.source)
        if n.district:
            side.districts.add(n.district)
        if n.amount:
            side.amount = max(side.amount, min(int(n.amount), _MOST))
    return side


def _link(
    sides: Mapping[str, _Side], home: Mapping[str, str], pairs: Iterable[Scored], words: Iterable[Word]
) -> None:
    """Note between every two projects their best pair and the last word that moves nothing."""
    for a, b, score in pairs:
        if a in home and b in home and (one := home[a]) != (other := home[b]):
            best, pair = sides[one].best, (-score, a, b)
            if other not in best or pair < best[other]:
                best[other] = sides[other].best[one] = pair
    for word in words:
        if word.verdict not in _MOVING and word.a in home and word.b in home and home[word.a] != home[word.b]:
            one, other = home[word.a], home[word.b]
            said = (word.number, word.verdict.value)
            sides[one].said[other] = sides[other].said[one] = max(said, sides[one].said.get(other, said))


def _join(sides: dict[str, _Side], stays: str, goes: str) -> None:
    """Take two sides as one from here on, as the questions below were asked."""
    mine, theirs = sides[stays], sides.pop(goes)
    for side, gone in ((mine, goes), (theirs, stays)):
        side.best.pop(gone, None)
        side.said.pop(gone, None)
    for other, pair in theirs.best.items():
        del sides[other].best[goes]
        mine.best[other] = sides[other].best[stays] = min(pair, mine.best.get(other, pair))
    for other, said in theirs.said.items():
        del sides[other].said[goes]
        mine.said[other] = sides[other].said[stays] = max(said, mine.said.get(other, said))
    mine.sources |= theirs.sources
    mine.districts |= theirs.districts
    mine.amount = max(mine.amount, theirs.amount)


def _agreement(x: object, y: object) -> str:
    if not x or not y:
        return "none" if not x and not y else "left" if x else "right"
    if isinstance(x, frozenset | tuple) and isinstance(y, frozenset | tuple):
        return "differs" if set(x).isdisjoint(y) else "equal" if set(x) == set(y) else "shares"
    return "equal" if x == y else "differs"


def _hash(said: Iterable[str]) -> str:
    return blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
