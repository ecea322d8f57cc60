"""Find which records are one project: cluster the components of some records anew.

Reads one snapshot and writes nothing: `resolving` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.db import resolution
from app.db.relations import Named, RelationRow, named, relations_of
from app.db.resolution import Difference, MemberRow, NormalRow, ReviewRow, Supposed, difference
from app.db.session import Connection
from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Word, cluster
from app.pipeline.matching.common import heard
from app.pipeline.matching.families import APART
from app.pipeline.matching.items import items
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.packed import SAID, unpack_said
from app.pipeline.region import Component, components, region
from schemas.judgements import Verdict

SEEDS, MOST = 20, 4_000
"""Records whose components are looked for together, and records that are clustered in one step: the components of a
large hub hold more and more records, and memory must not follow."""
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
    seeds: Sequence[str],
    words_upto: int,
    supposed: Supposed | None = None,
    *,
    least: int | None = None,
) -> Resolution:
    """Cluster the components of these records: a function of the pairs, the words and what is known of all in them.

    A record that was dropped leaves its project; others are put where they belong now. With `least` only so many of the
    first need be taken, and the rest as far as memory is meant to go: `region` tells who was.
    """
    done: set[str] = set()
    before: dict[str, MemberRow] = {}
    places: dict[str, MemberRow] = {}
    reviews: list[ReviewRow] = []
    relations: list[RelationRow] = []
    for start in range(0, len(seeds), SEEDS):
        if least is not None and start >= least and len(done) >= MOST:
            break
        some = [rid for rid in seeds[start : start + SEEDS] if rid not in done]
        if not some:
            continue
        touched = region(connection, jurisdiction, some, words_upto, supposed)
        rows = resolution.read_said(connection, jurisdiction, touched.records, SAID)
        known = {row.record_id: row for row in rows}
        said = sorted(touched.words.items())
        words = [
            Word(w.a, w.b, Verdict(w.verdict), w.judgement_no, tuple(w.cores_a), tuple(w.cores_b))
            for _, w in said
        ]
        for component in components(known.keys(), touched.pairs, words):
            normals = {rid: _heard(known[rid]) for rid in component.records}
            clustering = _cluster(component, normals, known)
            places |= {place.record_id: place for place in _places(clustering, known)}
            reviews += _reviews(clustering, component, normals)
            relations += _relations(clustering, places)
        done |= touched.records
        before |= touched.before
    if not done:
        return Resolution()
    return Resolution(
        region=frozenset(done),
        before=before,
        members=places,
        reviews=tuple(sorted(reviews)),
        relations=difference(
            named(relations_of(connection, jurisdiction, done, apart=True)), named(relations)
        ),
    )


def _heard(row: NormalRow) -> Normal:
    """Give a record as clustering sees it, without the numbers that are common."""
    return heard(unpack_said(row.packed), row.common or ())


def _cluster(
    component: Component, normals: Mapping[str, Normal], known: Mapping[str, NormalRow]
) -> Clustering:
    live = {rid: n for rid, n in normals.items() if known[rid].live}
    if len(live) == len(normals) and not component.words and agree(live, component.pairs):
        return Clustering((tuple(component.records),), (), {}, ())
    dead = {rid: n for rid, n in normals.items() if rid not in live}
    return cluster(live, dead, component.pairs, component.words)


def _places(clustering: Clustering, known: Mapping[str, NormalRow]) -> Iterable[MemberRow]:
    """Give each record its project, named by the earliest member in memory order, withdrawn members included."""
    attached: dict[str, list[str]] = {}
    for gone, live in clustering.attached.items():
        attached.setdefault(live, []).append(gone)
    for project in clustering.projects:
        withdrawn = [gone for live in project for gone in attached.get(live, ())]
        first = min((*project, *withdrawn), key=lambda rid: (known[rid].began, rid))
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
