"""The admin's desk: reconciling an inventory, and words on two records."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.api.shapes import Hash, LongWords, Number, Paged, PublicId, RowKey, SourceKey, Words
from schemas.base import Schema
from schemas.judgements import Verdict


class Inventory(Schema):
    """What a department itself holds of a source: how many records, which keys, and their hashes in the keys' order."""

    source: SourceKey
    count: Annotated[int, Field(ge=0, le=10**9)] | None = None
    keys: Annotated[tuple[RowKey, ...], Field(max_length=200_000)] | None = None
    hashes: Annotated[tuple[Hash, ...], Field(max_length=200_000)] | None = None
    dry_run: Literal[True] = True

    @model_validator(mode="after")
    def _says_something(self) -> Inventory:
        if self.count is None and self.keys is None:
            raise ValueError("give `count`, `keys` or both")
        if self.hashes is not None and len(self.hashes) != len(self.keys or ()):
            raise ValueError("`hashes` must give one hash per key, in the same order")
        return self


class Discrepancy(Schema):
    """One record on which department and hub do not agree, who must act and how."""

    kind: Literal["missing", "extra", "different", "doubled", "rejected", "stale", "unresolved"]
    key: str
    record_id: str
    owner: Literal["department", "hub"]
    rule: str | None = None
    zh: str
    en: str


class Reconciliation(Schema):
    """Source ↔ heads ↔ projects: counts of each, totals of what differs, and the first of each kind.

    `agrees` says that nothing differs and the counts are equal; `sha256` is that of everything else in this answer.
    """

    source: str
    jurisdiction: int
    dry_run: bool
    source_count: int
    heads: int
    statements: int
    in_projects: int
    projects: int
    agrees: bool
    totals: dict[str, int]
    discrepancies: tuple[Discrepancy, ...]
    sha256: str = ""


class NewJudgement(Schema):
    """A word on two records, or one that takes back (`withdraws`) or repeats (`confirms`) an earlier word.

    `hash_a` and `hash_b` are the statements the person saw: the word is refused when they have changed.
    """

    a: PublicId | None = None
    b: PublicId | None = None
    verdict: Verdict | None = None
    reason: LongWords
    hash_a: Words | None = None
    hash_b: Words | None = None
    withdraws: Number | None = None
    confirms: Number | None = None

    @model_validator(mode="after")
    def _is_one_word(self) -> NewJudgement:
        pair = (self.a, self.b, self.verdict)
        earlier = (self.withdraws, self.confirms)
        if sum(number is not None for number in earlier) > 1:
            raise ValueError("a word withdraws or confirms, not both")
        if any(earlier) and any(pair):
            raise ValueError("a word on an earlier judgement takes records and verdict from it")
        if not any(earlier) and not all(pair):
            raise ValueError("give `a`, `b` and `verdict`, or `withdraws` or `confirms`")
        if self.a is not None and self.a == self.b:
            raise ValueError("`a` and `b` must be two records")
        return self


class JudgementQuery(Paged):
    """Which judgements, newest first; `record` is either side, `confirm` leaves those that ask to be confirmed."""

    record: PublicId | None = None
    confirm: bool = False


class JudgementView(Schema):
    """A judgement; `confirm` asks a person to say it again because owner and name of a side have changed since.

    `drawn` is the chance (10⁻⁶) by which the hub drew the pair to be taught, null for a word said for its own sake.
    """

    judgement_no: int
    a: str
    b: str
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    withdraws: int | None
    confirms: int | None
    withdrawn_by: int | None
    decision_no: int | None
    drawn: int | None
    confirm: bool
