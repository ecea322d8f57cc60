"""Find which records are one project: judge the pairs a batch touches, and cluster their components anew.

Reads one snapshot and writes nothing: `advance` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from app.db import resolution
from app.db.records import RecordRow
from app.db.relations import Named, RelationRow, named, relations_of
from app.db.resolution import (
    Difference,
    Key,
    KeyRow,
    MemberRow,
    NormalRow,
    PairRow,
    ReviewRow,
    Supposed,
    Two,
    difference,
)
from app.db.session import Connection
from app.pipeline.candidates import Holding, candidates
from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Scores, Word, cluster
from app.pipeline.matching.families import APART
from app.pipeline.matching.items import items
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.packed import pack_all, unpack_one, vectors_of
from app.pipeline.matching.score import FLOOR, score_pairs, shipped
from app.pipeline.matching.stated import stated
from app.pipeline.region import Component, Judged, Region, components, region
from schemas.judgements import Verdict

PAIRS, SEEDS, KEPT = 16_000, 250, 6_000
"""Pairs that are scored and records whose components are clustered in one go, and prepared records that are kept for the
next: a batch touches ever more of a growing hub, and memory must not follow."""
_NOTHING: Difference[Any, Any] = Difference((), ())
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What resolving a batch changes: what goes of keys, pairs, places and what matching sees, and what comes instead.

    `before` and `members` are the places of a whole region, `reviews` are all of it.
    """

    keys: Difference[Key, KeyRow] = _NOTHING
    normals: Difference[str, NormalRow] = _NOTHING
    pairs: Difference[Two, PairRow] = _NOTHING
    region: frozenset[str] = frozenset()
    before: Mapping[str, MemberRow] = field(default_factory=dict)
    members: Mapping[str, MemberRow] = field(default_factory=dict)
    reviews: tuple[ReviewRow, ...] = ()
    relations: Difference[Named, RelationRow] = _NOTHING

    def related(self) -> set[str]:
        """Give the projects whose documents tell of other relations now than before."""
        rows = (*self.relations.gone, *(row[:3] for row in self.relations.come))
        return {project_id for *both, kind in rows if kind != APART for project_id in both}


class Known:
    """A project record as resolving sees it: packed, living or not, and the row that began it; read only when asked."""

    __slots__ = ("_normal", "first", "live", "packed")

    def __init__(
        self, packed: bytes, live: bool, first: tuple[int, int], normal: Normal | None = None
    ) -> None:
        """Take it as it is kept, and read already, where it is."""
        self.packed, self.live, self.first, self._normal = packed, live, first, normal

    @property
    def normal(self) -> Normal:
        """Give the record as clustering sees it."""
        if self._normal is None:
            self._normal = unpack_one(self.packed)
        return self._normal


def resolve(
    connection: Connection,
    jurisdiction: int,
    changed: Mapping[str, RecordRow],
    dropped: Collection[str],
    asked: Collection[str],
    words_upto: int,
    supposed: Supposed | None = None,
) -> Resolution:
    """Resolve project records that changed, died or were dropped, and the records people spoke about or might.

    A record that changed in nothing matching sees is passed over, and components are clustered anew only where a pair
    or what clustering sees of a record is another, or where a question tells of the record: all are functions of no
    more than that.
    """
    known, rows = _prepared(changed)
    before = {
        row.record_id: row for row in resolution.read_normals(connection, jurisdiction, {*known, *dropped})
    }
    moved = {rid: one for rid, one in known.items() if before.get(rid) != rows[rid]}
    if not moved and not asked and not dropped:
        return Resolution()
    stood = {rid: _known(row) for rid, row in before.items() if rid in moved or rid not in known}
    holding = _holding(moved)
    holding |= dict.fromkeys(dropped, Holding((), live=False))
    held = _holding(stood)
    judged, candidate = candidates(connection, jurisdiction, held, holding)
    fresh: Scores = {}
    for pairs in _portions(candidate, PAIRS):
        near = _near(
            connection, jurisdiction, {rid for pair in pairs for rid in pair}.difference(dropped), known
        )
        fresh |= _score(near, pairs)
    new = moved.keys() - stood.keys()
    stored = {(a, b): n for a, b, n in resolution.pairs_of(connection, jurisdiction, judged - new)}
    differing = {pair for pair in fresh.keys() | stored.keys() if fresh.get(pair) != stored.get(pair)}
    seeds = {*dropped, *asked, *(rid for pair in differing for rid in pair)}
    seeds.update(rid for rid, one in moved.items() if rid in new or _held_by(stood[rid]) != _held_by(one))
    seeds |= resolution.asked_about(connection, jurisdiction, moved.keys() - seeds)
    anew = Judged(frozenset(judged), fresh, stored, new)
    done: set[str] = set()
    places: dict[str, MemberRow] = {}
    was: dict[str, MemberRow] = {}
    reviews: list[ReviewRow] = []
    relations: list[RelationRow] = []
    while seeds:
        some = set(islice(seeds, SEEDS))
        touched = region(connection, jurisdiction, some, anew, words_upto, supposed)
        near = _near(connection, jurisdiction, touched.records.difference(dropped), known)
        for component in components(touched.records & near.keys(), touched.pairs, _words(touched)):
            clustering = _cluster(component, near)
            places |= {place.record_id: place for place in _places(clustering, near)}
            reviews += _reviews(clustering, component, near)
            relations += _relations(clustering, places)
        done |= touched.records
        seeds -= touched.records
        was |= touched.before
    return Resolution(
        keys=difference(_keys(held), _keys(holding)),
        normals=difference({rid: before[rid] for rid in stood}, {rid: rows[rid] for rid in moved}),
        pairs=difference(
            {pair: PairRow(*pair, n) for pair, n in stored.items()},
            {pair: PairRow(*pair, n) for pair, n in sorted(fresh.items())},
        ),
        region=frozenset(done),
        before=was,
        members=places,
        reviews=tuple(sorted(reviews)),
        relations=difference(
            named(relations_of(connection, jurisdiction, done, apart=True)), named(relations)
        ),
    )


