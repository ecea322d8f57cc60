"""The cells of one row: what they say as text, and the issues met while they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, TypeVar

from connectors.columns import column
from connectors.errors import RecordRejected
from schemas.cleaning import says_nothing, speaks
from schemas.dates import StatedDate, parse_date
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.records import Issue, Responsible, Severity
from schemas.structs import maker

T = TypeVar("T")
make_issue = maker(Issue)
Reader = Callable[["Said"], T]
"""A rule of a manifest made ready: it reads its part of any row, and notes or rejects what is odd there."""

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_HARMLESS = re.compile(r"\.(?:sentinel|inner_check)")
"""Defaults a system wrote for "nothing", and a check that several honest codes fail."""
_LONGEST = 200
"""Characters of a value that an issue or a rejection repeats."""


class Said:
    """One row's cells by column name, their `texts`, and the issues met while they are read.

    The cells of `columns` are read at once, which is cheaper than one by one.
    """

    __slots__ = ("cells", "issues", "texts", "units")

    def __init__(self, row: Mapping[str, Any], columns: Iterable[str] = ()) -> None:
        heads = heads_of(tuple(row))
        if heads.twice:
            name, head = heads.twice
            reject("column.twice", name, head, f"列 {name} 出现两次", f"the column {name} stands twice")
        self.cells: dict[str, Any] = dict(zip(heads.names, row.values(), strict=True))
        self.units = heads.units
        self.texts: dict[str, str | None] = Texts(self.cells, columns)
        self.issues: list[Issue] = []

    def silence(self, name: str) -> None:
        """Read a cell as saying nothing from here on; whoever does so has written down why."""
        self.cells[name] = self.texts[name] = None

    def cell(self, name: str) -> Any:
        """Give a cell as it was said, None where the row has no such column."""
        return self.cells.get(name)

    def day(self, name: str) -> StatedDate | None:
        """Give a date, None with an issue where it cannot be read."""
        said = self.texts[name]
        return None if said is None else self.understand(name, False, parse_date, said)

    def understand(self, name: str, required: bool, parse: Callable[..., Parsed[T]], *said: Any) -> T | None:
        """Read a text; what is not understood rejects a required field and drops another with an issue."""
        try:
            value, doubts = parse(*said)
        except NotUnderstood as error:
            doubt = error.doubt
            if required:
                reject(doubt.rule, name, doubt.value, doubt.zh, doubt.en)
            self.note(doubt, name, Severity.DROPPED)
            return None
        for doubt in doubts:
            self.note(doubt, name, Severity.DROPPED if value is None else Severity.DOUBT)
        return value

    def note(
        self,
        doubt: Doubt,
        name: str,
        severity: Severity,
        responsible: Responsible = Responsible.DEPARTMENT,
    ) -> None:
        """Write an issue down, once per rule, column and value."""
        issue = make_issue(
            rule=doubt.rule,
            field=name,
            value=doubt.value[:_LONGEST],
            severity=Severity.NOTE if _HARMLESS.search(doubt.rule) else severity,
            responsible=responsible,
            zh=doubt.zh,
            en=doubt.en,
        )
        if issue not in self.issues:
            self.issues.append(issue)


class Texts(dict[str, str | None]):
    """A row's cells as display text, None where a cell says nothing or is not there.

    A cell that is no plain value is refused when its text is asked for, and only then: ignored columns may hold anything.
    """

    __slots__ = ("_cells",)

    def __init__(self, cells: dict[str, Any], columns: Iterable[str] = ()) -> None:
        super().__init__(
            {
                name: display(cell) if cell else None
                for name in columns
                if (cell := cells.get(name)) is None or cell.__class__ is str
            }
        )
        self._cells = cells

    def __missing__(self, name: str) -> str | None:
        text = self[name] = _text(name, self._cells.get(name))
        return text


def reject(
    rule: str,
    name: str | None,
    value: str | None,
    zh: str,
    en: str,
    responsible: Responsible = Responsible.DEPARTMENT,
) -> NoReturn:
    """Refuse the whole record."""
    raise RecordRejected(rule, name, value[:_LONGEST] if value else value, zh, en, responsible)


def missing(name: str) -> NoReturn:
    """Refuse a record whose required column `name` says nothing."""
    reject("field.missing", name, None, f"必填项 {name} 为空，请补填", f"{name} is required and empty")


class Heads(NamedTuple):
    """What the heads of a row mean: names in order, units by name, and the first name that stands twice with its head."""

    names: tuple[str, ...]
    units: Mapping[str, str | None]
    twice: tuple[str, str] | None


@lru_cache(maxsize=1024)
def heads_of(heads: tuple[str, ...]) -> Heads:
    """Work out once what a set of heads means; the rows of a source have few of them."""
    units: dict[str, str | None] = {}
    twice = None
    for head in heads:
        named = column(head)
        if named.name in units and twice is None:
            twice = (named.name, head)
        units[named.name] = named.unit
    return Heads(tuple(column(head).name for head in heads), units, twice)


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        reject("value.not_text", name, str(value), "应为单个值而不是结构", "one plain value is expected")
    if isinstance(value, bool):
        return "true" if value else "false"
    return display(str(value) if not isinstance(value, Decimal) else f"{value:f}")


def display(said: str) -> str | None:
    """Give a text without what nobody sees, None where it says nothing."""
    if said.isprintable():  # as nearly all are: no blank but the plain one, and nothing unseen
        shown = " ".join(said.split()) if " " in said else said
    else:
        shown = " ".join(_INVISIBLE.sub("", said).split())
    return shown if speaks(shown) or not says_nothing(shown) else None
