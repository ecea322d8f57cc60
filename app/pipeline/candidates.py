"""Which pairs a batch must judge: a pair is a candidate iff it shares a key with at most `CAP` live holders.

A key that crosses the cap either way has all its holders judged anew, and so has a number that becomes common or ceases
to be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from app.db import resolution
from app.db.session import Connection
from app.pipeline.known import Known
from app.pipeline.matching.common import CROWD, common_of, is_common, owner_of
from app.pipeline.matching.keys import CAP, block_keys_of, is_number, number_keys

AT_ONCE, READ = 4_000, 500
"""Keys whose holders are read in one go, and records: in a large hub a record's keys have some hundreds of holders."""


class Holding(NamedTuple):
    """The keys a record holds, and whether it lives."""

    keys: Collection[int]
    live: bool


class Holders(NamedTuple):
    """Who holds a key: how many living records did before the batch, how many do now, and everybody who does now.

    Keys that one record holds, or too many before and after, are left out: they give no candidates.
    """

    before: int
    now: int
    everybody: Collection[str]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The records whose pairs are judged anew with the keys of each, who holds the keys that few hold, and what is common.

    `common` gives what is common among the numbers of every record of the batch, and of each other record of which it was
    not what it is now.
    """

    keys: Mapping[str, Collection[int]]
    few: Mapping[int, Collection[str]]
    common: Mapping[str, tuple[str, ...]]

    def by_record(self) -> Iterator[tuple[str, AbstractSet[str]]]:
        """Give each record judged with those it is to be compared with; a pair stands with the first of its two only."""
        few, done = self.few, set[str]()
        for rid, keys in self.keys.items():
            partners = set[str]().union(*(few[key] for key in keys if key in few))
            done.add(rid)
            yield rid, partners - done


Reader = Callable[[Collection[str]], Mapping[str, Known]]
"""Gives records as they are known, with others maybe."""


def candidates(
    connection: Connection,
    jurisdiction: int,
    held: Mapping[str, Holding],
    holding: Mapping[str, Holding],
    stood: Mapping[str, Known],
    read: Reader,
) -> Candidates:
    """Give what is to be judged once records that held the keys `held`, known as `stood`, hold those of `holding`.

    `read` gives the records of the batch as they are from it on, and others as they are stored.
    """
    touched = {key for one in (*held.values(), *holding.values()) for key in one.keys}
    holders, beyond = _holders(connection, jurisdiction, touched, held, holding)
    crossed = [one.everybody for one in holders.values() if (one.before > CAP) != (one.now > CAP)]
    turned, common = _common(holders, beyond, holding, stood, read)
    judged = set(holding).union(*crossed, turned)
    keys = {rid: one.keys for rid, one in holding.items()}
    if others := list(judged - holding.keys()):
        known = read(others)
        keys |= zip(others, block_keys_of(known[rid].whole for rid in others), strict=True)
        further = {key for rid in others for key in keys[rid]} - touched
        holders |= _holders(connection, jurisdiction, further, {}, {})[0]
    few = {key: one.everybody for key, one in holders.items() if one.now <= CAP}
    return Candidates(keys, few, common)


def _common(
    holders: Mapping[int, Holders],
    beyond: AbstractSet[int],
    holding: Mapping[str, Holding],
    stood: Mapping[str, Known],
    read: Reader,
) -> tuple[set[str], dict[str, tuple[str, ...]]]:
    """Give who holds a number that is common now and was not, or the reverse, and the common numbers of `Candidates`."""
    crowds = {
        key: one.everybody
        for key, one in holders.items()
        if is_number(key) and (one.now > CROWD or one.before > CROWD)
    }
    asked = set().union(*crowds.values())
    asked |= {rid for rid, one in holding.items() if not beyond.isdisjoint(one.keys)}
    told, named = _told(asked, crowds.keys() | beyond, read)
    common = {named[key] for key in beyond if key in named}
    turned: dict[str, set[str]] = {}
    for key, everybody in crowds.items():
        number, now = named[key], holders[key].now
        owners = {told[rid].owner for rid in everybody if told[rid].live}
        was = any(number in (stood.get(rid) or told[rid]).common for rid in everybody)
        if is_common(number, now, owners - {""}):
            common.add(number)
        if (number in common) != was:
            turned |= {rid: turned.get(rid, set()) | {number} for rid in everybody}
    found: dict[str, tuple[str, ...]] = dict.fromkeys(holding, ())
    for rid in turned.keys() - holding.keys():
        found[rid] = tuple(sorted(turned[rid].symmetric_difference(told[rid].common)))
    if common:
        mine = list(asked & holding.keys())
        found |= {rid: common_of(one.whole, frozenset(common)) for rid, one in read(mine).items()}
    return set(turned), found


class _Told(NamedTuple):
    """What a record tells of the numbers it holds: whether it lives, whose it is, and which of them were common."""

    live: bool
    owner: str
    common: tuple[str, ...]


def _told(
    asked: Iterable[str], keys: AbstractSet[int], read: Reader
) -> tuple[dict[str, _Told], dict[int, str]]:
    """Give what these records tell, and the numbers behind these keys; some records are read at a time."""
    told: dict[str, _Told] = {}
    named: dict[int, str] = {}
    rest = iter(asked)
    while some := list(islice(rest, READ)):
        known = read(some)
        whole = {rid: known[rid].whole for rid in some}
        named |= {key: number for key, number in number_keys(whole.values()).items() if key in keys}
        told |= {rid: _Told(known[rid].live, owner_of(n), known[rid].common) for rid, n in whole.items()}
    return told, named


def _holders(
    connection: Connection,
    jurisdiction: int,
    keys: Iterable[int],
    held: Mapping[str, Holding],
    holding: Mapping[str, Holding],
) -> tuple[dict[int, Holders], set[int]]:
    """Give the holders of each key, as stored and once `holding` stands, and the numbers beyond the cap before and after."""
    live, dead = _by_key(holding, live=True), _by_key(holding, live=False)
    # with more living holders than these a key is beyond the cap even when all of this batch have left it
    leaving = _by_key(held, live=True)
    most = {key: CAP + len(leaving.get(key, ())) for key in keys}
    found: dict[int, Holders] = {}
    known: set[int] = set()
    beyond: set[int] = set()
    for key, alive, gone in _stored(connection, jurisdiction, most):
        known.add(key)
        if alive is None:
            if is_number(key):
                beyond.add(key)
            continue
        staying = [rid for rid in alive if rid not in holding] if held else alive
        others = [rid for rid in gone if rid not in holding] if held else gone
        new = live.get(key, ())
        everybody = (*staying, *others, *new, *dead.get(key, ()))
        if len(everybody) > 1 or len(alive) > CROWD:
            found[key] = Holders(len(alive), len(staying) + len(new), everybody)
    for key in live.keys() | dead.keys():
        if key not in known:
            new = live.get(key, ())
            everybody = (*new, *dead.get(key, ()))
            if len(everybody) > 1:
                found[key] = Holders(0, len(new), everybody)
    return found, beyond


def _stored(
    connection: Connection, jurisdiction: int, most: Mapping[int, int]
) -> Iterator[tuple[int, list[str] | None, list[str]]]:
    """Give the stored holders of each key, as `holders_of` does, some keys at a time; each record is one string in memory."""
    one_of: dict[str, str] = {}
    rest = iter(most.items())
    while some := dict(islice(rest, AT_ONCE)):
        for key, (alive, gone) in resolution.holders_of(connection, jurisdiction, some).items():
            live = None if alive is None else [one_of.setdefault(rid, rid) for rid in alive]
            yield key, live, [one_of.setdefault(rid, rid) for rid in gone]


def _by_key(holding: Mapping[str, Holding], *, live: bool) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for rid, one in holding.items():
        if one.live == live:
            for key in one.keys:
                found.setdefault(key, []).append(rid)
    return found
