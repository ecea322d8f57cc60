from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import Manifest
from connectors.rows import RowReader
from schemas.records import Op, RawRecord, Unreadable
from tests.connectors.manifests import KEY, PUSH, VERSION, manifest, simple

RETRACTION = '[retraction]\ncolumn = "SJYXBS"\nvalue = "0"\n'


def raw(made: Manifest, body: bytes | dict[str, Any]) -> RawRecord:
    row = read(made, body)
    assert isinstance(row, RawRecord)
    return row


def read(made: Manifest, body: bytes | dict[str, Any]) -> RawRecord | Unreadable:
    reader = RowReader(made)
    return reader.from_json(body) if isinstance(body, bytes) else reader.from_values(body)


def test_the_key_is_the_raw_value_untrimmed_and_the_body_is_what_was_said() -> None:
    body = '{"BH": " ZS２０２４ ",  "MC":"项目"}'.encode()
    row = raw(simple(), body)
    assert (row.key, row.body, row.version, row.op) == (" ZS２０２４ ", body, "", Op.UPSERT)


def test_a_long_number_is_a_key_digit_for_digit() -> None:
    assert raw(simple(), b'{"BH":12345678901234567890123}').key == "12345678901234567890123"


def test_order_of_names_and_volatile_columns_do_not_change_the_hash_but_values_do() -> None:
    made = simple(top='volatile = ["LSH"]\nignore = ["LSH"]')
    one = raw(made, b'{"BH":"1","MC":"a","LSH":"7"}')
    assert raw(made, b'{ "LSH": "8", "MC":"a", "BH" : "1"}').hash == one.hash
    assert raw(made, b'{"BH":"1","MC":"b","LSH":"7"}').hash != one.hash


def test_one_name_with_and_without_a_unit_is_no_error_at_landing() -> None:
    assert raw(simple(), {"BH": "1", "MJ": "1", "MJ(亩)": "2"}).key == "1"


def test_nested_values_hash_alike_in_any_order() -> None:
    one = raw(simple(), b'{"BH":"1","x":{"a":1,"b":[2]}}')
    assert raw(simple(), b'{"BH":"1","x":{"b":[2], "a":1}}').hash == one.hash


def test_rows_without_a_usable_key_are_unreadable_and_say_why() -> None:
    bodies: list[tuple[bytes, str]] = [
        (b'{"MC":"a"}', "key.missing"),
        ('{"BH":"\u3000\xa0"}'.encode(), "key.missing"),
        (b'{"BH":null}', "key.missing"),
        (b'{"BH":["1"]}', "key.not_text"),
        (b'{"BH":"a\\u0000b"}', "json.nul_char"),
        (b'{"BH":"a\x00b"}', "json.nul_char"),
        (b'{"BH":"a\x1fb"}', "json.control_char"),
        (b'{"BH":"\\ud800"}', "json.lone_surrogate"),
        (b'{"BH":"' + b"x" * 600 + b'"}', "key.too_long"),
        (b"[1]", "json.not_object"),
        (b"\xff", "json.not_object"),
    ]
    for body, rule in bodies:
        row = read(simple(), body)
        assert isinstance(row, Unreadable)
        assert (row.rule, row.body) == (rule, body)


def test_joined_keys_never_collide() -> None:
    made = manifest(PUSH, '[identity]\ncolumns = ["A", "B"]')
    keys = {
        raw(made, {"A": a, "B": b}).key for a, b in [("x|y", "z"), ("x", "y|z"), ("x\\", "y"), ("x", "\\|y")]
    }
    assert len(keys) == 4
    long = raw(made, {"A": "地" * 200, "B": "块"}).key
    assert long.startswith("hash:")
    assert len(long) < 60


def test_alternatives_are_tried_in_order_and_content_is_the_last() -> None:
    made = manifest(
        PUSH, '[identity]\ncolumns = ["NO"]\nany_of = [["A", "B"]]\ncontent = true\n', top='volatile = ["T"]'
    )
    assert raw(made, {"NO": "7", "A": "a"}).key == "7"
    assert raw(made, {"NO": "\xa0", "A": "7", "B": "b"}).key == "2:7|b"
    bare = raw(made, {"NO": "", "A": "7", "B": None, "T": "1"})
    assert bare.key.startswith("content:")
    assert raw(made, {"A": "7", "B": None, "NO": "", "T": "2"}).key == bare.key
    assert raw(made, {"NO": "", "A": "8", "B": None}).key != bare.key


