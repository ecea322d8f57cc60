"""What people decide about records and projects, as HTTP asks for and tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from schemas.api.shapes import LongWords, Number, Paged, PublicId, Words
from schemas.base import Schema
from schemas.judgements import DecisionKind, Verdict

Etags = Annotated[dict[PublicId, Words], Field(max_length=10)]
"""The documents a person looked at, by project: the answer is 409 when one is another by now."""


class View(Schema):
    """What stood when a question was looked at: give it back with the answer, which is refused when it is another.

    `upto` is the last word said in the jurisdiction by then; of each side the statement's hash, its project and the
    hash of the project's document.
    """

    upto: Annotated[int, Field(ge=0, le=2**63 - 1)]
    hash_a: Words
    hash_b: Words
    project_a: PublicId | None
    project_b: PublicId | None
    etag_a: Words | None
    etag_b: Words | None


class Answer(Schema):
    """A word on the two records of a question, with the view it was said on; `drawn` when `order=teaching` gave it."""

    a: PublicId
    b: PublicId
    verdict: Verdict
    seen: View
    drawn: bool = False

    @model_validator(mode="after")
    def _is_of_two(self) -> Answer:
        if self.a == self.b:
            raise ValueError("`a` and `b` must be two records")
        return self


class NewDecision(Schema):
    """Answers given in one go, all or none: those of a case that stands for all of them, or a single one."""

    answers: Annotated[tuple[Answer, ...], Field(min_length=1, max_length=200)]
    reason: LongWords

    @model_validator(mode="after")
    def _answers_each_once(self) -> NewDecision:
        if len({frozenset((one.a, one.b)) for one in self.answers}) < len(self.answers):
            raise ValueError("each two records are judged once in a decision")
        return self


class Merge(Schema):
    """Make this project and `other` one; either may be named by any of its records."""

    other: PublicId
    reason: LongWords
    seen: Etags = {}


class Split(Schema):
    """Take these records out of the project, to be one of their own."""

    records: Annotated[tuple[PublicId, ...], Field(min_length=1, max_length=200)]
    reason: LongWords
    seen: Etags = {}


class Move(Schema):
    """Take the record out of its project and put it into the project `to`, named by any of its records."""

    to: PublicId
    reason: LongWords
    seen: Etags = {}


class Undo(Schema):
    """Why a decision is taken back."""

    reason: LongWords


class ProjectPlace(Schema):
    """A project before or after a decision: how many records it has, and the first of them by id."""

    project_id: str
    records: int
    record_ids: tuple[str, ...]


class Changed(Schema):
    """The projects a decision changes, as they stood and as they stand with it; at most a hundred of each are told."""

    before: tuple[ProjectPlace, ...] = ()
    after: tuple[ProjectPlace, ...] = ()


class DecisionView(Schema):
    """A decision with the numbers of the words it said and took back (at most 200 of each), and what it changed.

    `changed` is what it made of the projects as they stood then. `waits` says that the projects served do not show it
    yet; `undone_by` is the decision that took it back.
    """

    decision_no: int
    kind: DecisionKind
    reason: str
    by: str
    at: datetime
    undoes: int | None
    undone_by: int | None
    said: tuple[int, ...]
    withdrew: tuple[int, ...]
    changed: Changed
    waits: bool


class DecisionQuery(Paged):
    """Which decisions, newest first; `record` is in one of its words."""

    record: PublicId | None = None
    kind: DecisionKind | None = None
    by: Words | None = None


DecisionNo = Number
