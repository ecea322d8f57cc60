"""PURE: what each raw record's history amounts to now.

The statement of a record is its highest accepted upsert in the order (version, delivery, row); the record is dead
once a delete of higher order exists. Folding is the same in any order of arrival.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from schemas.records import PartRecord, ProjectRecord
from schemas.structs import encode, is_struct

Order = tuple[str, int, int]

_hash = hashlib.blake2b
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL in JSON, and not a backslash that was said before `u0000`."""


class Written(NamedTuple):
    """What the drawer holds of a statement: whose it is, and its text, JSON without what is no more than a default.

    The hash is of what is said, without when: a judgement names the content it was about. The statement itself is let go:
    a batch of them is most of its memory, and what is taken apart at once costs less.
    """

    source: str
    key: str
    kind: str
    parent: tuple[str, str] | None
    """Source and key of the record that a part hangs on."""
    text: str
    content_hash: str


def write(statement: ProjectRecord | PartRecord) -> Written:
    """Write a statement down; raise ValueError where a text holds what no database takes: NUL or half a character."""
    if is_struct(statement):
        said = encode(statement)
    else:  # a department's own connector made it
        said = statement.__pydantic_serializer__.to_json(statement, exclude_defaults=True)
    if b"\\u0000" in said and _NUL.search(said):
        raise ValueError("a text holds NUL")
    # `stated_at` is the last field: what stands before it is the content
    content = said if statement.stated_at is None else said[: said.rindex(b',"stated_at":')] + b"}"
    parent = (statement.parent_source, statement.parent_key) if statement.kind == "part" else None
    content_hash = _hash(content, digest_size=16).hexdigest()
    return Written(statement.source, statement.key, statement.kind, parent, said.decode(), content_hash)


class Said(NamedTuple):
    """One raw row with what normalizing made of it: None statements for a rejection, a delete or a confirmation."""

    raw_id: str
    order: Order
    op: str
    raw_hash: bytes
    key: str
    said_at: datetime
    statements: tuple[Written, ...] | None = None


class History(NamedTuple):
    """What is known of a raw record: the order of its winning content and of its highest delete."""

    content: Order | None = None
    content_hash: bytes = b""
    gone: Order | None = None
    gone_hash: bytes = b""
    said_at: datetime | None = None
    """When the last row landed that gave the content or took it away."""
    winner: Said | None = None
    """The row that won in this batch, None while the stored content stands."""

    @property
    def live(self) -> bool:
        """Say whether the record stands: it has content and no later delete."""
        return self.content is not None and (self.gone is None or self.gone < self.content)


def fold(stored: Mapping[str, History], said: Iterable[Said]) -> dict[str, History]:
    """Give the history of every raw record the batch speaks of, starting from what is stored."""
    now: dict[str, History] = {}
    nothing = History()
    for row in said:
        history = now.get(row.raw_id) or stored.get(row.raw_id) or nothing
        now[row.raw_id] = _add(history, row)
    return now


def _add(history: History, row: Said) -> History:
    content, content_hash, gone, gone_hash, _, _ = history
    order = row.order
    if row.op == "delete":
        if gone is None or order > gone:
            return history._replace(gone=order, gone_hash=row.raw_hash, said_at=row.said_at)
    elif row.op == "confirm":
        if content and content_hash == row.raw_hash and order > content:
            return history._replace(content=order)
        if gone and gone_hash == row.raw_hash and order > gone:
            return history._replace(gone=order)
    elif row.statements is not None and (content is None or order > content):
        return History(order, row.raw_hash, gone, gone_hash, row.said_at, row)
    return history
