"""A person's word on two records."""

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


class Judgement(Schema):
    """A word on records `a` and `b` with the content it was said about; a withdrawal names the word it takes back.

    Directed verdicts read `a` phase_of / part_of / replaces `b`. `cores` are the owner and name cores of both
    sides as seen, so that a changed side can ask to be confirmed.
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
