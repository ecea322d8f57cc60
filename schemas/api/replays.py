"""Replays: what today's rules would make of what a source has said, and how far reading it again has come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.api.shapes import Paged, SourceKey, Words
from schemas.base import Schema

Step = Literal["plan", "run"]
ReplayState = Literal["queued", "running", "planned", "succeeded", "failed", "cancelled"]
Fate = Literal["accepted", "rejected", "still_rejected", "new", "changed", "dropped", "failing"]
"""Rows: rejected before and accepted now, the other way round, rejected both times. Records: not there before, saying
something else, said no more. Failing: raw records nobody could read without an error of the hub."""


class NewReplay(Schema):
    """Which sources to read again; a dry run only says what would come of it."""

    sources: Annotated[tuple[SourceKey, ...], Field(min_length=1, max_length=100)]
    dry_run: bool = True


class Difference(Schema):
    """One field of a record that would say something else."""

    field: str
    was: str | None
    now: str | None


class Sample(Schema):
    """One row or record as an example of its fate; `rule_was` and `rule_now` say why it is or was rejected."""

    fate: Fate
    record_id: str
    key: str
    delivery_no: int | None = None
    row_no: int | None = None
    rule_was: str | None = None
    rule_now: str | None = None
    field: str | None = None
    value: str | None = None
    zh: str | None = None
    en: str | None = None
    differences: tuple[Difference, ...] = ()


class SourceReplay(Schema):
    """What reading one source again does: raw records and rows read, rows by fate and rule, records by fate.

    `accepted` counts by the rule that rejected before, the other two by the rule that rejects now.
    """

    source: str
    raw_records: int = 0
    rows: int = 0
    accepted: dict[str, int] = {}
    rejected: dict[str, int] = {}
    still_rejected: dict[str, int] = {}
    new: int = 0
    changed: int = 0
    dropped: int = 0
    failing: dict[str, int] = {}
    finished: bool = False
    samples: tuple[Sample, ...] = ()


class ReplayQuery(Paged):
    """Which replays, newest first."""

    state: Words | None = None


class ReplayView(Schema):
    """A replay: its plan, and how far it has come; `done` of `total` raw records are read.

    Cancelled half way, the records that were read stand under today's rules, the others as before; run it again and
    it goes on from there.
    """

    replay_id: str
    sources: tuple[str, ...]
    step: Step
    state: ReplayState
    by: str | None
    attempt: int
    total: int
    done: int
    plan: tuple[SourceReplay, ...] | None
    counts: tuple[SourceReplay, ...] | None
    error_class: str | None
    error_text: str | None
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    lease_until: datetime | None
    """Until when a silent process is waited for; a working one puts it off again and again."""
