"""Query by example: what is known of a project, and the records that may be of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.api.reviews import TermView
from schemas.api.shapes import District
from schemas.base import Schema
from schemas.schemes import Scheme

Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Measure = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 15)]


class NumberSaid(Schema):
    """A number of the project in its scheme, as a department writes it."""

    scheme: Scheme
    value: Text


class Example(Schema):
    """What is known of a project: any of these; `owners` are its investor, owner or project company by name.

    `credit_codes` are their unified social credit codes. `investment` in yuan, `site_area` in square metres. `least` is the
    least score (10⁻⁶) shown.
    """

    name: Text | None = None
    owners: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    credit_codes: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    numbers: Annotated[tuple[NumberSaid, ...], Field(max_length=20)] = ()
    district: District | None = None
    address: Text | None = None
    investment: Measure | None = None
    site_area: Measure | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    least: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _says_something(self) -> Example:
        if not (self.name or self.owners or self.credit_codes or self.numbers or self.address):
            raise ValueError("give a name, an owner, a credit code, a number or an address")
        return self


class Candidate(Schema):
    """A record that may be of the project: its score with every term, the project it is in, and a rule that forbids it.

    `band` is what the two alone would be: safe, review or apart.
    """

    record_id: str
    source: str
    project_id: str
    project_name: str | None
    score: int
    points: int
    prior: int
    terms: tuple[TermView, ...]
    rule: str | None
    band: Literal["safe", "review", "apart"]


class UnusedView(Schema):
    """A field of an example that found nobody, could not be used or is doubtful: a stable rule, and words for a person."""

    field: str
    rule: str
    zh: str
    en: str


class Matches(Schema):
    """The records that fit an example best, nothing of which is kept; `reasons` tell why of what was given some did not help.

    `compared` is how many records shared something rare with it; `common` how many of its traits so many records share that
    they tell nothing; `understood` how its name, owners and numbers were read.
    """

    candidates: tuple[Candidate, ...]
    compared: int
    common: int
    understood: dict[str, str]
    reasons: tuple[UnusedView, ...]
