"""PURE: what each raw record's history amounts to now.

The statement of a record is its highest accepted upsert in the order (version, delivery, row); the record is dead
once a delete of higher order exists. Folding is the same in any order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.records import PartRecord, ProjectRecord

Order = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """One raw row with what normalizing made of it: None statements for a rejection, a delete or a confirmation."""

    raw_id: str
    order: Order
    op: str
    raw_hash: bytes
    key: str
    said_at: datetime
    statements: tuple[ProjectRecord | PartRecord, ...] | None = None


@dataclass(frozen=True, slots=True)
class History:
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
    for row in said:
        history = now.get(row.raw_id) or stored.get(row.raw_id) or History()
        now[row.raw_id] = _add(history, row)
    return now


def _add(history: History, row: Said) -> History:
    if row.op == "delete":
        if history.gone is None or row.order > history.gone:
            return replace(history, gone=row.order, gone_hash=row.raw_hash, said_at=row.said_at)
    elif row.op == "confirm":
        if history.content and history.content_hash == row.raw_hash and row.order > history.content:
            return replace(history, content=row.order)
        if history.gone and history.gone_hash == row.raw_hash and row.order > history.gone:
            return replace(history, gone=row.order)
    elif row.statements is not None and (history.content is None or row.order > history.content):
        return replace(history, content=row.order, content_hash=row.raw_hash, said_at=row.said_at, winner=row)
    return history
