"""Find the records that may be one project: what matching sees of a batch, its block keys, and its scored pairs.

Reads one snapshot and writes nothing: `pairing` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from app.db import resolution
from app.db.records import RecordRow
from app.db.resolution import Difference, Key, KeyRow, NormalRow, PairRow, Two
from app.db.session import Connection
from app.pipeline.candidates import Candidates, Holding, candidates
from app.pipeline.known import Known
from app.pipeline.matching.cluster import Scores
from app.pipeline.matching.keys import block_keys_of, keyed
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.packed import pack_all, vectors_of
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import FLOOR, PORTION, score_pairs
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.stated import stated
from app.pipeline.scoring import scorer

KEPT = 4_000
"""Records of others that are kept for the next pairs: a batch meets ever more of a growing hub, and memory must not follow."""
_NOTHING: Difference[Any, Any] = Difference((), ())


@dataclass(frozen=True, slots=True)
class Paired:
    """What a batch changes of keys, of what matching sees and of pairs, and the records to be clustered anew for it."""

    keys: Difference[Key, KeyRow] = _NOTHING
    normals: Difference[str, NormalRow] = _NOTHING
    pairs: Difference[Two, PairRow] = _NOTHING
    unclustered: frozenset[str] = frozenset()


class _Records:
    """Records as they are known: those of the batch as they are now, others as stored, of which some are kept."""

    def __init__(self, connection: Connection, jurisdiction: int, mine: dict[str, Known]) -> None:
        self._connection, self._jurisdiction, self.mine = connection, jurisdiction, mine
        self._others: dict[str, Known] = {}

    def of(self, record_ids: Collection[str]) -> dict[str, Known]:
        """Give these records, in their order; each is stored, or of the batch."""
        mine, others = self.mine, self._others
        if missing := [rid for rid in record_ids if rid not in mine and rid not in others]:
            if len(missing) + len(others) > KEPT:
                self._others = others = {}
                missing = [rid for rid in record_ids if rid not in mine]
            rows = resolution.read_normals(self._connection, self._jurisdiction, missing)
            others.update((row.record_id, Known(row)) for row in rows)
        return {rid: mine[rid] if rid in mine else others[rid] for rid in record_ids}


def pair(
    connection: Connection,
    jurisdiction: int,
    changed: Mapping[str, RecordRow],
    dropped: Collection[str],
) -> Paired:
    """Judge the pairs of project records that changed, died or were dropped.

    A record that changed in nothing matching sees is passed over, and components are to be clustered anew only where a
    pair or what clustering sees of a record is another, or where a question tells of the record.
    """
    known = _prepared(changed)
    stood = {
        row.record_id: Known(row)
        for row in resolution.read_normals(connection, jurisdiction, {*known, *dropped})
    }
    moved = {rid: one for rid, one in known.items() if rid not in stood or not one.says_as(stood[rid])}
    if not moved and not dropped:
        return Paired()
    for rid in known.keys() - moved.keys():
        known[rid].common = stood.pop(rid).common
    holding = _holding(moved)
    holding |= dict.fromkeys(dropped, Holding((), live=False))
    held, otherwise = _held(stood, moved, holding)
    records = _Records(connection, jurisdiction, known)
    judged = candidates(connection, jurisdiction, held, holding, stood, records.of)
    common = judged.common
    known |= records.of(common.keys() - holding.keys())
    turned = [rid for rid in common.keys() - holding.keys() if known[rid].common != common[rid]]
    deaf = [rid for rid, was in stood.items() if common[rid] != was.common]
    for rid in common.keys() & known.keys():
        known[rid].common = common[rid]
    fresh = _scored(scorer(connection, jurisdiction), judged, records)
    new = moved.keys() - stood.keys()
    stored = {
        (a, b): n for a, b, n in resolution.pairs_of(connection, jurisdiction, judged.keys.keys() - new)
    }
    gone = [two for two, n in stored.items() if fresh.get(two) != n]
    come = [two for two, n in fresh.items() if stored.get(two) != n]
    seeds = {*dropped, *new, *otherwise, *deaf, *turned}
    seeds.update(chain.from_iterable(gone), chain.from_iterable(come))
    seeds |= resolution.asked_about(connection, jurisdiction, moved.keys() - seeds)
    return Paired(
        keys=_keys(held, holding),
        normals=Difference((*stood, *turned), tuple(known[rid].row(rid) for rid in (*moved, *turned))),
        pairs=Difference(tuple(gone), tuple(PairRow(*two, fresh[two]) for two in come)),
        unclustered=frozenset(seeds),
    )


def _prepared(changed: Mapping[str, RecordRow]) -> dict[str, Known]:
    """Give records as resolving sees them, all their numbers telling."""
    normals = [normal(rid, stated(row.statement)) for rid, row in changed.items()]
    return {
        rid: Known(NormalRow(rid, row.live, row.first_delivery, row.first_row, packed), one)
        for (rid, row), one, packed in zip(changed.items(), normals, pack_all(normals), strict=True)
    }


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


def _clustered(n: Normal) -> tuple[object, ...]:
    """Give what clustering sees of a record besides its pairs, whether it lives and when it began."""
    return (n.phase, n.zone, n.works_class, n.codes, n.bears, n.cites, n.once, n.firm)


def _keys(held: Mapping[str, Holding], holding: Mapping[str, Holding]) -> Difference[Key, KeyRow]:
    """Give the keys that go and that come where records of `held` hold those of `holding`, all of whom are in it."""
    gone: list[Key] = []
    come: list[KeyRow] = []
    for rid, now in holding.items():
        was = held.get(rid)
        if was == now:
            continue
        former = {*was.keys} if was else set[int]()
        stay = former.intersection(now.keys) if was and was.live == now.live else set[int]()
        gone += [(key, rid) for key in former - stay]
        come += [KeyRow(key, rid, now.live) for key in now.keys if key not in stay]
    return Difference(tuple(gone), tuple(come))


_Beside = list[tuple[str, AbstractSet[str]]]
"""Records, each with those it is to be compared with."""


def _scored(model: Scorer, judged: Candidates, records: _Records) -> Scores:
    """Score all candidate pairs, in portions; give those that are above the floor."""
    found: Scores = {}
    for some in _portions(judged.by_record()):
        ids = list(dict.fromkeys(chain((rid for rid, _ in some), *(others for _, others in some))))
        found |= _score(model, records.of(ids), some)
    return found


def _portions(beside: Iterable[tuple[str, AbstractSet[str]]]) -> Iterator[_Beside]:
    some: _Beside = []
    many = 0
    for rid, others in beside:
        if others:
            some.append((rid, others))
            many += len(others)
        if many >= PORTION:
            yield some
            some, many = [], 0
    if some:
        yield some


def _score(model: Scorer, known: Mapping[str, Known], some: _Beside) -> Scores:
    """Score pairs whose sides are not both dead; give those that are above the floor."""
    ids = list(known)
    place = dict(zip(ids, range(len(ids)), strict=True))
    left = np.repeat([place[rid] for rid, _ in some], [len(others) for _, others in some])
    right = np.array([place[rid] for _, others in some for rid in others], np.intp)
    live = np.array([one.live for one in known.values()], np.bool_)
    vectors = vectors_of(one.packed for one in known.values())
    if deaf := [rid for rid, one in known.items() if one.common]:
        vectors = vectors.copy()
        vectors[[place[rid] for rid in deaf]] = project_vectors([known[rid].normal for rid in deaf])
    scores = score_pairs(model, vectors, left, right)
    kept = np.flatnonzero((scores >= FLOOR) & (live[left] | live[right]))
    found: Scores = {}
    for i, j, points in zip(*(every[kept].tolist() for every in (left, right, scores)), strict=True):
        a, b = ids[i], ids[j]
        found[(a, b) if a < b else (b, a)] = points
    return found
