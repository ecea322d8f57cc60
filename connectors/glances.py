"""Rows that are read only when somebody asks: most rows of a listing say again what they said last time.

A glance takes a row's key from its bytes without building the row, and hashes the bytes. Who finds a record of that key
standing on bytes of the same hash knows that reading them would give that record as it stands: the hash covers the
rules of reading too, so the bytes alone decide, and a key that was misread finds nothing.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import overload

import msgspec

from connectors.manifest import Manifest
from connectors.rows import BLANKS, MAX_KEY_BYTES, RowReader, join_key, reader_of
from schemas.records import RULES_BYTES, Glance, RawRecord, Unreadable

Row = RawRecord | Unreadable
_READING = ("columns.py", "moments.py", "rows.py", "splitting.py", "strict_json.py")
"""The code that decides what record a row's bytes are."""
_WHOLE = 16
"""Bytes that tell the rules of reading apart where a whole page rests on them."""
_LONGEST = MAX_KEY_BYTES // 4
"""Characters that are certainly not too many bytes."""


class UnreadRows(Sequence[Row]):
    """The rows of one page in order, each read once, when it is first asked for."""

    def __init__(self, reader: RowReader, bodies: Sequence[bytes], whole: bytes = b"") -> None:
        """`whole` is the list of the rows as it was said, where they came as one."""
        self._reader, self._bodies, self._whole = reader, bodies, whole
        self._read: list[Row | None] = [None] * len(bodies)

    def __len__(self) -> int:
        return len(self._bodies)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        row = self._read[place]
        if row is None:
            row = self._read[place] = self._reader.from_json(self._bodies[place])
        return row

    @property
    def read_so_far(self) -> int:
        """How many rows somebody has asked for."""
        return len(self._read) - self._read.count(None)

    def glances(self, manifest: Manifest) -> Sequence[Glance | None]:
        """Give a glance at each row, None where it must be read to be told; empty when a row has been read already.

        The heads of the key are those of the first row, which is read.
        """
        if self.read_so_far > 1:
            return ()
        if not self._bodies:
            return ()
        self[0]
        heads = self._reader.key_heads()
        key_of = reader_of(heads) if heads else None
        return tuple(_glances(key_of, _rules(manifest), self._bodies)) if key_of else ()

    def said(self, manifest: Manifest) -> bytes:
        """Hash all rows' bytes with the rules of reading: who finds it equal would read the very same rows."""
        digest = hashlib.sha256(_rules(manifest, _WHOLE))
        if self._whole:
            digest.update(self._whole)
            return digest.digest()
        digest.update(array("Q", map(len, self._bodies)).tobytes())
        digest.update(b"".join(self._bodies))
        return digest.digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


class Glances(Sequence[Glance | None]):
    """The glances at a page's rows, made when somebody first asks: a page known as a whole needs none."""

    def __init__(self, rows: UnreadRows, manifest: Manifest) -> None:
        self._rows, self._manifest = rows, manifest
        self._made: Sequence[Glance | None] | None = None

    def _all(self) -> Sequence[Glance | None]:
        if self._made is None:
            self._made = self._rows.glances(self._manifest)
        return self._made

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, place: int) -> Glance | None: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Glance | None]: ...
    def __getitem__(self, place: int | slice) -> Glance | Sequence[Glance | None] | None:
        return self._all()[place]

    def __iter__(self) -> Iterator[Glance | None]:
        return iter(self._all())


def _glances(
    key_of: Callable[[bytes], msgspec.Struct], rules: bytes, bodies: Sequence[bytes]
) -> Iterator[Glance | None]:
    hashed, convert = hashlib.blake2b, msgspec.structs.astuple
    for body in bodies:
        try:
            values = convert(key_of(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield None
            continue
        key = join_key([str(value) for value in values]) if len(values) > 1 else str(values[0])
        if len(key) <= _LONGEST and key.strip(BLANKS):
            yield Glance(key, rules + hashed(body, digest_size=16).digest())
        else:
            yield None


def _rules(manifest: Manifest, size: int = RULES_BYTES) -> bytes:
    """Hash all that decides what record a row's bytes are: this source's own rules and the code that reads."""
    own = (manifest.key, manifest.identity, manifest.version, manifest.retraction, manifest.volatile)
    return hashlib.blake2b(_code() + repr(own).encode(), digest_size=size).digest()


@lru_cache(maxsize=1)
def _code() -> bytes:
    files = resources.files("connectors")
    return hashlib.blake2b(b"\0".join((files / name).read_bytes() for name in _READING)).digest()
