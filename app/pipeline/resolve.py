"""Find which records are one project: judge the pairs a batch touches, and cluster their components anew.

A pair is a candidate iff it shares a key with at most `CAP` live holders. A key that crosses the cap either way has
all its holders judged anew. Reads one snapshot and writes nothing: `advance` writes what is returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.db import records, resolution
from app.db.records import RecordRow
from app.db.resolution import MemberRow
from app.db.session import Connection
from app.pipeline.matching.cluster import Clustering, Word, cluster
from app.pipeline.matching.keys import CAP, block_keys
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.score import FLOOR, REVIEW_CUT, Pair, score
from schemas.judgements import Verdict
from schemas.records import ProjectRecord


@dataclass(frozen=True, slots=True)
class Resolution:
    """What resolving a batch replaces: keys, pairs of the records judged anew, and the places of a region."""

    keys: Mapping[str, tuple[tuple[int, ...], bool]] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()
    pairs: tuple[tuple[str, str, int], ...] = ()
    region: frozenset[str] = frozenset()
    before: Mapping[str, str] = field(default_factory=dict)
    members: tuple[MemberRow, ...] = ()
    reviews: tuple[tuple[str, str, str, int], ...] = ()
    rows: Mapping[str, RecordRow] = field(default_factory=dict)


@lru_cache(maxsize=20_000)
def _prepared(record_id: str, _hash: str, statement: str) -> tuple[Normal, tuple[int, ...]]:
    value = normal(record_id, ProjectRecord.model_validate_json(statement))
    return value, block_keys(value)


def prepared(row: RecordRow) -> tuple[Normal, tuple[int, ...]]:
    """Give a record as matching sees it, with its block keys."""
    return _prepared(row.record_id, row.hash, row.statement)


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
    keys = {rid: (prepared(row)[1], row.live) for rid, row in changed.items()}
    keys |= dict.fromkeys(dropped, ((), False))
    judged, partners = _candidates(connection, jurisdiction, keys)
    rows = dict(changed)
    _load(connection, jurisdiction, rows, (judged | {p for _, p in partners}).difference(dropped))
    fresh = _score(rows, partners)
    touched, stored = _region(connection, jurisdiction, changed.keys() | spoken, judged, fresh, words_upto)
    _load(connection, jurisdiction, rows, touched.difference(dropped))
    region = {rid for rid in touched if rid in rows and rows[rid].kind == "project"}
    words = [
        Word(w.a, w.b, Verdict(w.verdict), w.judgement_no)
        for w in resolution.words_on(connection, jurisdiction, sorted(region), words_upto)
    ]
    scored = [
        Pair(a, b, points, ())
        for (a, b), points in {**stored, **fresh}.items()
        if a in region and b in region
    ]
    clusterings = [
        cluster(
            {rid: prepared(rows[rid])[0] for rid in component.records if rows[rid].live},
            {rid: prepared(rows[rid])[0] for rid in component.records if not rows[rid].live},
            component.pairs,
            component.words,
        )
        for component in components(region, scored, words)
    ]
    before = {
        m.record_id: m.project_id for m in resolution.members_of(connection, jurisdiction, sorted(touched))
    }
    return Resolution(
        keys=keys,
        judged=frozenset(judged),
        pairs=tuple((a, b, points) for (a, b), points in sorted(fresh.items())),
        region=frozenset(touched),
        before=before,
        members=tuple(place for clustering in clusterings for place in _places(clustering, rows)),
        reviews=tuple(sorted(review for clustering in clusterings for review in _reviews(clustering))),
        rows=rows,
    )


def _candidates(
    connection: Connection, jurisdiction: int, keys: Mapping[str, tuple[Sequence[int], bool]]
) -> tuple[set[str], set[tuple[str, str]]]:
    """Give the records whose pairs are judged anew, and every candidate pair of theirs as (judged, partner)."""
    old = resolution.keys_of(connection, jurisdiction, sorted(keys))
    touched = {key for held, _ in keys.values() for key in held}.union(*old.values())
    before, after = _holders(connection, jurisdiction, touched, keys)
    crossed = {key for key in touched if (before[key] > CAP) != (len(after[key][0]) > CAP)}
    judged = set(keys).union(*(after[key][0] | after[key][1] for key in crossed))
    others = judged - keys.keys()
    held = {rid: set(k) for rid, (k, _) in keys.items()} | resolution.keys_of(
        connection, jurisdiction, sorted(others)
    )
    further = {key for rid in others for key in held.get(rid, ())} - touched
    more = _holders(connection, jurisdiction, further, {})[1] if further else {}
    holders = {**after, **more}
    partners: set[tuple[str, str]] = set()
    for rid in judged:
        for key in held.get(rid, ()):
            live, dead = holders[key]
            if len(live) <= CAP:
                partners.update((rid, other) for other in live | dead if other != rid)
    return judged, partners


def _holders(
    connection: Connection,
    jurisdiction: int,
    touched: Iterable[int],
    keys: Mapping[str, tuple[Sequence[int], bool]],
) -> tuple[dict[int, int], dict[int, tuple[set[str], set[str]]]]:
    """Give how many live holders each key had, and its (live, dead) holders once `keys` stand."""
    wanted = sorted(touched)
    # a key beyond this many holders cannot cross the cap in this batch, so nobody needs to know the rest
    found = resolution.holders_of(connection, jurisdiction, wanted, CAP + len(keys) + 1)
    before: dict[int, int] = {}
    after: dict[int, tuple[set[str], set[str]]] = {}
    for key in wanted:
        stored = found.get(key, {})
        before[key] = sum(stored.values())
        live = {rid for rid, lives in stored.items() if lives and rid not in keys}
        dead = {rid for rid, lives in stored.items() if not lives and rid not in keys}
        after[key] = (live, dead)
    for rid, (held, lives) in keys.items():
        for key in held:
            after[key][0 if lives else 1].add(rid)
    return before, after


def _score(rows: Mapping[str, RecordRow], partners: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    fresh: dict[tuple[str, str], int] = {}
    for a, b in sorted({(min(pair), max(pair)) for pair in partners}):
        if a in rows and b in rows and (rows[a].live or rows[b].live):
            pair = score(prepared(rows[a])[0], prepared(rows[b])[0])
            if pair.score >= FLOOR:
                fresh[a, b] = pair.score
    return fresh


def _region(
    connection: Connection,
    jurisdiction: int,
    seeds: Iterable[str],
    judged: set[str],
    fresh: Mapping[tuple[str, str], int],
    words_upto: int,
) -> tuple[set[str], dict[tuple[str, str], int]]:
    """Give every record of the components touched, before and after, and their stored pairs that still hold."""
    new_links: dict[str, set[str]] = {}
    for (a, b), points in fresh.items():
        if points >= REVIEW_CUT:
            new_links.setdefault(a, set()).add(b)
            new_links.setdefault(b, set()).add(a)
    region: set[str] = set()
    stored: dict[tuple[str, str], int] = {}
    frontier = set(seeds) | judged
    while frontier:
        region |= frontier
        found: set[str] = set()
        for a, b, points in resolution.pairs_of(connection, jurisdiction, sorted(frontier)):
            if a not in judged and b not in judged:
                stored[a, b] = points
            if points >= REVIEW_CUT:
                found |= {a, b}
        for word in resolution.words_on(connection, jurisdiction, sorted(frontier), words_upto):
            found |= {word.a, word.b}
        placed = resolution.members_of(connection, jurisdiction, sorted(frontier))
        found.update(
            m.record_id
            for m in resolution.members_in(connection, jurisdiction, [p.project_id for p in placed])
        )
        for rid in frontier:
            found |= new_links.get(rid, set())
        frontier = found - region
    return region, stored


@dataclass(slots=True)
class Component:
    """Records that hang together by pairs above the review cut or by a person's word, with all said between them."""

    records: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


