"""Which pairs teach most: those near the boundary are drawn more often, and never those alone."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import sqrt

from app.pipeline.matching.cluster import Scored
from app.pipeline.matching.model import WHOLE

_FLOOR = 0.02
_SIGNS = 8


def chance(score: int) -> int:
    """Give the weight (10⁻⁶) by which a pair of this score is drawn: exp(−|log-odds| / 2) + 0.02, at most 1."""
    p = min(max(score, 1), WHOLE - 1)
    return min(WHOLE, round(WHOLE * (sqrt(min(p, WHOLE - p) / max(p, WHOLE - p)) + _FLOOR)))


def draw(pairs: Iterable[Scored], n: int, salt: str) -> list[Scored]:
    """Draw up to `n` pairs in order of draw, each with a chance in proportion to its weight; equal salts draw alike."""
    return sorted(pairs, key=lambda pair: (_dice(pair, salt) / chance(pair[2]), pair))[:n]


def _dice(pair: Scored, salt: str) -> int:
    said = f"{salt}\0{pair[0]}\0{pair[1]}".encode()
    return int.from_bytes(blake2b(said, digest_size=_SIGNS).digest(), "little") + 1
