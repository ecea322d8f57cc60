"""What a manifest says its columns mean: the mapping half of it, from columns to statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.transport_settings import ColumnName
from schemas.base import Schema
from schemas.identifiers import Scheme
from schemas.lifecycle import Rank
from schemas.measures import AreaUnit, MoneyUnit
from schemas.parties import Role

TEXT_FIELDS = (
    "name",
    "industry",
    "path_hint",
    "land_mode",
    "status",
    "works_class",
    "works",
    "parcel",
    "stated_at",
)
PLACE_FIELDS = ("district", "zone", "address", "parcels", "coordinates")


def _one(value: Any) -> Any:
    """Let one column stand for a list of one."""
    return [value] if isinstance(value, str) else value


def _groups(text: str) -> int:
    try:
        return re.compile(text).groups
    except re.error as error:
        raise ValueError(f"{text!r} is no pattern: {error}") from None


def _pattern(text: str) -> str:
    if _groups(text) != 1:
        raise ValueError(f"{text!r} needs exactly one group in brackets")
    return text


def _telling(text: str) -> str:
    if _groups(text) != 0:
        raise ValueError(f"{text!r} only tells whether a text fits: write its groups as (?:…)")
    return text


def _several(value: Any) -> Any:
    """Let one condition stand for a list of one."""
    return [value] if isinstance(value, dict) else value


Columns = Annotated[tuple[ColumnName, ...], BeforeValidator(_one)]
Pattern = Annotated[str, AfterValidator(_pattern)]
TellingPattern = Annotated[str, AfterValidator(_telling)]


def _short(value: Any) -> Any:
    """Let `name = "XMMC"` stand for `name = { from = "XMMC" }`."""
    return {"from": value} if isinstance(value, str) else value


class TextRule(Schema):
    """A text field: the first filled column of `from`, translated by a lookup table where one is named.

    `match` is a pattern whose first group is taken; a text it does not fit says nothing. A lookup that gives ''
    knows the value and takes nothing from it.
    """

    columns: Columns = Field(alias="from", min_length=1)
    required: bool = False
    match: Pattern | None = None
    lookup: str | None = None


class NumberRule(Schema):
    """A number of the scheme `scheme` stands in a column; a text with several gives several.

    `match` is a pattern whose first group is the number; a text it does not fit says nothing.
    """

    scheme: Scheme
    column: ColumnName = Field(alias="from")
    required: bool = False
    match: Pattern | None = None


class PartyRule(Schema):
    """A body by its name, its credit code, or both.

    `match` is a pattern whose first group is taken of the name. A party whose name it does not fit is not read at all,
    its code neither: where a column also names private persons, it keeps them and their identity numbers out.
    """

    role: Role
    name: Columns = ()
    uscc: ColumnName | None = None
    match: Pattern | None = None

    @model_validator(mode="after")
    def _says_something(self) -> PartyRule:
        if not self.name and self.uscc is None:
            raise ValueError("a party needs `name` or `uscc`")
        return self


class MoneyRule(Schema):
    """An amount in the unit said here unless the column's head declares another."""

    column: ColumnName = Field(alias="from")
    unit: MoneyUnit
    required: bool = False


class AreaRule(Schema):
    """An area in the unit said here unless the column's head declares another."""

    column: ColumnName = Field(alias="from")
    unit: AreaUnit
    required: bool = False


class When(Schema):
    """A rule holds only for rows whose `column` says one of `values`, or a text in which `match` is found."""

    column: ColumnName
    values: tuple[str, ...] = ()
    match: TellingPattern | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> When:
        if bool(self.values) == (self.match is not None):
            raise ValueError("a condition needs `values` or `match`, one of them")
        return self


class EvidenceRule(Schema):
    """What proves a milestone: a number, a date or a status.

    `words` in the date column mean done without a date (已开工). Rank A holds with number and date only; with one
    of them it is B. `month_of` takes year and month out of a project code. Of several conditions all must hold.
    """

    milestone: str
    rank: Rank
    date: ColumnName | None = None
    number: ColumnName | None = None
    part: ColumnName | None = None
    words: tuple[str, ...] = ()
    when: Annotated[tuple[When, ...], BeforeValidator(_several)] = ()
    month_of: ColumnName | None = None

    @model_validator(mode="after")
    def _says_something(self) -> EvidenceRule:
        if not (self.date or self.number or self.when or self.month_of):
            raise ValueError("evidence needs `date`, `number`, `when` or `month_of`")
        if self.rank is Rank.A and not (self.date and self.number):
            raise ValueError("rank A is a certificate: it needs `number` and `date`")
        return self


