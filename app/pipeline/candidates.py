"""Which pairs a batch must judge: a pair is a candidate iff it shares a key with at most `CAP` live holders.

A key that crosses the cap either way has all its holders judged anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.db import resolution
from app.db.session import Connection
from app.pipeline.matching.keys import CAP, block_keys_of
from app.pipeline.matching.packed import unpack_one


class Holding(NamedTuple):
    """The keys a record holds, and whether it lives."""

    keys: Collection[int]
    live: bool


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a key: how many living records did before the batch, how many do now, and everybody who does now.

    Keys that one record holds, or too many before and after, are left out: they give no candidates.
    """

    before: int
    now: int
    everybody: frozenset[str]


def candidates(
    connection: Connection,
    jurisdiction: int,
    held: Mapping[str, Holding],
    holding: Mapping[str, Holding],
) -> tuple[set[str], Collection[tuple[str, str]]]:
    """Give the records whose pairs are judged anew, and every candidate pair (a, b) of theirs, a < b, each once.

    Pairs of one record lie together.

    `held` is what records of this batch held before it, `holding` what they hold from it on.
    """
    touched = {key for one in (*held.values(), *holding.values()) for key in one.keys}
    holders = _holders(connection, jurisdiction, touched, held, holding)
    crossed = [one for one in holders.values() if (one.before > CAP) != (one.now > CAP)]
    judged = set(holding).union(*(one.everybody for one in crossed))
    keys = {rid: one.keys for rid, one in holding.items()}
    if others := judged - holding.keys():
        rows = resolution.read_normals(connection, jurisdiction, others)
        more = block_keys_of(unpack_one(row.packed) for row in rows)
        keys |= {row.record_id: held for row, held in zip(rows, more, strict=True)}
        further = {key for rid in others for key in keys[rid]} - touched
        holders |= _holders(connection, jurisdiction, further, {}, {})
    few = {key: one.everybody for key, one in holders.items() if one.now <= CAP}
    pairs: dict[tuple[str, str], None] = {}
    for rid in keys:
        partners = set().union(*(few[key] for key in keys[rid] if key in few))
        partners.discard(rid)
        pairs |= dict.fromkeys((rid, other) if rid < other else (other, rid) for other in partners)
    return judged, pairs.keys()


def _holders(
    connection: Connection,
    jurisdiction: int,
    keys: Iterable[int],
    held: Mapping[str, Holding],
    holding: Mapping[str, Holding],
) -> dict[int, Holders]:
    """Give the holders of each key, as stored and once `holding` stands."""
    live, dead = _by_key(holding, live=True), _by_key(holding, live=False)
    # with more living holders than these a key is beyond the cap even when all of this batch have left it
    leaving = _by_key(held, live=True)
    most = {key: CAP + len(leaving.get(key, ())) for key in keys}
    stored = resolution.holders_of(connection, jurisdiction, most)
    found: dict[int, Holders] = {}
    for key, (alive, gone) in stored.items():
        if alive is None:
            continue
        staying = [rid for rid in alive if rid not in holding] if held else alive
        others = [rid for rid in gone if rid not in holding] if held else gone
        new = live.get(key, ())
        everybody = frozenset((*staying, *others, *new, *dead.get(key, ())))
        if len(everybody) > 1 or len(alive) > CAP:
            found[key] = Holders(len(alive), len(staying) + len(new), everybody)
    for key in live.keys() | dead.keys():
        if key not in stored:
            new = live.get(key, ())
            everybody = frozenset((*new, *dead.get(key, ())))
            if len(everybody) > 1:
                found[key] = Holders(0, len(new), everybody)
    return found


def _by_key(holding: Mapping[str, Holding], *, live: bool) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for rid, one in holding.items():
        if one.live == live:
            for key in one.keys:
                found.setdefault(key, []).append(rid)
    return found
