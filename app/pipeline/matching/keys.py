"""Block keys: two records are compared when they share a key that few hold."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from math import floor, log
from operator import attrgetter

from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.vector import hashes

CAP = 100
"""A key with more live holders than this gives no candidates; composites of it do."""
MOST = 24
_PRODUCT = 4
"""Signs of a product's name by which a parent's record meets its project company's."""
_STEPS = 400
"""Steps of ground per factor e: areas within an eighth of a percent share one of two steps, half a step apart."""
KEYED = (
    "codes", "bears", "cites", "usccs", "district", "owner_cores", "core", "rest", "address", "spots", "town", "land",
)  # fmt: skip
keyed = attrgetter(*KEYED)
"""All that keys are made of: records that are equal in it hold equal keys."""


def block_keys(n: Normal) -> tuple[int, ...]:
    """Give a record's block keys, sorted, at most 24, strongest kinds first where there would be more."""
    return block_keys_of((n,))[0]


def block_keys_of(normals: Iterable[Normal]) -> list[tuple[int, ...]]:
    """Give the block keys of each record, as many records at once as there are: alone each costs ten times as much.

    A key is the hash of a kind and a value to 64 bits with a sign, the same everywhere and in any company; odd for
    numbers, even for all else.
    """
    numbers: list[str] = []
    others: list[str] = []
    counts: list[tuple[int, int]] = []
    for n in normals:
        mine, names, places = numbers_of(n), _of_names(n), _of_places(n)
        rest = names + places
        if len(mine) + len(rest) > MOST:  # in an order that does not hang on that of a set
            rest = list(islice(dict.fromkeys(names + sorted(places)), MOST - len(mine)))
        numbers += mine
        others += rest
        counts.append((len(mine), len(rest)))
    odd, even = iter((hashes(numbers) | 1).tolist()), iter((hashes(others) & ~1).tolist())
    return [tuple(sorted({*islice(odd, some), *islice(even, more)})) for some, more in counts]


def is_number(key: int) -> bool:
    """Tell whether a key is that of a number, which a wrong or a public one can be in common to strangers."""
    return bool(key & 1)


def number_keys(normals: Iterable[Normal]) -> dict[int, str]:
    """Give the number (as `numbers_of` has it) behind each key of these records that is that of a number."""
    numbers = list({number for n in normals for number in numbers_of(n)})
    return dict(zip((hashes(numbers) | 1).tolist(), numbers, strict=True))


def numbers_of(n: Normal) -> list[str]:
    """Give the codes and numbers that are keys, at most 24: a letter for their kind and their text, borne before cited."""
    found = [f"c{code}" for code in n.codes[:6]]
    found += [f"i{number}" for number in (sorted(n.bears)[:8] if len(n.bears) > 8 else n.bears)]
    found += [f"i{number}" for number in (sorted(n.cites)[:8] if len(n.cites) > 8 else n.cites)]
    found += [f"u{code}" for code in n.usccs[:2]]
    return found


def _of_names(n: Normal) -> list[str]:
    """Give keys of owners and of the name; brands also without a district, for not every office states one."""
    found: list[str] = []
    where = n.district or "*"
    for core in n.owner_cores[:2]:
        if not is_public(core):
            found += (f"e{core}", f"b{core[:2]}{where}", f"B{core[:2]}")
    if n.core:
        found += (f"k{n.core}", f"b{n.core[:2]}{where}", f"B{n.core[:2]}")
        if n.usccs:
            found.append(f"v{n.usccs[0]}{n.core[:2]}")
        if len(n.rest) >= _PRODUCT:
            found.append(f"q{n.rest[:_PRODUCT]}{where}")
    return found


def _of_places(n: Normal) -> list[str]:
    """Give keys of the address, of its roads for who names the crossing, and of the size of the ground."""
    where = n.district or "*"
    found = [f"a{n.address}{where}"] if len(n.address) > 3 else []
    if n.spots:
        town = n.town or n.core[:2]
        # what is in Latin letters is a whole street, not its last two signs
        found += [f"t{where if spot.isascii() else town}{spot}" for spot in n.spots]
    for area in n.land[:2]:
        size = log(area) * _STEPS
        found += (f"z{where}{floor(size)}", f"y{where}{floor(size + 0.5)}")
    return found
