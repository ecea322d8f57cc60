"""A person's word on two records, and the decision it was said in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from schemas.base import Schema


class Verdict(StrEnum):
    """What a person may say of two records; only `same` clusters, only `different` blocks."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"
    PHASE_OF = "phase_of"
    PART_OF = "part_of"
    REPLACES = "replaces"


class DecisionKind(StrEnum):
    """What a person did in one go: gave words, or merged, split or moved, or took such a decision back."""

    JUDGE = "judge"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"
    UNDO = "undo"


class Judgement(Schema):
    """A word on records `a` and `b` with the content it was said about; a withdrawal names the word it takes back.

    Directed verdicts read `a` phase_of / part_of / replaces `b`. `cores` are the owner and name cores of both
    sides as seen, so that a changed side can ask to be confirmed. `again` is the word that this one says once more after
    it was taken back, or on a record that bears another key now. `drawn` is the chance (10⁻⁶) by which the pair was
    drawn to be taught, None for a word said for its own sake.
    """

    judgement_no: int
    a: str
    b: str
    verdict: Verdict
    reason: str
    by: str
    at: datetime
    hash_a: str
    hash_b: str
    cores_a: tuple[str, str] = ("", "")
    cores_b: tuple[str, str] = ("", "")
    withdraws: int | None = None
    confirms: int | None = None
    again: int | None = None
    decision_no: int | None = None
    drawn: int | None = None
