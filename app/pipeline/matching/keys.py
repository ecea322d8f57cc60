"""Block keys: two records are compared when they share a key that few hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from app.pipeline.matching.names import is_public
from app.pipeline.matching.normal import Normal
from schemas.cleaning import REMEMBERED

CAP = 100
"""A key with more live holders than this gives no candidates; composites of it do."""
MOST = 24


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
    for code in n.codes:
        yield f"c{code}"
    for number in sorted(n.bears)[:8]:
        yield f"i{number}"
    for number in sorted(n.cites)[:8]:
        yield f"i{number}"
    for code in n.usccs[:2]:
        yield f"u{code}"
    where = n.district or "*"
    for core in n.owner_cores[:2]:
        if not is_public(core):
            yield f"e{core}"
            yield f"b{core[:2]}{where}"
    if len(n.core) > 1:
        yield f"k{n.core}"
        yield f"b{n.core[:2]}{where}"
        if n.usccs:
            yield f"v{n.usccs[0]}{n.core[:2]}"
    if len(n.address) > 3:
        yield f"a{n.address}{where}"


@lru_cache(maxsize=REMEMBERED)
def _hash(text: str) -> int:
    return int.from_bytes(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True
    )
