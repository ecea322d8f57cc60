"""Projects and their records as HTTP asks for and gives them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from schemas.api.shapes import Moment, Paged, Words
from schemas.base import Schema
from schemas.lifecycle import LoopState, Stage


class ProjectQuery(Paged):
    """Which projects: `text` is a part of the name; newest change first."""

    stage: Stage | None = None
    district: Words | None = None
    department: Words | None = None
    path: Words | None = None
    loop: LoopState | None = None
    text: Words | None = None
    updated_since: Moment | None = None


class ProjectSummary(Schema):
    """A project in a list; `investment` in yuan, `updated_at` the newest word any department said about it."""

    project_id: str
    name: str
    stage: Stage | None
    district: str | None
    path: str
    loop: LoopState
    status: str
    departments: tuple[str, ...]
    investment: Decimal | None
    updated_at: datetime


class RecordView(Schema):
    """A record of a project as its department said it: the statement made of raw row `delivery_no`/`row_no`."""

    record_id: str
    source: str
    key: str
    kind: Literal["project", "part"]
    parent_id: str | None
    live: bool
    version: str
    said_at: datetime
    delivery_no: int
    row_no: int
    statement: Any