def test_a_head_with_other_punctuation_is_the_same_content_but_another_unit_is_not() -> None:
    made = manifest(PUSH, "[identity]\ncontent = true\n")
    assert raw(made, {"面积(公顷):": "1"}).key == raw(made, {"面积（公顷）": "1"}).key
    assert raw(made, {"面积(公顷):": "1"}).key != raw(made, {"面积(亩)": "1"}).key


def test_versions_sort_bytewise_and_one_that_cannot_be_ordered_is_unreadable() -> None:
    made = manifest(PUSH, KEY, '[version]\ncolumns = ["GXSJ", "LSH"]\n')
    assert (
        raw(made, {"BH": "1", "GXSJ": "2024-1-2 3:04:05", "LSH": "09"}).version
        == "2024-01-02 03:04:05.000000|09"
    )
    odd = read(made, {"BH": "1", "GXSJ": "", "LSH": "09"})
    assert isinstance(odd, Unreadable)
    assert odd.rule == "version.unreadable"


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_integer_versions_sort_as_numbers_do(one: int, other: int) -> None:
    made = manifest(PUSH, KEY, '[version]\ncolumns = ["V"]\nkind = "integer"\n')
    first, second = (raw(made, {"BH": "1", "V": n}).version.encode() for n in (one, other))
    assert (first < second) == (one < other)


def test_a_retraction_row_is_a_delete_with_its_own_version() -> None:
    made = manifest(PUSH, KEY, VERSION, RETRACTION)
    row = raw(made, {"BH": "1", "GXSJ": "2024-01-02 03:04:05", "SJYXBS": 0})
    assert (row.op, row.version) == (Op.DELETE, "2024-01-02 03:04:05.000000")
    assert raw(made, {"BH": "1", "GXSJ": "2024-01-02", "SJYXBS": "1"}).op is Op.UPSERT


@given(
    st.dictionaries(
        st.sampled_from(["BH", "MC", "x"]), st.none() | st.text(max_size=5) | st.integers(), max_size=3
    )
)
def test_reading_a_row_twice_gives_the_same(row: dict[str, Any]) -> None:
    body = json.dumps(row).encode()
    assert read(simple(), body) == read(simple(), body)


_SAID = st.one_of(
    st.sampled_from(
        ["1", " 2 ", "", "\u3000", "a|b", "\\\\", "a\0b", "0", "2024-01-02 03:04:05", "2024-02-30 00:00:00"]
    ),
    st.sampled_from(["2024-01-02T03:04:05+08:00", "20240102", "x" * 300, "项目" * 130, "\ud800"]),
    st.sampled_from([None, 0, 7, 10**30, -3, 1.5, True, ["1"], {"a": 1}]),
    st.text(max_size=5),
)


class Closely(RowReader):
    """A reader that takes the closest look at every row."""

    def _plain_reader(self, heads: Mapping[str, str]) -> None:
        return None


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["BH", "A", "GXSJ", "XH", "SJYXBS", "bh", "ＢＨ"]), _SAID), max_size=4
    ),
    kind=st.sampled_from(["timestamp", "integer", "text"]),
    keys=st.sampled_from(['columns = ["BH"]', 'columns = ["BH", "A"]', 'any_of = [["A"], ["BH"]]']),
    minus=st.booleans(),
)
def test_a_row_read_plainly_is_read_as_with_the_closest_look(
    rows: list[dict[str, Any]], kind: str, keys: str, *, minus: bool
) -> None:
    version = f'[version]\ncolumns = ["GXSJ", "XH"]\nkind = "{kind}"\n'
    made = manifest(PUSH, f"[identity]\n{keys}", version, RETRACTION)
    plainly, closely = RowReader(made), Closely(made)
    for row in rows:
        body = json.dumps(row, ensure_ascii=minus).encode("utf-8", "surrogatepass")
        body = body.replace(b": 0", b": -0") if minus else body
        assert plainly.from_json(body) == closely.from_json(body)
