from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.strict_json import MAX_DEPTH, StrictJsonError, dumps, loads, loads_strictly


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b'{"a": "x\\u0000y"}', "json.nul_char"),
        (b'{"a\\u0000": 1}', "json.nul_char"),
        (b'{"a": "x\x00y"}', "json.nul_char"),
        (b'{"a": "\\ud800"}', "json.lone_surrogate"),
        (b'{"a": NaN}', "json.not_finite"),
        (b'{"a": -Infinity}', "json.not_finite"),
        (b'{"a": 1, "a": 2}', "json.duplicate_key"),
        (b'{"a": {"b": 1, "b": 1}}', "json.duplicate_key"),
        (b"[" * 100_000, "json.depth"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "json.depth"),
        (b'{"a": ' + b"9" * 5000 + b"}", "json.number"),
        (b'{"a": 1e99999}', "json.number"),
        ('{"a": "项目"}'.encode("gbk"), "json.encoding"),
        (b'{"a": ', "json.invalid"),
        (b"", "json.invalid"),
    ],
)
def test_what_a_database_or_a_reader_would_choke_on_is_refused_by_name(body: bytes, rule: str) -> None:
    with pytest.raises(StrictJsonError) as refused:
        loads(body)
    assert refused.value.rule == rule
    assert refused.value.zh
    assert refused.value.en


def test_numbers_stay_exact() -> None:
    assert loads(b'{"id": 12345678901234567890123, "x": 0.1}') == {
        "id": 12345678901234567890123,
        "x": Decimal("0.1"),
    }


def test_brackets_inside_texts_are_no_depth_and_a_byte_order_mark_is_no_fault() -> None:
    assert loads(b"\xef\xbb\xbf" + json.dumps({"a": "[" * 500}).encode()) == {"a": "[" * 500}
    assert loads(b'{"a": "\\\\u0000"}') == {"a": "\\u0000"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_by_name(body: bytes) -> None:
    with contextlib.suppress(StrictJsonError):
        loads(body)


rows = st.dictionaries(
    st.text('ab":\\\n 项', max_size=4),
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False).map(float)
    | st.text('ab":\\ \0\u2028项[]{}', max_size=6)
    | st.lists(st.integers(), max_size=2),
    max_size=4,
)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")])
slips = st.sampled_from(
    [
        b"",
        b'"a":1',
        b'"a" :1,',
        b"NaN",
        b"\xff",
        b"\x00",
        b"\\u0000",
        b"\\ud800",
        b"{",
        b"[",
        b",",
        b'"',
        b" ",
        b"\xef\xbb\xbf",
    ]
    + [
        b'"n":%s,' % number
        for number in (b"-0", b"01", b"1.", b"1e5", b"1E+999999", b"9" * 1001, b"-" + b"9" * 1000)
    ]
)


@given(rows, separators, st.booleans(), slips, st.integers(0, 60))
def test_the_short_road_reads_and_refuses_what_the_long_one_does(
    row: dict[str, Any], between: tuple[str, str], escaped: bool, slip: bytes, place: int
) -> None:
    body = json.dumps(row, separators=between, ensure_ascii=escaped).encode()
    place = min(place, len(body))
    body = body[:place] + slip + body[place:]
    assert read(loads, body) == read(loads_strictly, body)


@given(st.binary(max_size=30), st.text('{}[]":,1.e-a\\u0d8 \n', max_size=30))
def test_both_roads_agree_on_any_bytes(rubbish: bytes, text: str) -> None:
    for body in (rubbish, text.encode(), b"{" + text.encode() + b"}"):
        assert read(loads, body) == read(loads_strictly, body)


def read(reader: Callable[[bytes], Any], body: bytes) -> str:
    """Give what is read as text, which tells 1 from 1.0 and true, or the rule it is refused under."""
    try:
        return repr(reader(body))
    except StrictJsonError as refused:
        return refused.rule
