from __future__ import annotations

import pytest

from connectors.transports.push import unpack
from schemas.records import RawRecord, Unreadable
from tests.connectors.manifests import PUSH, TABLE, VERSION, simple

ONE = b'{"BH":"1","MC":"a"}'
TWO = b'{"BH":"2","MC":"b"}'


@pytest.mark.parametrize(
    "body", [b"[" + ONE + b"," + TWO + b"]", ONE + b"\n" + TWO, b'{"records":[' + ONE + b", " + TWO + b"]}"]
)
def test_every_shape_of_a_message_gives_its_rows_as_they_were_said(body: bytes) -> None:
    rows = list(unpack(simple(), body))
    assert [(row.key, row.body) for row in rows if isinstance(row, RawRecord)] == [("1", ONE), ("2", TWO)]


def test_one_object_is_one_row_also_for_a_source_that_is_pulled() -> None:
    rows = list(unpack(simple(TABLE, VERSION), b'{"BH":"1","GXSJ":"2024-01-02 03:04:05"}'))
    assert [row.version for row in rows if isinstance(row, RawRecord)] == ["2024-01-02 03:04:05.000000"]
    assert len(list(unpack(simple(), ONE))) == 1


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xfe", b"<xml/>", b'{"records":['])
def test_a_message_of_no_known_shape_is_one_unreadable_row_with_its_bytes(body: bytes) -> None:
    rows = list(unpack(simple(), body))
    assert [(row.rule, row.body) for row in rows if isinstance(row, Unreadable)] == [("json.invalid", body)]


def test_a_bad_row_of_a_message_does_not_cost_the_others() -> None:
    rows = list(unpack(simple(), b'{"records":[' + ONE + b',7,{"MC":"x"},{"BH":"3","MC":NaN}]}'))
    assert [type(row) for row in rows] == [RawRecord, Unreadable, Unreadable, RawRecord]


def test_the_rows_may_stand_under_another_name() -> None:
    made = simple(PUSH + 'rows = "data.items"\n')
    assert len(list(unpack(made, b'{"data":{"items":[' + ONE + b"]}}"))) == 1


def test_a_message_that_names_its_rows_twice_is_one_unreadable_row() -> None:
    body = b'{"records":[' + ONE + b'],"records":[' + TWO + b"]}"
    assert [(row.rule, row.body) for row in unpack(simple(), body) if isinstance(row, Unreadable)] == [
        ("json.duplicate_key", body)
    ]
