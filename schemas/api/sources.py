"""Sources, their runs and their health."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.api.shapes import Counts, Paged, SourceKey, Words
from schemas.base import Schema

State = Literal["ok", "late", "never", "needs_attention", "disabled"]
"""Late: nothing good for twice its schedule. Needs attention: a person must act, as `needs` says."""


Missed = Literal["run_once", "all", "skip"]


class Need(Schema):
    """What a person must do about a source, and where."""

    zh: str
    en: str


class SourceView(Schema):
    """A source: what its manifest says, what it has given, how it is, and what it needs of a person.

    It is left alone until `open_until`, because it failed too often or asked for it; a run that is asked for goes all the same.

    `held_deletions` wait for an admin's word; `unreadable_recent` are the rows nobody could read of the newest delivery
    that had any within the last day.
    """

    source: str
    department: str
    zh: str | None
    en: str | None
    owner: str | None
    transport: str | None
    installed: bool
    enabled: bool
    state: State
    needs: tuple[Need, ...]
    held_deletions: int
    unreadable_recent: int
    attention: str | None
    every_seconds: int | None
    missed: Missed
    fresh_seconds: int | None
    open_until: datetime | None
    next_run_at: datetime | None
    succeeded_at: datetime | None
    landed_at: datetime | None
    failures: int
    deliveries: int
    waiting: int
    counts: Counts


class SourceSettings(Schema):
    """How a source is run; what is not said stays.

    `missed` slots, at which no worker ticked: run once for all of them, `all` of them one by one, or `skip` them.
    `fresh_seconds` is how old its last good word may be before it is `late`; null: by its schedule.
    """

    enabled: bool = True
    every_seconds: Annotated[int, Field(ge=1, le=31_536_000)] | None = None
    missed: Missed = "run_once"
    fresh_seconds: Annotated[int, Field(ge=1, le=31_536_000)] | None = None


class RunQuery(Paged):
    """Which runs, newest first."""

    source: SourceKey | None = None
    state: Words | None = None


class RunView(Schema):
    """One run of a source: what asked for it, how far it came, what stopped it."""

    run_id: str
    source: str
    trigger: str
    slot: datetime | None
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
    cancel_requested_at: datetime | None


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
    """The hub can serve: its database is there, migrated to this version, with a derived drawer.

    `fingerprint` names the rules of this installation, `rule_set` is the number of the published model the drawer stands
    under, 0 for the shipped one.
    """

    status: Literal["ok"] = "ok"
    migration: str
    generation: int
    fingerprint: str
    rule_set: int


class SourceHealth(Schema):
    """Whether a source gives what it should, and what it needs of a person."""

    source: str
    state: State
    needs: tuple[Need, ...]
    held_deletions: int
    unreadable_recent: int
    attention: str | None
    succeeded_at: datetime | None
    landed_at: datetime | None
    failures: int
