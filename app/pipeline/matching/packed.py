"""What lies in the drawer of a record: its vector, which comparing reads, and after it the record, which clustering reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from app.pipeline.matching.common import heard
from app.pipeline.matching.normal import Normal, pack, unpack
from app.pipeline.matching.project import PROJECT, project_vectors
from app.pipeline.matching.vector import Vectors, dtype

_LAYOUT = dtype(PROJECT)
_SIZE = _LAYOUT.itemsize
SAID = _SIZE + 1
"""The place, counted from 1, of the first byte of a packed record that is not its vector."""


def pack_all(normals: Sequence[Normal]) -> list[bytes]:
    """Pack records: equal ones into equal bytes, wherever, whenever and in whatever company."""
    rows = project_vectors(normals).tobytes()
    return [rows[i * _SIZE : (i + 1) * _SIZE] + pack(one) for i, one in enumerate(normals)]


def unpack_one(packed: bytes) -> Normal:
    """Give the record that was packed."""
    return unpack(memoryview(packed)[_SIZE:])


def unpack_said(said: bytes) -> Normal:
    """Give the record of whose packed form this is what stands from `SAID` on."""
    return unpack(said)


def heard_bytes(packed: bytes, common: Collection[str]) -> bytes:
    """Give a packed record without the numbers that are common; alone each costs ten times as much."""
    return pack_all([heard(unpack_one(packed), common)])[0] if common else packed


def vectors_of(packed: Iterable[bytes]) -> Vectors:
    """Give the vectors of packed records, one row each, unread otherwise."""
    return np.frombuffer(b"".join(one[:_SIZE] for one in packed), _LAYOUT)
