from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.splitting import (
    MOST_ITEMS,
    MOST_NAMES,
    NamedTwice,
    NotSplittable,
    TooMany,
    at,
    frame,
    items,
    members,
    records,
    text_at,
)

ROTTEN = [
    b'{"BH":"1","x":NaN}',
    b'{"BH":"2","x":"\\ud800"}',
    b'{"BH":"3","x":' + b"[" * 5000 + b"]" * 5000 + b"}",
]


def test_rotten_rows_are_cut_out_byte_for_byte_beside_sound_ones() -> None:
    sound = b'{"BH":"4","x":"a,]}\\""}'
    assert items(b"[ " + b" ,\n".join([*ROTTEN, sound]) + b"]") == [*ROTTEN, sound]
    assert members(ROTTEN[0]) == {"BH": b'"1"', "x": b"NaN"}
    assert members(b'{ "a,b" : {"c":[NaN,1]} , "d":2}') == {"a,b": b'{"c":[NaN,1]}', "d": b"2"}


@pytest.mark.parametrize(
    "body", [b"", b"null", b'{"a":1', b"[1,2", b'["a]', b"[1]]", b"[NaN}", b"{NaN:1}", b"[1][2]"]
)
def test_what_is_no_list_or_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotSplittable):
        items(body)
    with pytest.raises(NotSplittable):
        members(body)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab,:]}", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.lists(plain, max_size=4), st.dictionaries(st.text("ab", max_size=2), plain, max_size=4))
def test_slices_mean_what_the_whole_means_also_beside_rot(rows: list[Any], row: dict[str, Any]) -> None:
    assert [json.loads(piece) for piece in items(json.dumps(rows).encode())] == rows
    beside_rot = items(json.dumps([*rows, 0]).encode()[:-2] + b"NaN]")
    assert [json.loads(piece) for piece in beside_rot[:-1]] == rows
    assert {name: json.loads(piece) for name, piece in members(json.dumps(row).encode()).items()} == row


def test_pointers_lead_into_objects() -> None:
    body = b'{"data":{"rows":[1],"total":"7","none":null}}'
    assert at(body, "data.rows") == b"[1]"
    assert at(body, "data.missing") is None
    assert (text_at(body, "data.total"), text_at(body, "data.none")) == ("7", None)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b'[{"a":1},{"a":2}]', [b'{"a":1}', b'{"a":2}']),
        (b'{"records":[{"a":1}],"sent":"x"}', [b'{"a":1}']),
        (b'{"records":[]}', []),
        (b'{"a":1}\n{"a":2}\n\n', [b'{"a":1}', b'{"a":2}']),
        (b'{"a":1}\nrubbish\n', [b'{"a":1}', b"rubbish"]),
        (b'\xef\xbb\xbf {"a":1} ', [b'{"a":1}']),
    ],
)
def test_every_shape_of_a_message_gives_its_rows(body: bytes, rows: list[bytes]) -> None:
    assert list(records(body, "records")) == rows


@pytest.mark.parametrize("body", [b"", b"hello", b"hello\nworld", b'{"a":', b"[1,"])
def test_a_message_of_no_known_shape_is_refused(body: bytes) -> None:
    with pytest.raises(NotSplittable):
        list(records(body, "records"))


@given(st.binary(max_size=50))
def test_any_bytes_are_split_or_refused(body: bytes) -> None:
    for read in (items, members):
        with contextlib.suppress(NotSplittable):
            read(body)


@pytest.mark.parametrize("body", [b"[ ]", b"[\n]", b"\xef\xbb\xbf[]"])
def test_an_empty_list_has_no_rows_and_a_list_of_nothings_has_some_to_refuse(body: bytes) -> None:
    assert items(body) == []
    assert items(b"[,]") == [b"", b""]


def test_masses_are_counted_outside_texts_and_only_where_they_are_parts() -> None:
    commas = b'"' + b"," * (MOST_NAMES + 1) + b'\\","'
    assert members(b'{"a":' + commas + b"}").keys() == {"a"}
    nested = b"[" + b",".join([b"[1,2]"] * MOST_NAMES) + b"]"
    assert members(b'{"a":' + nested + b',"b":1}').keys() == {"a", "b"}
    with pytest.raises(TooMany):
        members(b"{" + b",".join(b'"%d":1' % n for n in range(MOST_NAMES + 1)) + b"}")
    with pytest.raises(TooMany):
        items(b"[" + b"1," * MOST_ITEMS + b"1]")
    long = b'"' + b"a" * 1_000_000 + b'"'
    assert list(members(b'{"a":' + long + b',"b":[' + b"1," * MOST_NAMES + b"1]}")) == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":[{"a":1}],"records":[{"b":2}]}',
        b'{"records":[{"a":1}],\n"sent":{"x":1},\n"records":[{"b":2}]}',
        b'{"records":[],"rec\\u006frds":[{"b":2}]}',
        b'{"records":[NaN],"records":[{"b":2}]}',
        b'{"records":{"a":1},"records":null}',
    ],
)
def test_a_message_that_names_its_rows_twice_is_refused_whole(body: bytes) -> None:
    with pytest.raises(NamedTwice):
        list(records(body, "records"))
    with pytest.raises(NamedTwice):
        at(b'{"data":' + body + b"}", "data.records")


def test_the_name_of_the_rows_may_stand_in_the_rows_too() -> None:
    body = b'{"records":[{"records":1},{"records":"\\u0022records\\u0022"}],"sent":{"records":2}}'
    assert len(list(records(body, "records"))) == 2


def test_what_stands_around_the_rows_keeps_every_other_name() -> None:
    rows = b"[" + b",".join([b'{"total": 9}'] * 20) + b"]"
    body = b'{"total": 20, "rows": ' + rows + b', "next": "x"}'
    assert frame(body, rows) == b'{"total": 20, "rows": null, "next": "x"}'
    assert text_at(frame(body, rows), "total") == "20"
    assert frame(b'{"total": 20, "rows": []}', b"[]") == b'{"total": 20, "rows": []}'


def test_a_name_that_stands_twice_around_its_rows_is_refused() -> None:
    rows = b"[" + b",".join([b'{"rows": 1}'] * 20) + b"]"
    assert at(b'{"rows": ' + rows + b"}", "rows") == rows
    for twice in (b'{"rows": [], "rows": ' + rows + b"}", b'{"rows": ' + rows + b', "\\u0072ows": []}'):
        with pytest.raises(NamedTwice):
            at(twice, "rows")
