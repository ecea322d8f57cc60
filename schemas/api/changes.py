"""The feed of changes as HTTP asks for and gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.api.shapes import Asked
from schemas.base import Schema

LONGEST_WAIT = 25

Kind = Literal["created", "updated", "merged", "split", "renamed", "removed"]
ChangeNumber = Annotated[int, Field(ge=0, le=2**63 - 1)]


class FollowQuery(Asked):
    """Which changes: those numbered above `after`."""

    after: Annotated[
        ChangeNumber | None, Field(description="By default `Last-Event-ID`, else the newest change")
    ] = None


class ChangeQuery(Asked):
    """Which changes: those numbered above `after`, oldest first."""

    after: ChangeNumber = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    wait: Annotated[
        int,
        Field(ge=0, le=LONGEST_WAIT, description="Seconds to wait for a change where there is none yet"),
    ] = 0


class ChangeView(Schema):
    """One change of a project; `other_id` is the second project of a merge, split or rename.

    `districts` are those the project lies in, before and after the change; none where nobody said one.
    """

    change_no: int
    at: datetime
    kind: Kind
    project_id: str
    other_id: str | None
    etag: str | None
    rebuilt: bool
    districts: tuple[str, ...]


class Changes(Schema):
    """A stretch of the feed without gaps; ask again with `after` = `last`."""

    items: tuple[ChangeView, ...]
    last: int
    next: str | None
