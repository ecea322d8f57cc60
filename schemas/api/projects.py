"""Projects and their records as HTTP asks for and gives them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.api.shapes import Asked, District, Moment, Paged, ProjectPath, Words
from schemas.base import Schema
from schemas.lifecycle import LoopState, Stage

ORDER = (
    "`id` stands still while projects change: a walk gives each project that is there throughout, once. `updated` begins"
    " with the oldest change: a project that changes during the walk comes again further on, and at the end"
    " `updated_since` the last change seen goes on; merges and splits are told by `/changes` alone. A cursor is of one"
    " order."
)


class ProjectFilters(Asked):
    """Which projects: `text` is a part of the name."""

    stage: Stage | None = None
    district: District | None = None
    department: Words | None = None
    path: ProjectPath | None = None
    loop: LoopState | None = None
    text: Words | None = None
    updated_since: Moment | None = None


class ProjectQuery(ProjectFilters, Paged):
    """Which projects, and in which order: `text` is a part of the name."""

    order: Annotated[Literal["id", "updated"], Field(description=ORDER)] = "id"


class ExportQuery(ProjectFilters):
    """Which projects, in which form of file; `document` is what a line of `ndjson` holds, `bom` marks `csv` for Excel."""

    form: Literal["ndjson", "csv", "xlsx", "parquet"] = "ndjson"
    document: Literal["summary", "golden", "lifecycle"] = "summary"
    bom: bool = False


class ProjectSummary(Schema):
    """A project in a list; `investment` in yuan, `updated_at` the newest word any department said about it.

    `within` is the project whose sums count this one: who adds up a list leaves those out that have one.
    """

    project_id: str
    name: str
    stage: Stage | None
    district: str | None
    path: str
    loop: LoopState
    status: str
    departments: tuple[str, ...]
    investment: Decimal | None
    within: str | None
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