class PlannedRule(Schema):
    """A date a milestone was agreed or promised for; `basis` says in what (contract, permit, agreement)."""

    milestone: str
    date: ColumnName
    basis: str
    part: ColumnName | None = None


class PartRule(Schema):
    """These rows are parts: they hang on the record `key` of the source `source` and are never matched."""

    part: Literal["works", "unit", "parcel", "event", "item", "document"]
    source: str
    key: ColumnName


class RefuseRule(Schema):
    """Rows that are no data: a rejection under this rule when a column says one of these words and no more than a number."""

    rule: str
    column: ColumnName
    words: tuple[str, ...] = Field(min_length=1)
    zh: str
    en: str


TextField = Annotated[TextRule, BeforeValidator(_short)]


class MappingRules(Schema):
    """The mapping half of a manifest."""

    parent: PartRule | None = None
    fields: dict[str, TextField] = {}
    place: dict[str, TextField] = {}
    identifiers: tuple[NumberRule, ...] = ()
    citations: tuple[NumberRule, ...] = ()
    parties: tuple[PartyRule, ...] = ()
    money: dict[str, MoneyRule] = {}
    areas: dict[str, AreaRule] = {}
    evidence: tuple[EvidenceRule, ...] = ()
    planned: tuple[PlannedRule, ...] = ()
    texts: dict[str, TextField] = {}
    lookup: dict[str, dict[str, str]] = {}
    refuse: tuple[RefuseRule, ...] = ()
    optional: tuple[ColumnName, ...] = ()
    ignore: tuple[ColumnName, ...] = ()
    persons: tuple[ColumnName, ...] = ()
    """Columns that say who somebody is: not read, as those ignored are not, and made up anew in a recorded sample."""

    def text_rules(self) -> Iterator[tuple[str, TextRule]]:
        """Every text rule with the name of its field."""
        yield from self.fields.items()
        yield from self.place.items()
        yield from self.texts.items()

    def mapped_columns(self) -> Iterator[str]:
        """Every column some rule reads, with repeats."""
        for _, rule in self.text_rules():
            yield from rule.columns
        for number in (*self.identifiers, *self.citations):
            yield number.column
        for party in self.parties:
            yield from party.name
            yield from filter(None, (party.uscc,))
        yield from (rule.column for rule in self.money.values())
        yield from (rule.column for rule in self.areas.values())
        for proof in self.evidence:
            yield from filter(None, (proof.date, proof.number, proof.part, proof.month_of))
            yield from (condition.column for condition in proof.when)
        for planned in self.planned:
            yield from filter(None, (planned.date, planned.part))
        for refuse in self.refuse:
            yield refuse.column
        if self.parent:
            yield self.parent.key

    def check_mapping(self, own: Iterable[str]) -> None:
        """Raise ValueError for names that mean nothing: fields, lookups, columns both mapped and ignored."""
        _known("fields", self.fields, TEXT_FIELDS)
        _known("place", self.place, PLACE_FIELDS)
        for name, rule in self.text_rules():
            if rule.lookup and rule.lookup not in self.lookup:
                raise ValueError(f"{name}: there is no [lookup.{rule.lookup}]")
        mapped = {*self.mapped_columns(), *own}
        for where, unread in (("ignore", self.ignore), ("persons", self.persons)):
            if both := sorted(mapped & set(unread)):
                raise ValueError(f"{where}: {', '.join(both)} is mapped too: one or the other")
        if unknown := sorted(set(self.optional) - mapped):
            raise ValueError(f"optional: {', '.join(unknown)} is not mapped")
        if self.parent and (self.parties or self.place or set(self.fields) - {"name", "stated_at"}):
            raise ValueError("a part has no parties, no place and no fields but name and stated_at")


def _known(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{where}: {', '.join(unknown)} is no field; there are {', '.join(known)}")
