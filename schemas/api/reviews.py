"""The review queue as HTTP asks for and gives it: questions, and what speaks for and against them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from schemas.api.decisions import View
from schemas.api.shapes import Asked, District, LongWords, Paged, PublicId, Words
from schemas.base import Schema
from schemas.judgements import Verdict

Kind = Literal["between_cuts", "ambiguous", "words_conflict", "confirm"]
"""Between the cuts: likely, not sure. Ambiguous: a side fits rivals, or the sides may be twins. Words: people contradict.

Confirm: a word was said of records that have another owner and another name by now.
"""
ReviewState = Literal["open", "answered", "all"]
ORDER = (
    "`stake`: how open the question is times the money at stake, most first. `teaching`: pairs of records drawn near the"
    " boundary, and now and then far from it, from which matching learns most; other ones each time somebody has judged,"
    " one page of them; say `drawn` with the answer."
)


class ReviewFilter(Asked):
    """Which questions: `amount` is the least at stake in yuan; `alike`, `contents` and `cause` are those of a question.

    Answered are those of which a person said a word, `same` and `different` too, though these are asked no more.
    """

    kind: Kind | None = None
    department: Words | None = None
    district: District | None = None
    amount: Annotated[int, Field(ge=0, le=10**16)] | None = None
    assigned: Words | None = None
    project: PublicId | None = None
    alike: Words | None = None
    contents: Words | None = None
    cause: Words | None = None
    state: ReviewState = "open"


class ReviewQuery(ReviewFilter, Paged):
    """Which questions, in which order."""

    order: Annotated[Literal["stake", "teaching"], Field(description=ORDER)] = "stake"


class ReviewView(Schema):
    """A question: are the projects of records `a` and `b` one?

    `a` and `b` are the two records that link them best. `score` is the average between both sides (10⁻⁶; of a pair to
    be taught, its own), `stake` in yuan. `alike` is equal where the same fields agree, `contents` where both records say
    the same but for keys, `cause` is the number they share (`scheme:value`, '' for none). `said` is an answer that moved no
    project, that asks to be confirmed, or, of what was `answered`, the last one. Give `seen` back with the answer.
    """

    a: str
    b: str
    kind: Kind | Literal["teaching", "answered"]
    score: int
    stake: int
    departments: tuple[str, ...]
    districts: tuple[str, ...]
    alike: str
    contents: str
    cause: str
    said: Verdict | None
    assignee: str | None
    name_a: str | None
    name_b: str | None
    seen: View


class ReviewCounts(Schema):
    """How many questions there are and how much is at stake in yuan, in all and by kind, department, district, assignee.

    One question may be of several departments and districts. `upto` is the last word said by then; `seen`
    names all that was counted as it stood, where it was asked for one `cause`, `alike` or `contents`.
    """

    upto: int
    seen: str | None

    questions: int
    stake: int
    kinds: dict[str, int]
    departments: dict[str, int]
    districts: dict[str, int]
    assignees: dict[str, int]


class AnswerToAll(Schema):
    """One answer to all open questions of one case: of a `cause`, `alike` or of the same `contents`, as they were counted.

    `seen` and `upto` are those of `/reviews/counts` for this case: the answer is refused when a question of it is another.
    """

    cause: Words | None = None
    alike: Words | None = None
    contents: Words | None = None
    verdict: Verdict
    reason: LongWords
    seen: Words
    upto: Annotated[int, Field(ge=0, le=2**63 - 1)]

    @model_validator(mode="after")
    def _is_of_one_case(self) -> AnswerToAll:
        if sum(one is not None for one in (self.cause, self.alike, self.contents)) != 1:
            raise ValueError("give one of `cause`, `alike` and `contents`")
        return self


class Assignment(Schema):
    """Who is to answer a question; null gives it back to all."""

    assignee: Words | None


class TermView(Schema):
    """One part of a score: its log-odds (10⁻⁶), for or against, and what both sides say."""

    name: str
    points: int
    a: str
    b: str


class SideView(Schema):
    """One side: the record that stands for it as its department said it, and the project it is in now."""

    record_id: str
    source: str
    key: str
    live: bool
    hash: str
    statement: Any
    project_id: str | None
    project_name: str | None
    records: int


class WordView(Schema):
    """A word in force between two records."""

    judgement_no: int
    decision_no: int | None
    a: str
    b: str
    verdict: Verdict
    by: str
    at: datetime
    reason: str


class PairView(Schema):
    """Two records and how likely they are one project (10⁻⁶)."""

    a: str
    b: str
    score: int


class RuleView(Schema):
    """A hard rule that two records of the two sides break: phase, zone, class or code; no score overrules it."""

    rule: str
    a: str
    b: str


class Reason(Schema):
    """Why two records are not in one project, or why they are: a stable code, and words for a person."""

    code: str
    zh: str
    en: str


class Evidence(Schema):
    """What speaks for and against two records being of one project, and why they are in one or not.

    `score` and `points` (prior + terms, 10⁻⁶) are those of the two records; `band` is what they alone would be: safe,
    review or apart. `average` is over all `possible` pairs between the two projects, of which `compared` have a score; `pairs`
    are the best of them. `cuts` are the averages from which a person is asked, and from which projects are joined.
    """

    a: SideView
    b: SideView
    score: int
    points: int
    prior: int
    terms: tuple[TermView, ...]
    rule: str | None
    band: Literal["safe", "review", "apart"]
    average: int
    compared: int
    possible: int
    cuts: tuple[int, int]
    pairs: tuple[PairView, ...]
    rules: tuple[RuleView, ...]
    words: tuple[WordView, ...]
    reasons: tuple[Reason, ...]
    seen: View
    question: ReviewView | None


class ConflictView(Schema):
    """Words that contradict: those `refused` of `a` and `b` cannot stand, for `different` stands `against` them.

    `path` are the words `same` that lead from `a` or `b` to the records of a word against; where it is empty matching
    itself put them together. A relation (phase_of and the like) is refused where both are one project, or where it closes
    a ring.
    """

    a: str
    b: str
    refused: tuple[WordView, ...]
    path: tuple[WordView, ...]
    against: tuple[WordView, ...]
