"""A plain row is read at one go as it would be cell by cell, and whatever is not plain is left to the careful reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping_plain import PlainRows
from connectors.mapping_values import Said
from connectors.strict_json import StrictJsonError, loads

NAMES = ("A", "面积(公顷)", "C：")
COLUMNS = ("A", "面积", "C", "D")
CELLS = st.none() | st.sampled_from(
    ["", "无", " 1 ", "2  3", "甲", "\u200b乙", '":', "null", "a\tb", '"', "\\"]
)


def reader(*rows: dict[str, Any]) -> PlainRows:
    plain = PlainRows(COLUMNS, COLUMNS)
    for row in rows:
        plain.learn(row)
        plain.learn(row)
    return plain


LEARNED = reader(dict.fromkeys(NAMES, "x"), dict.fromkeys(NAMES[:2], "x"))


@given(st.permutations(NAMES), st.integers(1, 3), st.lists(CELLS, min_size=3, max_size=3), st.booleans())
def test_a_row_says_the_same_read_at_one_go(
    heads: list[str], n: int, cells: list[str | None], bare: bool
) -> None:
    row = dict(zip(heads[:n], cells, strict=False))
    said = LEARNED.read(json.dumps(row, ensure_ascii=bare).encode())
    if said is None:
        return
    plainly = Said(row, COLUMNS)
    assert {name: said.texts[name] for name in COLUMNS} == {name: plainly.texts[name] for name in COLUMNS}
    assert said.cells == plainly.cells
    assert [said.cell(name) for name in COLUMNS] == [plainly.cell(name) for name in COLUMNS]
    assert {name: said.units.get(name) for name in COLUMNS} == {
        name: plainly.units.get(name) for name in COLUMNS
    }


def test_rows_of_a_layout_met_twice_are_read_at_one_go() -> None:
    row = {"A": "1", "面积(公顷)": None, "C：": "3"}
    body = json.dumps(row, ensure_ascii=False).encode()
    assert LEARNED.read(body) is not None
    assert reader().read(body) is None
    once = PlainRows(COLUMNS, COLUMNS)
    once.learn(row)
    once.learn({"A": "1", "C：": "3"})
    assert once.read(body) is None


@pytest.mark.parametrize(
    "body",
    [
        '{"A":"1","面积(公顷)":"2","A":"3"}',
        '{"A":"1","面积(公顷)":"2","A" :"3"}',
        '{"A":"1","A" :"2"}',
        '{"A":"1","面积(公顷)":"2","E":"3"}',
        '{"A":"\\u0000","面积(公顷)":"2"}',
        '{"A":1,"面积(公顷)":"2"}',
        '{"A":["1"],"面积(公顷)":"2"}',
        '{"A":"1","面积(公顷)":"2"} x',
        '{"A":"","面积(公顷)":null}',
        '["A","面积(公顷)"]',
        "",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(body: str) -> None:
    assert LEARNED.read(body.encode()) is None


def test_a_name_that_stands_twice_is_never_taken_for_a_layout_with_fewer() -> None:
    """Told with a gap before its colon it is not counted, so that the rest looks like a row of two names."""
    body = b'{"A":"1","\xe9\x9d\xa2\xe7\xa7\xaf(\xe5\x85\xac\xe9\xa1\xb7)":"2","A"\t:"3"}'
    assert LEARNED.read(body) is None
    with pytest.raises(StrictJsonError, match="duplicate_key"):
        loads(body)


@pytest.mark.parametrize(
    "row", [{"A": 1, "C": "x"}, {"A": "x", "E": "x"}, {"A": "x", "A：": "y"}, {'A"': "x", "C": "y"}]
)
def test_a_layout_is_learned_of_plain_rows_only(row: dict[str, Any]) -> None:
    plain = PlainRows({*COLUMNS, 'A"'}, COLUMNS)
    plain.learn(row)
    plain.learn(row)
    assert plain.read(json.dumps(dict.fromkeys(row, "x"), ensure_ascii=False).encode()) is None


WHOLE = json.dumps(dict.fromkeys(NAMES, "甲x"), ensure_ascii=False).encode()


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_row_with_a_byte_that_is_another_is_read_as_the_careful_reader_does_or_left_to_it(
    place: int, byte: int
) -> None:
    body = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    said = LEARNED.read(body)
    if said is not None:
        assert said.cells == Said(loads(body), COLUMNS).cells
