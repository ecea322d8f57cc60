"""Public ids: every one leads with its jurisdiction."""

from __future__ import annotations

import hashlib
from itertools import product

_LETTERS = tuple(map("".join, product("abcdefghijklmnopqrstuvwxyz234567", repeat=2)))
"""Base 32 in lower case, ten bits at a time: an id is made for every row that is looked at."""
_HALF = (1 << 40) - 1


def record_id(jurisdiction: int, source: str, key: str) -> str:
    """Give the permanent id `<jurisdiction>-<16 characters>` of the record `key` of `source`.

    The hash is BLAKE2b over the source, a NUL and the key exactly as said: cleaning never changes identity.
    """
    digest = hashlib.blake2b(f"{source}\0{key}".encode("utf-8", "surrogatepass"), digest_size=10).digest()
    n = int.from_bytes(digest)
    a, b, two = n >> 40, n & _HALF, _LETTERS
    return (
        f"{jurisdiction}-{two[a >> 30]}{two[a >> 20 & 1023]}{two[a >> 10 & 1023]}{two[a & 1023]}"
        f"{two[b >> 30]}{two[b >> 20 & 1023]}{two[b >> 10 & 1023]}{two[b & 1023]}"
    )


def jurisdiction_of(public_id: str) -> int | None:
    """Give the jurisdiction a public id leads with, or None when the text is no public id."""
    head, dash, tail = public_id.partition("-")
    return int(head) if dash and tail and head.isascii() and head.isdigit() and len(head) <= 9 else None