def components(region: Iterable[str], pairs: Iterable[Pair], words: Iterable[Word]) -> list[Component]:
    """Part a region into its components; a merge needs a pair above the cut, so clustering them apart is exact."""
    root = {rid: rid for rid in region}

    def find(rid: str) -> str:
        while root[rid] != rid:
            root[rid] = root[root[rid]]
            rid = root[rid]
        return rid

    pairs, words = list(pairs), [w for w in words if w.a in root and w.b in root]
    for a, b in [*((p.a, p.b) for p in pairs if p.score >= REVIEW_CUT), *((w.a, w.b) for w in words)]:
        low, high = sorted((find(a), find(b)))
        root[high] = low
    found: dict[str, Component] = {}
    for rid in sorted(root):
        found.setdefault(find(rid), Component()).records.append(rid)
    for pair in pairs:
        if find(pair.a) == find(pair.b):
            found[find(pair.a)].pairs.append(pair)
    for word in words:
        found[find(word.a)].words.append(word)
    return list(found.values())


def _load(
    connection: Connection, jurisdiction: int, rows: dict[str, RecordRow], wanted: Iterable[str]
) -> None:
    missing = sorted(set(wanted) - rows.keys())
    rows.update((row.record_id, row) for row in records.read_records(connection, jurisdiction, missing))


def _places(clustering: Clustering, rows: Mapping[str, RecordRow]) -> Iterable[MemberRow]:
    """Give each record its project, named by the earliest member in memory order, withdrawn members included."""
    attached: dict[str, list[str]] = {}
    for gone, live in clustering.attached.items():
        attached.setdefault(live, []).append(gone)
    for project in clustering.projects:
        withdrawn = [gone for live in project for gone in attached.get(live, ())]
        first = min(
            (*project, *withdrawn), key=lambda rid: (rows[rid].first_delivery, rows[rid].first_row, rid)
        )
        yield from (MemberRow(rid, first, live=True) for rid in project)
        yield from (MemberRow(rid, first, live=False) for rid in withdrawn)


def _reviews(clustering: Clustering) -> Iterable[tuple[str, str, str, int]]:
    for review in clustering.reviews:
        a, b = sorted((min(review.left), min(review.right)))
        yield a, b, review.reason, review.score
    for conflict in clustering.conflicts:
        yield min(conflict.a, conflict.b), max(conflict.a, conflict.b), "words_conflict", 0
