"""How a column is read: text, number, money and area rules of a manifest, each made ready once to read any row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.columns import area_unit, money_unit
from connectors.manifest_mapping import AreaRule, MoneyRule, NumberRule, TextRule
from connectors.mapping_values import Reader, Said, T, missing, reject
from schemas.doubts import Doubt, Parsed
from schemas.identifiers import Identifier, parse
from schemas.measures import Area, Money, parse_area, parse_money
from schemas.records import Responsible, Severity

Lookups = Mapping[str, Mapping[str, str]]


def fields_reader(rules: Mapping[str, TextRule], lookups: Lookups) -> Reader[dict[str, str | None]]:
    """Read text fields by name, None for those that say nothing."""
    readers = [(name, text_reader(rule, lookups)) for name, rule in rules.items()]
    return lambda said: {name: read(said) for name, read in readers}


def text_reader(rule: TextRule, lookups: Lookups) -> Reader[str | None]:
    """Read a text field: the first column that says something, translated by the rule's lookup."""
    if not (rule.required or rule.match or rule.lookup):
        return first_text(rule.columns)
    columns, required = rule.columns, rule.required
    only = columns[0] if len(columns) == 1 else None
    piece = piece_of(rule.match) if rule.match else None
    meaning = _meaning(rule, lookups) if rule.lookup else None

    def read(said: Said) -> str | None:
        texts = said.texts
        column = only or next((name for name in columns if texts[name] is not None), columns[0])
        text = texts[column]
        if piece is not None:
            text = piece(text)
        if text is None:
            return missing(column) if required else None
        return text if meaning is None else meaning(said, column, text)

    return read


def first_text(columns: tuple[str, ...]) -> Reader[str | None]:
    """Read the first column that says something."""
    if len(columns) == 1:
        (column,) = columns
        return lambda said: said.texts[column]

    def read(said: Said) -> str | None:
        texts = said.texts
        return next((text for name in columns if (text := texts[name]) is not None), None)

    return read


def piece_of(match: str) -> Callable[[str | None], str | None]:
    """Give the part of a text a pattern's group takes, None where it does not fit."""
    search = re.compile(match).search

    def piece(text: str | None) -> str | None:
        found = None if text is None else search(text)
        return (found[1] or None) if found else None

    return piece


def _meaning(rule: TextRule, lookups: Lookups) -> Callable[[Said, str, str], str | None]:
    """Translate a text of a column; one the table does not know rejects a required field and drops another."""
    assert rule.lookup is not None
    meanings = lookups[rule.lookup]
    zh, en = (
        f"未登记的取值，请在清单 [lookup.{rule.lookup}] 中补充",
        f"a value that [lookup.{rule.lookup}] does not know",
    )

    def meaning(said: Said, column: str, text: str) -> str | None:
        if (found := meanings.get(text)) is not None:
            return found or None
        if rule.required:
            reject("lookup.unknown", column, text, zh, en, Responsible.HUB)
        said.note(Doubt("lookup.unknown", text, zh, en), column, Severity.DROPPED, Responsible.HUB)
        return None

    return meaning


def numbers_reader(rules: Iterable[NumberRule]) -> Reader[tuple[Identifier, ...]]:
    """Read the numbers of several rules, each once."""
    ready = [
        (rule.column, rule.scheme, piece_of(rule.match) if rule.match else None, rule.required)
        for rule in rules
    ]

    def read(said: Said) -> tuple[Identifier, ...]:
        several = []
        texts = said.texts
        for column, scheme, piece, required in ready:
            text = texts[column]
            if text is None:
                if required:
                    missing(column)
                continue
            if piece is not None and (text := piece(text)) is None:
                continue
            if numbers := said.understand(column, required, parse, scheme, text):
                several.append(numbers)
        if len(several) < 2:
            return several[0] if several else ()
        found: dict[tuple[str, str], Identifier] = {}
        for numbers in several:
            for number in numbers:
                found.setdefault((number.scheme, number.value), number)
        return tuple(found.values())

    return read


def money_reader(rule: MoneyRule) -> Reader[Money | None]:
    """Read an amount in the unit its head declares, else the rule's."""
    return _measure(rule, parse_money, money_unit)


def area_reader(rule: AreaRule) -> Reader[Area | None]:
    """Read an area in the unit its head declares, else the rule's."""
    return _measure(rule, parse_area, area_unit)


def _measure(
    rule: MoneyRule | AreaRule,
    parse_measure: Callable[..., Parsed[T | None]],
    unit_of: Callable[[str, Any], str | None],
) -> Reader[T | None]:
    column, required = rule.column, rule.required

    def read(said: Said) -> T | None:
        text = said.texts[column]
        if text is None:
            return missing(column) if required else None
        of_head = said.units.get(column)
        unit = rule.unit if of_head is None else unit_of(of_head, rule.unit)
        if unit is None:
            reject(
                "unit.unexpected",
                column,
                f"{column}({of_head})",
                "表头的单位与该列含义不符",
                "the head's unit does not fit the column",
                Responsible.HUB,
            )
        return said.understand(column, required, parse_measure, text, unit)

    return read


def present(readers: Iterable[tuple[str, Reader[T | None]]]) -> Reader[dict[str, T]]:
    """Read what several readers find, by name, without what is not there."""
    ready = list(readers)
    if not ready:
        return lambda _said: {}
    return lambda said: {name: found for name, read in ready if (found := read(said)) is not None}
