from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.strict_json import MAX_DEPTH, StrictJsonError, dumps, loads


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
