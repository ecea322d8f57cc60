"""Block keys: two records are compared when they share a key that few hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from math import floor, log

from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from schemas.cleaning import REMEMBERED

CAP = 100
"""A key with more live holders than this gives no candidates; composites of it do."""
MOST = 24
_PRODUCT = 4
"""Signs of a product's name by which a parent's record meets its project company's."""
_STEPS = 200
"""Steps of ground per factor e: areas within a quarter of a percent share one of two steps, half a step apart."""


def block_keys(n: Normal) -> tuple[int, ...]:
    """Give a record's block keys, sorted, at most 24, strongest kinds first where there would be more.

    Each is BLAKE2b with 8 bytes over a kind and a value, read as a little-endian signed 64-bit integer.
    """
    keys: dict[int, None] = {}
    for text in _texts(n):
        keys.setdefault(_hash(text))
        if len(keys) == MOST:
            break
    return tuple(sorted(keys))


def _texts(n: Normal) -> Iterator[str]:
    yield from _of_numbers(n)
    yield from _of_names(n)
    yield from _of_places(n)


def _of_numbers(n: Normal) -> Iterator[str]:
    for code in n.codes:
        yield f"c{code}"
    for number in sorted(n.bears)[:8]:
        yield f"i{number}"
    for number in sorted(n.cites)[:8]:
        yield f"i{number}"
    for code in n.usccs[:2]:
        yield f"u{code}"


def _of_names(n: Normal) -> Iterator[str]:
    """Give keys of owners and of the name; brands also without a district, for not every office states one."""
    where = n.district or "*"
    for core in n.owner_cores[:2]:
        if not is_public(core):
            yield f"e{core}"
            yield f"b{core[:2]}{where}"
            yield f"B{core[:2]}"
    if n.core:
        yield f"k{n.core}"
        yield f"b{n.core[:2]}{where}"
        yield f"B{n.core[:2]}"
        if n.usccs:
            yield f"v{n.usccs[0]}{n.core[:2]}"
        if len(n.rest) >= _PRODUCT:
            yield f"q{n.rest[:_PRODUCT]}{where}"
    elif n.town:  # public works are called by their town
        yield f"b{n.town}{where}"


def _of_places(n: Normal) -> Iterator[str]:
    """Give keys of the address, of its roads for who names the crossing, and of the size of the ground."""
    where = n.district or "*"
    if len(n.address) > 3:
        yield f"a{n.address}{where}"
    for spot in sorted(n.spots):
        yield f"t{n.town or n.core[:2]}{spot}"
    for area in n.land[:2]:
        size = log(area) * _STEPS
        yield f"z{where}{floor(size)}"
        yield f"y{where}{floor(size + 0.5)}"


@lru_cache(maxsize=REMEMBERED)
def _hash(text: str) -> int:
    return int.from_bytes(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True
    )