def _holding(known: Mapping[str, Known]) -> dict[str, Holding]:
    keys = block_keys_of(one.normal for one in known.values())
    return {rid: Holding(held, one.live) for (rid, one), held in zip(known.items(), keys, strict=True)}


def _portions(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _words(touched: Region) -> list[Word]:
    return [Word(w.a, w.b, Verdict(w.verdict), w.judgement_no) for _, w in sorted(touched.words.items())]


def _held_by(one: Known) -> tuple[object, ...]:
    """Give what clustering sees of a record besides its pairs."""
    n = one.normal
    return (one.live, one.first, n.phase, n.zone, n.works_class, n.codes, n.bears, n.cites, n.once, n.firm)


def _keys(holding: Mapping[str, Holding]) -> dict[Key, KeyRow]:
    return {(key, rid): KeyRow(key, rid, one.live) for rid, one in holding.items() for key in one.keys}


def _near(
    connection: Connection, jurisdiction: int, record_ids: Collection[str], known: dict[str, Known]
) -> Mapping[str, Known]:
    """Give what is known with these records; they are kept there as long as there are few."""
    missing = {rid for rid in record_ids if rid not in known}
    rows = resolution.read_normals(connection, jurisdiction, missing) if missing else []
    read = {row.record_id: _known(row) for row in rows}
    if len(known) + len(read) > KEPT:
        return read | known
    known |= read
    return known


def _prepared(changed: Mapping[str, RecordRow]) -> tuple[dict[str, Known], dict[str, NormalRow]]:
    """Give records as resolving sees them, and as they are kept."""
    normals = [normal(rid, stated(row.statement)) for rid, row in changed.items()]
    known: dict[str, Known] = {}
    rows: dict[str, NormalRow] = {}
    for (rid, row), one, packed in zip(changed.items(), normals, pack_all(normals), strict=True):
        first = row.first_delivery, row.first_row
        known[rid] = Known(packed, row.live, first, one)
        rows[rid] = NormalRow(rid, row.live, *first, packed)
    return known, rows


def _known(row: NormalRow) -> Known:
    return Known(row.packed, row.live, (row.first_delivery, row.first_row))


def _score(known: Mapping[str, Known], pairs: Iterable[tuple[str, str]]) -> Scores:
    """Score the pairs whose sides are known and not both dead; give those that are above the floor."""
    two = [(a, b) for a, b in pairs if a in known and b in known and (known[a].live or known[b].live)]
    place: dict[str, int] = {}
    for a, b in two:
        place.setdefault(a, len(place))
        place.setdefault(b, len(place))
    left = np.fromiter((place[a] for a, _ in two), np.intp, len(two))
    right = np.fromiter((place[b] for _, b in two), np.intp, len(two))
    scores = score_pairs(shipped(), vectors_of(known[rid].packed for rid in place), left, right)
    kept = np.flatnonzero(scores >= FLOOR)
    return {two[i]: points for i, points in zip(kept.tolist(), scores[kept].tolist(), strict=True)}


def _cluster(component: Component, known: Mapping[str, Known]) -> Clustering:
    live = {rid: known[rid].normal for rid in component.records if known[rid].live}
    if len(live) == len(component.records) and not component.words and agree(live, component.pairs):
        return Clustering((tuple(component.records),), (), {}, ())
    dead = {rid: known[rid].normal for rid in component.records if not known[rid].live}
    return cluster(live, dead, component.pairs, component.words)


def _places(clustering: Clustering, known: Mapping[str, Known]) -> Iterable[MemberRow]:
    """Give each record its project, named by the earliest member in memory order, withdrawn members included."""
    attached: dict[str, list[str]] = {}
    for gone, live in clustering.attached.items():
        attached.setdefault(live, []).append(gone)
    for project in clustering.projects:
        withdrawn = [gone for live in project for gone in attached.get(live, ())]
        first = min((*project, *withdrawn), key=lambda rid: (known[rid].first, rid))
        yield from (MemberRow(rid, first, live=True) for rid in project)
        yield from (MemberRow(rid, first, live=False) for rid in withdrawn)


def _relations(clustering: Clustering, places: Mapping[str, MemberRow]) -> Iterable[RelationRow]:
    for link in clustering.links:
        one, other = places[link.one].project_id, places[link.other].project_id
        yield RelationRow(one, other, link.kind, link.why, link.a, link.b, link.score, link.number)


def _reviews(clustering: Clustering, component: Component, known: Mapping[str, Known]) -> Iterable[ReviewRow]:
    if not clustering.reviews and not clustering.conflicts:
        return
    normals = {rid: known[rid].normal for rid in component.records}
    for item in items(clustering, normals, component.pairs, component.words):
        yield ReviewRow(*item)
