from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.glances import UnreadRows
from connectors.manifest import Manifest
from connectors.rows import RowReader
from schemas.records import RULES_BYTES, SAID_BYTES, Glance, RawRecord
from tests.connectors.manifests import PUSH, VERSION, manifest, simple


def unread(made: Manifest, *bodies: bytes | dict[str, Any]) -> UnreadRows:
    said = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
    return UnreadRows(RowReader(made), said)


def glance(made: Manifest, *bodies: bytes | dict[str, Any]) -> list[Glance | None]:
    """Glances at rows behind an ordinary one."""
    first = {"BH": "0", "A": "0", "B": "0"}
    return list(unread(made, first, *bodies).glances(made)[1:])


def test_only_the_first_row_is_read_to_glance_at_all() -> None:
    rows = unread(simple(), *({"BH": str(n)} for n in range(50)))
    seen = rows.glances(simple())
    assert (rows.read_so_far, len(seen)) == (1, 50)
    assert [each.key for each in seen if each] == [str(n) for n in range(50)]


def test_a_row_is_read_once_and_is_what_the_reader_gives() -> None:
    rows = unread(simple(), {"BH": "1"}, {"BH": "2"})
    assert rows[1] is rows[1]
    assert rows[0:2] == tuple(rows) == rows
    assert rows == [
        RowReader(simple()).from_json(b'{"BH": "1"}'),
        RowReader(simple()).from_json(b'{"BH": "2"}'),
    ]
    assert len(unread(simple())) == len(unread(simple()).glances(simple())) == 0


def test_rows_that_were_read_anyway_need_no_glance() -> None:
    rows = unread(simple(), {"BH": "1"}, {"BH": "2"})
    assert all(isinstance(row, RawRecord) for row in rows)
    assert rows.glances(simple()) == ()


@pytest.mark.parametrize(
    "body", [b'{"BH":"a|b\\\\c"}', '{"BH":" ＡＢ "}'.encode(), b'{"BH":12345678901234567890123}']
)
def test_a_glance_sees_the_key_that_reading_gives(body: bytes) -> None:
    row = RowReader(simple()).from_json(body)
    [seen] = glance(simple(), body)
    assert isinstance(row, RawRecord)
    assert seen
    assert (seen.key, len(seen.said)) == (row.key, SAID_BYTES)


def test_a_joined_key_is_seen_joined() -> None:
    made = manifest(PUSH, '[identity]\ncolumns = ["A", "B"]')
    body = b'{"B":"z|","A":"x"}'
    row, [seen] = RowReader(made).from_json(body), glance(made, body)
    assert isinstance(row, RawRecord)
    assert seen
    assert seen.key == row.key


@pytest.mark.parametrize(
    "body",
    [
        b'{"BH":null}',
        b'{"BH":""}',
        b'{"BH":"\xc2\xa0"}',
        b'{"BH":["1"]}',
        b"[1]",
        b"\xff",
        b'{"MC":"a"}',
        b'{"BH":1.5}',
    ],
)
def test_a_row_whose_key_cannot_be_seen_must_be_read(body: bytes) -> None:
    assert glance(simple(), body) == [None]


def test_the_hash_tells_bytes_apart_and_rules_of_reading() -> None:
    one, same, other = glance(
        simple(), b'{"BH":"1","MC":"a"}', b'{"BH":"1","MC":"a"}', b'{"MC":"a","BH":"1"}'
    )
    [by_other_rules] = glance(simple(top='volatile = ["LSH"]\nignore = ["LSH"]'), b'{"BH":"1","MC":"a"}')
    assert one
    assert other
    assert by_other_rules
    assert one == same
    assert one.said[:RULES_BYTES] == other.said[:RULES_BYTES] != by_other_rules.said[:RULES_BYTES]
    assert one.said != other.said


def test_a_source_whose_key_is_its_content_is_read() -> None:
    made = manifest(PUSH, "[identity]\ncontent = true", VERSION)
    assert unread(made, {"MC": "a", "GXSJ": "2024-01-01 00:00:00"}).glances(made) == ()
