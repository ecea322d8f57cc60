"""Find which records are one project: judge the pairs a batch touches, and cluster their components anew.

Reads one snapshot and writes nothing: `advance` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.db import resolution
from app.db.records import RecordRow
from app.db.resolution import MemberRow, NormalRow
from app.db.session import Connection
from app.pipeline.candidates import Holding, candidates
from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Scores, Word, cluster
from app.pipeline.matching.keys import block_keys
from app.pipeline.matching.normal import Normal, normal, pack, unpack
from app.pipeline.matching.score import FLOOR, score
from app.pipeline.matching.stated import stated
from app.pipeline.region import Component, components, region
from schemas.judgements import Verdict


@dataclass(frozen=True, slots=True)
class Resolution:
    """What resolving a batch replaces: keys, pairs of the records judged anew, and the places of a region.

    `keys` have with them what matching sees of a record, None where it is dropped.
    """

    keys: Mapping[str, tuple[Collection[int], NormalRow | None]] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()
    pairs: tuple[tuple[str, str, int], ...] = ()
    region: frozenset[str] = frozenset()
    before: Mapping[str, str] = field(default_factory=dict)
    members: tuple[MemberRow, ...] = ()
    reviews: tuple[tuple[str, str, str, int], ...] = ()


class Known(NamedTuple):
    """A project record as resolving sees it: prepared, living or not, and the row that began it."""

    normal: Normal
    live: bool
    first: tuple[int, int]


def resolve(
    connection: Connection,
    jurisdiction: int,
    changed: Mapping[str, RecordRow],
    dropped: Collection[str],
    asked: Iterable[str],
    words_upto: int,
) -> Resolution:
    """Resolve project records that changed, died or were dropped, and the records people spoke about."""
    spoken = set(asked) - changed.keys()
    if not changed and not spoken and not dropped:
        return Resolution()
    known = {
        rid: Known(normal(rid, stated(row.statement)), row.live, (row.first_delivery, row.first_row))
        for rid, row in changed.items()
    }
    holding: dict[str, Holding] = {rid: (block_keys(one.normal), one.live) for rid, one in known.items()}
    holding |= dict.fromkeys(dropped, ((), False))
    judged, pairs = candidates(connection, jurisdiction, holding)
    known |= _read(
        connection, jurisdiction, {rid for pair in pairs for rid in pair}.difference(known, dropped)
    )
    fresh = _score(known, pairs)
    touched = region(connection, jurisdiction, {*changed, *spoken, *judged}, judged, fresh, words_upto)
    known |= _read(connection, jurisdiction, touched.records.difference(known, dropped))
    words = [Word(w.a, w.b, Verdict(w.verdict), w.judgement_no) for _, w in sorted(touched.words.items())]
    clusterings = [
        _cluster(component, known)
        for component in components(touched.records & known.keys(), touched.pairs, words)
    ]
    return Resolution(
        keys={rid: (held, _stored(rid, known)) for rid, (held, _) in holding.items()},
        judged=frozenset(judged),
        pairs=tuple((a, b, points) for (a, b), points in sorted(fresh.items())),
        region=frozenset(touched.records),
        before=touched.before,
        members=tuple(place for clustering in clusterings for place in _places(clustering, known)),
        reviews=tuple(sorted(review for clustering in clusterings for review in _reviews(clustering))),
    )


def _read(connection: Connection, jurisdiction: int, record_ids: Collection[str]) -> dict[str, Known]:
    return {
        row.record_id: Known(unpack(row.packed), row.live, (row.first_delivery, row.first_row))
        for row in resolution.read_normals(connection, jurisdiction, record_ids)
    }


def _stored(record_id: str, known: Mapping[str, Known]) -> NormalRow | None:
    if record_id not in known:
        return None
    value, live, first = known[record_id]
    return NormalRow(record_id, live, *first, pack(value))


def _score(known: Mapping[str, Known], pairs: Iterable[tuple[str, str]]) -> Scores:
    fresh: Scores = {}
    for pair in pairs:
        a, b = known.get(pair[0]), known.get(pair[1])
        if a is not None and b is not None and (a.live or b.live):
            points = score(a.normal, b.normal)
            if points >= FLOOR:
                fresh[pair] = points
    return fresh


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


def _reviews(clustering: Clustering) -> Iterable[tuple[str, str, str, int]]:
    for review in clustering.reviews:
        a, b = sorted((min(review.left), min(review.right)))
        yield a, b, review.reason, review.score
    for conflict in clustering.conflicts:
        yield min(conflict.a, conflict.b), max(conflict.a, conflict.b), "words_conflict", 0
