"""Find which records are one project: judge the pairs a batch touches, and cluster their components anew.

Reads one snapshot and writes nothing: `advance` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
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
from app.pipeline.known import Known
from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Scores, Word, cluster
from app.pipeline.matching.families import APART
from app.pipeline.matching.items import items
from app.pipeline.matching.keys import block_keys_of, keyed
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.packed import pack_all, vectors_of
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import FLOOR, score_pairs
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.stated import stated
from app.pipeline.region import Component, Judged, Region, components, region
from app.pipeline.scoring import scorer
from schemas.judgements import Verdict

PAIRS, SEEDS, KEPT = 6_000, 250, 3_000
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
    known = _prepared(changed)
    stood = {
        row.record_id: Known(row)
        for row in resolution.read_normals(connection, jurisdiction, {*known, *dropped})
    }
    moved = {rid: one for rid, one in known.items() if rid not in stood or not one.says_as(stood[rid])}
    if not moved and not asked and not dropped:
        return Resolution()
    for rid in known.keys() - moved.keys():
        known[rid].common = stood.pop(rid).common
    holding = _holding(moved)
    holding |= dict.fromkeys(dropped, Holding((), live=False))
    held, otherwise = _held(stood, moved, holding)
    judged, candidate, common = candidates(
        connection,
        jurisdiction,
        held,
        holding,
        stood,
        lambda some: _near(connection, jurisdiction, some, known),
    )
    _near(connection, jurisdiction, common.keys() - holding.keys(), known, keep=True)
    turned = [rid for rid in common.keys() - holding.keys() if known[rid].common != common[rid]]
    deaf = [rid for rid, was in stood.items() if common[rid] != was.common]
    for rid in common.keys() & known.keys():
        known[rid].common = common[rid]
    fresh: Scores = {}
    model = scorer(connection, jurisdiction)
    for pairs in _portions(candidate, PAIRS):
        sides = set(chain.from_iterable(pairs)).difference(dropped)
        fresh |= _score(model, _near(connection, jurisdiction, sides, known), pairs)
    new = moved.keys() - stood.keys()
    stored = {(a, b): n for a, b, n in resolution.pairs_of(connection, jurisdiction, judged - new)}
    gone = [pair for pair, n in stored.items() if fresh.get(pair) != n]
    come = [pair for pair, n in fresh.items() if stored.get(pair) != n]
    seeds = {
        *dropped,
        *asked,
        *new,
        *otherwise,
        *deaf,
        *turned,
        *chain.from_iterable(gone),
        *chain.from_iterable(come),
    }
    seeds |= resolution.asked_about(connection, jurisdiction, moved.keys() - seeds)
    anew = Judged(frozenset(judged), fresh, {pair: stored[pair] for pair in gone}, new)
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
            normals = {rid: near[rid].normal for rid in component.records}
            clustering = _cluster(component, normals, near)
            places |= {place.record_id: place for place in _places(clustering, near)}
            reviews += _reviews(clustering, component, normals)
            relations += _relations(clustering, places)
        done |= touched.records
        seeds -= touched.records
        was |= touched.before
    return Resolution(
        keys=difference(_keys(held, holding), _keys(holding, held)),
        normals=Difference((*stood, *turned), tuple(known[rid].row(rid) for rid in (*moved, *turned))),
        pairs=Difference(tuple(gone), tuple(PairRow(*pair, fresh[pair]) for pair in come)),
        region=frozenset(done),
        before=was,
        members=places,
        reviews=tuple(sorted(reviews)),
        relations=difference(
            named(relations_of(connection, jurisdiction, done, apart=True)), named(relations)
        ),
    )


def _holding(known: Mapping[str, Known]) -> dict[str, Holding]:
    keys = block_keys_of(one.whole for one in known.values())
    return {rid: Holding(held, one.live) for (rid, one), held in zip(known.items(), keys, strict=True)}


def _held(
    stood: Mapping[str, Known], moved: Mapping[str, Known], holding: Mapping[str, Holding]
) -> tuple[dict[str, Holding], list[str]]:
    """Give what records held before, and those of which clustering sees something else now."""
    found: dict[str, Holding] = {}
    otherwise: list[str] = []
    for rid, was in stood.items():
        if (now := moved.get(rid)) is not None:
            then, n = was.whole, now.whole
            if (was.live, was.first, *_clustered(then)) != (now.live, now.first, *_clustered(n)):
                otherwise.append(rid)
            if keyed(then) == keyed(n):
                found[rid] = Holding(holding[rid].keys, was.live)
    return found | _holding({rid: was for rid, was in stood.items() if rid not in found}), otherwise


def _portions(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _words(touched: Region) -> list[Word]:
    return [Word(w.a, w.b, Verdict(w.verdict), w.judgement_no) for _, w in sorted(touched.words.items())]


def _clustered(n: Normal) -> tuple[object, ...]:
    """Give what clustering sees of a record besides its pairs, whether it lives and when it began."""
    return (n.phase, n.zone, n.works_class, n.codes, n.bears, n.cites, n.once, n.firm)


def _keys(holding: Mapping[str, Holding], other: Mapping[str, Holding]) -> dict[Key, KeyRow]:
    """Give the keys of records that do not hold the same on the other side."""
    return {
        (key, rid): KeyRow(key, rid, one.live)
        for rid, one in holding.items()
        if other.get(rid) != one
        for key in one.keys
    }


def _near(
    connection: Connection,
    jurisdiction: int,
    record_ids: Collection[str],
    known: dict[str, Known],
    *,
    keep: bool = False,
) -> Mapping[str, Known]:
    """Give what is known with these records; they are kept there as long as there are few, or with `keep`."""
    missing = {rid for rid in record_ids if rid not in known}
    rows = resolution.read_normals(connection, jurisdiction, missing) if missing else []
    read = {row.record_id: Known(row) for row in rows}
    if len(known) + len(read) > KEPT and not keep:
        return read | known
    known |= read
    return known


def _prepared(changed: Mapping[str, RecordRow]) -> dict[str, Known]:
    """Give records as resolving sees them, all their numbers telling."""
    normals = [normal(rid, stated(row.statement)) for rid, row in changed.items()]
    return {
        rid: Known(NormalRow(rid, row.live, row.first_delivery, row.first_row, packed), one)
        for (rid, row), one, packed in zip(changed.items(), normals, pack_all(normals), strict=True)
    }


def _score(model: Scorer, known: Mapping[str, Known], pairs: Iterable[tuple[str, str]]) -> Scores:
    """Score the pairs whose sides are known and not both dead; give those that are above the floor."""
    pairs = list(pairs)
    place = {rid: i for i, rid in enumerate({*chain.from_iterable(pairs)} & known.keys())}
    pairs = [pair for pair in pairs if pair[0] in place and pair[1] in place]
    left = np.fromiter((place[a] for a, _ in pairs), np.intp, len(pairs))
    right = np.fromiter((place[b] for _, b in pairs), np.intp, len(pairs))
    live = np.fromiter((known[rid].live for rid in place), np.bool_, len(place))
    vectors = vectors_of(known[rid].packed for rid in place)
    if deaf := [rid for rid in place if known[rid].common]:
        vectors = vectors.copy()
        vectors[[place[rid] for rid in deaf]] = project_vectors([known[rid].normal for rid in deaf])
    scores = score_pairs(model, vectors, left, right)
    kept = np.flatnonzero((scores >= FLOOR) & (live[left] | live[right]))
    return {pairs[i]: points for i, points in zip(kept.tolist(), scores[kept].tolist(), strict=True)}


def _cluster(component: Component, normals: Mapping[str, Normal], known: Mapping[str, Known]) -> Clustering:
    live = {rid: n for rid, n in normals.items() if known[rid].live}
    if len(live) == len(normals) and not component.words and agree(live, component.pairs):
        return Clustering((tuple(component.records),), (), {}, ())
    dead = {rid: n for rid, n in normals.items() if rid not in live}
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


def _reviews(
    clustering: Clustering, component: Component, normals: Mapping[str, Normal]
) -> Iterable[ReviewRow]:
    for item in items(clustering, normals, component.pairs, component.words):
        yield ReviewRow(*item)
