"""Find which records are one project: cluster the components of some records anew.

Reads one snapshot and writes nothing: `resolving` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.db import resolution
from app.db.relations import Named, RelationRow, named, relations_of
from app.db.resolution import Difference, MemberRow, ReviewRow, Supposed, difference
from app.db.session import Connection
from app.pipeline.known import Known
from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Word, cluster
from app.pipeline.matching.families import APART
from app.pipeline.matching.items import items
from app.pipeline.matching.normal import Normal
from app.pipeline.region import Component, components, region
from schemas.judgements import Verdict

_NOTHING: Difference[Any, Any] = Difference((), ())


@dataclass(frozen=True, slots=True)
class Resolution:
    """What clustering anew says of the records of a region: their places before and now, what is asked, and relations."""

    region: frozenset[str] = frozenset()
    before: Mapping[str, MemberRow] = field(default_factory=dict)
    members: Mapping[str, MemberRow] = field(default_factory=dict)
    reviews: tuple[ReviewRow, ...] = ()
    relations: Difference[Named, RelationRow] = _NOTHING

    def touched(self) -> set[str]:
        """Give the records, or projects, whose documents are old now: elsewhere than before, or otherwise related."""
        was, now = self.before, self.members
        moved = {rid for rid in was.keys() | now.keys() if was.get(rid) != now.get(rid)}
        rows = (*self.relations.gone, *(row[:3] for row in self.relations.come))
        return moved | {project_id for *both, kind in rows if kind != APART for project_id in both}


def resolve(
    connection: Connection,
    jurisdiction: int,
    seeds: Collection[str],
    words_upto: int,
    supposed: Supposed | None = None,
) -> Resolution:
    """Cluster the components of these records: a function of the pairs, the words and what is known of all in them.

    A record that was dropped leaves its project; others are put where they belong now.
    """
    if not seeds:
        return Resolution()
    touched = region(connection, jurisdiction, seeds, words_upto, supposed)
    rows = resolution.read_normals(connection, jurisdiction, touched.records)
    known = {row.record_id: Known(row) for row in rows}
    words = [
        Word(w.a, w.b, Verdict(w.verdict), w.judgement_no, tuple(w.cores_a), tuple(w.cores_b))
        for _, w in sorted(touched.words.items())
    ]
    places: dict[str, MemberRow] = {}
    reviews: list[ReviewRow] = []
    relations: list[RelationRow] = []
    for component in components(known.keys(), touched.pairs, words):
        normals = {rid: known[rid].normal for rid in component.records}
        clustering = _cluster(component, normals, known)
        places |= {place.record_id: place for place in _places(clustering, known)}
        reviews += _reviews(clustering, component, normals)
        relations += _relations(clustering, places)
    return Resolution(
        region=frozenset(touched.records),
        before=touched.before,
        members=places,
        reviews=tuple(sorted(reviews)),
        relations=difference(
            named(relations_of(connection, jurisdiction, touched.records, apart=True)), named(relations)
        ),
    )


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
