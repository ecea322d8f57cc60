"""Reading the cells of one row: texts, numbers, measures, dates; every oddity becomes an issue or a rejection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, NoReturn, TypeVar

from connectors.columns import area_unit, column, money_unit
from connectors.errors import RecordRejected
from connectors.manifest_mapping import AreaRule, MoneyRule, NumberRule, TextRule
from schemas.cleaning import says_nothing
from schemas.dates import StatedDate, parse_date
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.identifiers import Identifier, parse
from schemas.measures import Area, Money, parse_area, parse_money
from schemas.records import Issue, Responsible, Severity

T = TypeVar("T")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_HARMLESS = re.compile(r"\.(?:sentinel|inner_check)")
"""Defaults a system wrote for "nothing", and a check that several honest codes fail."""
_LONGEST = 200
"""Characters of a value that an issue or a rejection repeats."""


class Said:
    """One row's cells by column name, and the issues met while they are read."""

    def __init__(self, row: Mapping[str, Any], lookups: Mapping[str, Mapping[str, str]]) -> None:
        self.cells: dict[str, Any] = {}
        self.units: dict[str, str | None] = {}
        self.issues: list[Issue] = []
        self._lookups = lookups
        self._texts: dict[str, str | None] = {}
        for head, value in row.items():
            named = column(head)
            if named.name in self.cells:
                self.reject(
                    "column.twice",
                    named.name,
                    head,
                    f"列 {named.name} 出现两次",
                    f"the column {named.name} stands twice",
                )
            self.cells[named.name], self.units[named.name] = value, named.unit

    def text(self, name: str) -> str | None:
        """Give a cell as display text, None when it says nothing; reject a cell that is no plain value."""
        if name not in self._texts:
            self._texts[name] = self._text(name)
        return self._texts[name]

    def _text(self, name: str) -> str | None:
        value = self.cells.get(name)
        if value is None:
            return None
        if isinstance(value, dict | list):
            self.reject(
                "value.not_text", name, str(value), "应为单个值而不是结构", "one plain value is expected"
            )
        if isinstance(value, bool):
            return "true" if value else "false"
        said = str(value) if not isinstance(value, Decimal) else f"{value:f}"
        return _display(said)

    def silence(self, name: str) -> None:
        """Read a cell as saying nothing from here on; whoever does so has written down why."""
        self.cells[name] = None
        self._texts[name] = None

    def first(self, names: Iterable[str]) -> str | None:
        """Give the first text that says something."""
        return next((text for name in names if (text := self.text(name)) is not None), None)

    def field(self, name: str, rule: TextRule) -> str | None:
        """Give a text field: the first column that says something, translated by the rule's lookup."""
        column_of, said = next(
            ((each, text) for each in rule.columns if (text := self.text(each)) is not None),
            (rule.columns[0], None),
        )
        if said is None:
            return self._missing(column_of) if rule.required else None
        if rule.match:
            found = re.search(rule.match, said)
            if not found or not (said := found[1]):
                return self._missing(column_of) if rule.required else None
        if rule.lookup is None:
            return said
        if (meaning := self._lookups[rule.lookup].get(said)) is not None:
            return meaning or None
        zh, en = (
            f"未登记的取值，请在清单 [lookup.{rule.lookup}] 中补充",
            f"a value that [lookup.{rule.lookup}] does not know",
        )
        if rule.required:
            self.reject("lookup.unknown", column_of, said, zh, en, Responsible.HUB)
        self.note(Doubt("lookup.unknown", said, zh, en), column_of, Severity.DROPPED, Responsible.HUB)
        return None

    def numbers(self, rules: Iterable[NumberRule]) -> tuple[Identifier, ...]:
        """Give the numbers of several rules, each once."""
        found: dict[tuple[str, str], Identifier] = {}
        for rule in rules:
            said = self.text(rule.column)
            if said is None:
                if rule.required:
                    self._missing(rule.column)
                continue
            if rule.match:
                fitting = re.search(rule.match, said)
                if not fitting or not (said := fitting[1]):
                    continue
            for number in self._read(rule.column, partial(parse, rule.scheme), said, rule.required) or ():
                found.setdefault((number.scheme, number.value), number)
        return tuple(found.values())

    def money(self, rule: MoneyRule) -> Money | None:
        """Give an amount in the unit its head declares, else the rule's."""
        unit = money_unit(self.units.get(rule.column), rule.unit)
        return self._measure(rule.column, unit, parse_money, required=rule.required)

    def area(self, rule: AreaRule) -> Area | None:
        """Give an area in the unit its head declares, else the rule's."""
        unit = area_unit(self.units.get(rule.column), rule.unit)
        return self._measure(rule.column, unit, parse_area, required=rule.required)

    def day(self, name: str) -> StatedDate | None:
        """Give a date, None with an issue where it cannot be read."""
        said = self.text(name)
        return None if said is None else self._read(name, parse_date, said, required=False)

    def once(self, name: str, parsed: Parsed[T]) -> T:
        """Give a parsed value and note its doubts."""
        for doubt in parsed.doubts:
            self.note(doubt, name, Severity.DROPPED if parsed.value is None else Severity.DOUBT)
        return parsed.value

    def note(
        self,
        doubt: Doubt,
        name: str,
        severity: Severity,
        responsible: Responsible = Responsible.DEPARTMENT,
    ) -> None:
        """Write an issue down, once per rule, column and value."""
        issue = Issue(
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

    def reject(
        self,
        rule: str,
        name: str | None,
        value: str | None,
        zh: str,
        en: str,
        responsible: Responsible = Responsible.DEPARTMENT,
    ) -> NoReturn:
        """Refuse the whole record."""
        raise RecordRejected(rule, name, value[:_LONGEST] if value else value, zh, en, responsible)

    def _missing(self, name: str) -> NoReturn:
        self.reject(
            "field.missing", name, None, f"必填项 {name} 为空，请补填", f"{name} is required and empty"
        )

    def _measure(
        self, name: str, unit: Any, read: Callable[[str, Any], Parsed[T | None]], *, required: bool
    ) -> T | None:
        said = self.text(name)
        if said is None:
            if required:
                self._missing(name)
            return None
        if unit is None:
            head = f"{name}({self.units.get(name)})"
            self.reject(
                "unit.unexpected",
                name,
                head,
                "表头的单位与该列含义不符",
                "the head's unit does not fit the column",
                Responsible.HUB,
            )
        return self._read(name, lambda text: read(text, unit), said, required)

    def _read(self, name: str, read: Callable[[str], Parsed[T]], said: str, required: bool) -> T | None:
        """Read a text; what is not understood rejects a required field and drops another with an issue."""
        try:
            return self.once(name, read(said))
        except NotUnderstood as error:
            doubt = error.doubt
            if required:
                self.reject(doubt.rule, name, doubt.value, doubt.zh, doubt.en)
            self.note(doubt, name, Severity.DROPPED)
            return None


@lru_cache(maxsize=16384)
def _display(said: str) -> str | None:
    """Give a text without what nobody sees; cells of a feed repeat: districts, authorities, days."""
    shown = " ".join(_INVISIBLE.sub("", said).split())
    return None if says_nothing(shown) else shown
