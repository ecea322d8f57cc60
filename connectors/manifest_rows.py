"""What a manifest says of whole rows: what they must say, what is odd in them, and several parcels packed into one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from connectors.manifest_mapping import AreaRule, Columns, TellingPattern
from schemas.base import Schema


class DoubtRule(Schema):
    """Cells in which `match` is found get an issue under this rule; with `drop` they are then read as saying nothing.

    `columns` are the cells looked at, all of a row where none is named.
    """

    rule: str
    columns: Columns = ()
    match: TellingPattern
    drop: bool = False
    zh: str
    en: str


class RequireRule(Schema):
    """A row none of whose columns `any_of` says something (in the whole form `form`) is refused under this rule."""

    rule: str
    any_of: Columns = Field(min_length=1)
    form: TellingPattern | None = None
    zh: str
    en: str


class PackedRule(Schema):
    """Several parcels in one row: parallel columns hold a part for each, between the signs `by`.

    Each part is a record of its own, or with `into = "parts"` a parcel that hangs on the row's record; the first filled
    column of `number` names it. Columns with different counts of parts refuse the row.
    """

    columns: Columns = Field(min_length=2)
    number: Columns = Field(min_length=1)
    by: str = Field("|", min_length=1)
    into: Literal["records", "parts"] = "records"
    areas: dict[str, AreaRule] = {}
    """Of a part; the other columns become its texts."""

    @model_validator(mode="after")
    def _names_its_columns(self) -> PackedRule:
        if strange := {*self.number, *(area.column for area in self.areas.values())} - set(self.columns):
            raise ValueError(f"packed: {', '.join(sorted(strange))} is none of `columns`")
        return self


class RowRules(Schema):
    """The rules of whole rows.

    A source that states nothing (a city's yearly plan) is read and its oddities are told, but it speaks of no project.
    """

    states: Literal["projects", "nothing"] = "projects"
    packed: PackedRule | None = None
    doubts: tuple[DoubtRule, ...] = ()
    require: tuple[RequireRule, ...] = ()

    def row_columns(self) -> Iterator[str]:
        """Every column these rules name, with repeats."""
        for doubt in self.doubts:
            yield from doubt.columns
        for required in self.require:
            yield from required.any_of
        if self.packed:
            yield from self.packed.columns
