"""Project documents as their door reads them: many ids in one question, and which of those read lately have changed."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from app.db import hot

FIND = b"""
SELECT p.project_id, p.ledger, p.etag, p.district FROM project p
WHERE p.jurisdiction = $1::int AND p.project_id = ANY($2::text[]) AND EXISTS (
 SELECT FROM member m WHERE m.jurisdiction = p.jurisdiction AND m.project_id = p.project_id AND m.live)
"""
NEWEST = "SELECT jurisdiction, change_no FROM ops.jurisdiction WHERE jurisdiction = ANY(%(js)s::int[])"
CHANGED = """
SELECT project_id, other_id FROM ops.change
WHERE jurisdiction = %(j)s::int AND change_no > %(after)s::bigint AND change_no <= %(upto)s::bigint
"""
_NAME = b"find"
_INT = struct.Struct("!I")


class Ledger(NamedTuple):
    """A project's closed loop as it is sent: its tag, quoted, its JSON, and the district that decides who sees it."""

    etag: bytes
    body: bytes
    district: str | None


async def ready(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make a fresh connection of the door able to find documents."""
    await hot.prepare(connection, _NAME, FIND)


async def find(
    connection: psycopg.AsyncConnection[Any], jurisdiction: int, ids: Sequence[str]
) -> dict[str, Ledger]:
    """Give the loops of living projects by their ids; what is no such project is not among them."""
    asked = hot.array(hot.TEXT, [project_id.encode() for project_id in ids])
    found = await hot.ask(connection, _NAME, [_INT.pack(jurisdiction), asked])
    ledgers = {}
    for row in range(found.ntuples):
        project_id, body, etag, district = (found.get_value(row, column) or b"" for column in range(4))
        ledgers[project_id.decode()] = Ledger(b'"%b"' % etag, body, district.decode() or None)
    return ledgers


async def newest(connection: psycopg.AsyncConnection[Any], jurisdictions: Sequence[int]) -> Mapping[int, int]:
    """Give how far the feed of each jurisdiction has come."""
    found = await connection.execute(NEWEST, {"js": list(jurisdictions)}, prepare=True)
    return {row[0]: row[1] for row in await found.fetchall()}


async def changed(
    connection: psycopg.AsyncConnection[Any], jurisdiction: int, after: int, upto: int
) -> set[str]:
    """Give the projects of the changes numbered above `after`, up to `upto`."""
    asked = {"j": jurisdiction, "after": after, "upto": upto}
    found = await connection.execute(CHANGED, asked, prepare=True)
    return {project_id for row in await found.fetchall() for project_id in row if project_id is not None}
