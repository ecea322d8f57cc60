"""Sources, their runs and their health."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from schemas.api.shapes import Counts, Paged, SourceKey, Words
from schemas.base import Schema


class SourceView(Schema):
    """A source: what its manifest says, what it has given, and how it is."""

    source: str
    department: str
    zh: str | None
    en: str | None
    owner: str | None
    transport: str | None
    installed: bool
    enabled: bool
    state: Literal["ok", "late", "never", "attention", "disabled"]
    attention: str | None
    every_seconds: int | None
    next_run_at: datetime | None
    succeeded_at: datetime | None
    landed_at: datetime | None
    failures: int
    deliveries: int
    waiting: int
    counts: Counts


class RunQuery(Paged):
    """Which runs, newest first."""

    source: SourceKey | None = None
    state: Words | None = None


class RunView(Schema):
    """One run of a source: what asked for it, how far it came, what stopped it."""

    run_id: str
    source: str
    trigger: str
    state: str
    attempt: int
    pages: int
    received: int
    kept: int
    unchanged: int
    unreadable: int
    error_class: str | None
    error_text: str | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class HeldDeletionView(Schema):
    """Records that vanished from a full listing in such number that a person must say whether they are gone."""

    run_id: str
    source: str
    live: int
    vanished: tuple[str, ...]
    at: datetime
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None


class Decision(Schema):
    """An admin's word on a held deletion: confirm deletes the vanished records, refuse keeps them."""

    decision: Literal["confirm", "refuse"]


class Live(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Schema):
    """The hub can serve: its database is there, migrated to this version, with a derived drawer."""

    status: Literal["ok"] = "ok"
    migration: str
    generation: int
    fingerprint: str


class SourceHealth(Schema):
    """Whether a source gives what it should: late means nothing good for twice its schedule."""

    source: str
    state: Literal["ok", "late", "never", "attention", "disabled"]
    attention: str | None
    succeeded_at: datetime | None
    landed_at: datetime | None
    failures: int
