"""A rule made ready reads what the rule says, read plainly: one row, one rule, word for word."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RecordRejected
from connectors.manifest_mapping import AreaRule, NumberRule, TextRule
from connectors.mapping_readers import area_reader, numbers_reader, text_reader
from connectors.mapping_values import Reader, Said, T, display
from schemas.doubts import NotUnderstood
from schemas.identifiers import Scheme, parse
from schemas.measures import parse_area

COLUMNS = ("A", "B", "C")
LOOKUPS = {"s": {"1": "one", "2": "", "甲": "first"}}
CELLS = st.none() | st.integers(0, 3) | st.sampled_from(["", "无", " 1 ", "2", "甲", "第12", "x", "\u200b乙"])
ROWS = st.dictionaries(st.sampled_from(COLUMNS), CELLS)
TEXT_RULES = st.builds(
    lambda columns, required, match, lookup: TextRule.model_validate(
        {"from": columns, "required": required, "match": match, "lookup": lookup}
    ),
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.sampled_from([None, r"(\d+)$", r"^第?(\d*)"]),
    st.sampled_from([None, "s"]),
)


def text_of(row: dict[str, Any], name: str) -> str | None:
    return None if row.get(name) is None else display(str(row[name]))


def plain_text(rule: TextRule, row: dict[str, Any]) -> str | None:
    """Give the text a rule means, or the rule a required one is refused under as `!rule`."""
    text = next((said for name in rule.columns if (said := text_of(row, name))), None)
    if text and rule.match:
        found = re.search(rule.match, text)
        text = found[1] if found else None
    if not text:
        return "!field.missing" if rule.required else None
    if rule.lookup is None:
        return text
    if text not in LOOKUPS[rule.lookup]:
        return "!lookup.unknown" if rule.required else None
    return LOOKUPS[rule.lookup][text] or None


def ready(reader: Reader[T], row: dict[str, Any]) -> T | str:
    try:
        return reader(Said(row))
    except RecordRejected as refused:
        return f"!{refused.rule}"


@given(TEXT_RULES, ROWS)
def test_a_text_rule_made_ready_reads_what_the_rule_says(rule: TextRule, row: dict[str, Any]) -> None:
    assert ready(text_reader(rule, LOOKUPS), row) == plain_text(rule, row)


def plain_numbers(columns: list[str], row: dict[str, Any], *, required: bool) -> list[str] | str:
    found: list[str] = []
    for name in columns:
        text = text_of(row, name)
        if text is None and required:
            return "!field.missing"
        try:
            numbers = parse(Scheme.LISTING_NO, text).value if text else ()
        except NotUnderstood as refused:
            if required:
                return f"!{refused.doubt.rule}"
            continue
        found += [number.value for number in numbers if number.value not in found]
    return found


@given(st.lists(st.sampled_from(COLUMNS), max_size=3), st.booleans(), ROWS)
def test_numbers_are_those_of_every_column_each_once(
    columns: list[str], required: bool, row: dict[str, Any]
) -> None:
    rules = [
        NumberRule.model_validate({"scheme": "listing_no", "from": name, "required": required})
        for name in columns
    ]
    read = ready(numbers_reader(rules), row)
    values = read if isinstance(read, str) else [number.value for number in read]
    assert values == plain_numbers(columns, row, required=required)


@given(st.sampled_from(["㎡", "公顷", "亩"]), st.sampled_from(["A", "A(亩)", "A（公顷）"]), CELLS)
def test_an_area_is_read_in_the_unit_of_its_head_else_of_its_rule(unit: str, head: str, cell: Any) -> None:
    rule = AreaRule.model_validate({"from": "A", "unit": unit})
    said_unit = {"A": unit, "A(亩)": "亩", "A（公顷）": "公顷"}[head]
    text = text_of({"A": cell}, "A")
    try:
        expected = parse_area(text, said_unit).value if text else None
    except NotUnderstood:
        expected = None
    assert ready(area_reader(rule), {head: cell}) == expected


@given(ROWS, st.sets(st.sampled_from(COLUMNS)))
def test_a_cell_says_the_same_whether_it_is_read_at_once_or_when_asked(
    row: dict[str, Any], columns: set[str]
) -> None:
    at_once, asked = Said(row, columns), Said(row)
    assert [at_once.texts[name] for name in COLUMNS] == [asked.texts[name] for name in COLUMNS]
