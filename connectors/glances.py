"""Rows that are read only when somebody asks: most rows of a listing say again what they said last time.

A glance takes a row's key from its bytes without building the row, and hashes the bytes. Who finds a record of that key
standing on bytes of the same hash knows that reading them would give that record as it stands: the hash covers the
rules of reading too, so the bytes alone decide, and a key that was misread finds nothing.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Generic, TypeVar, overload

import msgspec

from connectors.manifest import Manifest
from connectors.rows import BLANKS, MAX_KEY_BYTES, RowReader, join_key, reader_of
from schemas.records import RULES_BYTES, Glance, RawRecord, Unreadable

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

Row = RawRecord | Unreadable
Said = TypeVar("Said")
_READING = (
    *("columns.py", "moments.py", "rows.py", "splitting.py", "strict_json.py"),
    *("transports/databases.py", "transports/table.py"),
)
"""The code that decides what record a row's bytes are."""
_WHOLE = 16
"""Bytes that tell the rules of reading apart where a whole page rests on them."""
_LONGEST = MAX_KEY_BYTES // 4
"""Characters that are certainly not too many bytes."""


class Unread(Sequence[Row], Generic[Said]):
    """The rows of one page in order, each read once, when it is first asked for."""

    def __init__(self, read: Callable[[Said], Row], said: Sequence[Said]) -> None:
        self._read, self._said = read, said
        self._rows: list[Row | None] = [None] * len(said)

    def __len__(self) -> int:
        return len(self._said)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        row = self._rows[place]
        if row is None:
            row = self._rows[place] = self._read(self._said[place])
        return row

    @property
    def read_so_far(self) -> int:
        """How many rows somebody has asked for."""
        return len(self._rows) - self._rows.count(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


class UnreadRows(Unread[bytes]):
    """Rows that came as JSON; `whole` is their list as it was said, where they came as one."""

    def __init__(self, reader: RowReader, bodies: Sequence[bytes], whole: bytes = b"") -> None:
        super().__init__(reader.from_json, bodies)
        self._reader, self._whole, self._hash = reader, whole, b""

    def glances(self, manifest: Manifest) -> Sequence[Glance | None]:
        """Give a glance at each row, None where it must be read to be told; empty when most rows have been read already.

        The heads of the key are those of the first row, which is read.
        """
        if not self._said or self.read_so_far * 2 > max(len(self), 2):
            return ()
        self[0]
        heads = self._reader.key_heads()
        key_of = reader_of(heads) if heads else None
        return tuple(_glances(key_of, _rules(manifest), self._said)) if key_of else ()

    def stamps(self) -> list[str | None]:
        """Give each row's version as `RowReader` reads it, None of a row that is none: most are not read for it."""
        return [self._stamp(place) for place in range(len(self))]

    def _stamp(self, place: int) -> str | None:
        row = self._rows[place]
        if row is None and (seen := self._reader.seen(self._said[place])):
            return seen[1]
        row = self[place]
        return row.version if isinstance(row, RawRecord) else None

    def without(self, places: Collection[int]) -> UnreadRows:
        """Give the same rows but for those at these places."""
        bodies = [body for place, body in enumerate(self._said) if place not in places]
        return UnreadRows(self._reader, bodies)

    def said(self, manifest: Manifest) -> bytes:
        """Hash all rows' bytes with the rules of reading: who finds it equal would read the very same rows."""
        if not self._hash:
            digest = whole_digest(manifest)
            if not self._whole:
                digest.update(array("Q", map(len, self._said)).tobytes())
            digest.update(self._whole or b"".join(self._said))
            self._hash, self._whole = digest.digest(), b""  # pages wait in memory: once is enough
        return self._hash


def whole_digest(manifest: Manifest) -> Digest:
    """Begin the hash of a whole page with the rules by which its rows are read."""
    return hashlib.sha256(_rules(manifest, _WHOLE))


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
