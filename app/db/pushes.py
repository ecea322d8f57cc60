"""Pushed messages kept durably, once per source and message id: one statement for a whole group of them.

The holder of the jurisdiction's row numbers them inside the statement, so numbers have no gaps and the statement is the
transaction. Nobody is asked first whether an id is known: a known one breaks the unique index, and only then it is looked up.
"""

from __future__ import annotations

import hashlib
import struct
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection

from app.db import hot, jurisdictions
from app.db.seal import seal
from app.errors import Gone

KEEP = """
WITH held AS (
 UPDATE ops.jurisdiction SET delivery_no = delivery_no + %(n)s::int
 WHERE jurisdiction = %(j)s::int RETURNING delivery_no - %(n)s::int AS base
), kept AS (
 INSERT INTO memory.delivery (jurisdiction, delivery_no, source, channel, sender, received_at, sha256, message_id,
  headers, body)
 SELECT %(j)s::int, base + nth, source, 'push', sender, now(), sha256, message_id, CAST(headers AS jsonb), body
 FROM held, unnest(%(source)s::text[], %(sender)s::text[], %(sha256)s::bytea[], %(message_id)s::text[],
  %(headers)s::text[], %(body)s::bytea[]) WITH ORDINALITY AS u(source, sender, sha256, message_id, headers, body, nth)
), queued AS (
 INSERT INTO ops.waiting_push (jurisdiction, delivery_no, messages) SELECT %(j)s::int, base + 1, %(n)s::int FROM held
)
SELECT base FROM held
"""
# by one source at a time: joined with a list of pairs, the table is read whole where its statistics are old
KNOWN = """
SELECT message_id, delivery_no, sha256 FROM memory.delivery
WHERE jurisdiction = %(j)s::int AND source = %(source)s::text AND message_id = ANY(%(ids)s::text[])
"""
ANOMALY = """
INSERT INTO memory.anomaly (jurisdiction, source, message_id, sha256, delivery_no, received_at, sender, headers, body)
VALUES (%(j)s, %(source)s, %(message_id)s, %(sha256)s, %(delivery_no)s, now(), %(sender)s, CAST(%(headers)s AS jsonb),
 %(body)s) ON CONFLICT DO NOTHING
"""
OFF = "SELECT source FROM ops.source WHERE jurisdiction = %(j)s::int AND NOT enabled"
USED = """
INSERT INTO ops.secret_use (jurisdiction, source, variable, used_at) VALUES (%(j)s, %(source)s, %(variable)s, now())
ON CONFLICT (jurisdiction, source, variable) DO UPDATE SET used_at = excluded.used_at
"""


class Push(NamedTuple):
    """A verified message, named by its first two; `headers` are JSON of those that are kept, `sha256` is the body's."""

    source: str
    message_id: str
    headers: bytes
    body: bytes
    sha256: bytes
    sender: str


class Status(StrEnum):
    """What became of a message: new, here before, or contradicting what came under its id."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONTRADICTS = "contradicts"


class Kept(NamedTuple):
    """Under which delivery a message is kept, or the one it contradicts."""

    delivery_no: int
    status: Status


def digest(body: bytes) -> bytes:
    """Give the hash that names a body."""
    return hashlib.sha256(body).digest()


def off_words(source: str) -> str:
    """Say what a department is told whose source is switched off."""
    return f"{source} is switched off; its department need not send again"


def foresee(connection: Connection, jurisdiction: int, push: Push) -> Kept | None:
    """Tell what came under the id of a message before; raise Gone for a source that is switched off."""
    off = connection.exec_driver_sql(OFF, {"j": jurisdiction}).scalars()
    if push.source in set(off):
        raise Gone(off_words(push.source))
    asked = _asked(jurisdiction, push.source, [push.message_id])
    row = connection.exec_driver_sql(KNOWN, asked).one_or_none()
    return None if row is None else _before(push, row.delivery_no, bytes(row.sha256))


def accept(connection: Connection, jurisdiction: int, push: Push) -> Kept:
    """Keep one message under the jurisdiction's row; raise Gone for a source that is switched off."""
    jurisdictions.hold(connection, jurisdiction)
    before = foresee(connection, jurisdiction, push)
    if before is not None:
        if before.status is Status.CONTRADICTS:
            connection.exec_driver_sql(ANOMALY, _anomaly(jurisdiction, push, before.delivery_no))
        return before
    values = {name: _Ready(value) for name, value in _columns(jurisdiction, [push]).items()}
    base: int = connection.exec_driver_sql(KEEP, values).scalar_one()
    return Kept(base + 1, Status.ACCEPTED)


def note_use(connection: Connection, jurisdiction: int, source: str, variable: str) -> None:
    """Note that the secret in `variable` signs messages of a source now."""
    connection.exec_driver_sql(USED, {"j": jurisdiction, "source": source, "variable": variable})


async def switched_off(connection: psycopg.AsyncConnection[Any], jurisdiction: int) -> frozenset[str]:
    """Give the sources of a jurisdiction that are switched off."""
    found = await connection.execute(OFF, {"j": jurisdiction}, prepare=True)
    return frozenset(row[0] for row in await found.fetchall())


async def note_use_soon(
    connection: psycopg.AsyncConnection[Any], jurisdiction: int, source: str, variable: str
) -> None:
    """Note on a door's own connection that the secret in `variable` signs messages of a source now."""
    await connection.execute(USED, {"j": jurisdiction, "source": source, "variable": variable})


async def ready(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make a fresh connection of a door able to keep messages."""
    await hot.prepare(connection, _NAME, _PREPARED)


async def keep_new(
    connection: psycopg.AsyncConnection[Any], jurisdiction: int, pushes: Sequence[Push]
) -> int | None:
    """Keep messages of different ids, and give the number before their first; None where no such jurisdiction is.

    Raises psycopg's UniqueViolation, having kept nothing, where one of them was here before.
    """
    found = await hot.ask(connection, _NAME, list(_columns(jurisdiction, pushes).values()))
    base = found.get_value(0, 0) if found.ntuples else None
    return None if base is None else int.from_bytes(base, "big")


async def known(
    connection: psycopg.AsyncConnection[Any], jurisdiction: int, pushes: Sequence[Push]
) -> dict[tuple[str, str], Kept]:
    """Give what became of those that were here before, by (source, message id); what contradicts is kept as an anomaly."""
    by_source: dict[str, dict[str, Push]] = defaultdict(dict)
    for push in pushes:
        by_source[push.source][push.message_id] = push
    before: dict[tuple[str, str], Kept] = {}
    for source, sent in by_source.items():
        found = await connection.execute(KNOWN, _asked(jurisdiction, source, list(sent)), prepare=True)
        for message_id, number, sha256 in await found.fetchall():
            push = sent[message_id]
            before[source, message_id] = kept = _before(push, number, bytes(sha256))
            if kept.status is Status.CONTRADICTS:
                await connection.execute(ANOMALY, _anomaly(jurisdiction, push, number))
    return before


def _before(push: Push, number: int, sha256: bytes) -> Kept:
    return Kept(number, Status.DUPLICATE if sha256 == push.sha256 else Status.CONTRADICTS)


def _asked(jurisdiction: int, source: str, ids: list[str]) -> dict[str, Any]:
    return {"j": jurisdiction, "source": source, "ids": ids}


def _anomaly(jurisdiction: int, push: Push, number: int) -> dict[str, Any]:
    said = push._asdict() | {"headers": push.headers.decode(), "body": seal(push.body)}
    return {**said, "j": jurisdiction, "delivery_no": number}


_INT = struct.Struct("!I")


def _columns(jurisdiction: int, pushes: Sequence[Push]) -> dict[str, bytes]:
    """Give the values of KEEP in the server's own form, which the driver would take as long to make as all else."""
    return {
        "j": _INT.pack(jurisdiction),
        "n": _INT.pack(len(pushes)),
        "source": hot.array(hot.TEXT, [push.source.encode() for push in pushes]),
        "sender": hot.array(hot.TEXT, [push.sender.encode() for push in pushes]),
        "sha256": hot.array(hot.BYTES, [push.sha256 for push in pushes]),
        "message_id": hot.array(hot.TEXT, [push.message_id.encode() for push in pushes]),
        "headers": hot.array(hot.TEXT, [push.headers for push in pushes]),
        "body": hot.array(hot.BYTES, [seal(push.body) for push in pushes]),
    }


class _Ready(bytes):
    """A value in the server's own form."""


class _ReadyDumper(Dumper):
    """Gives such a value as it is."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


psycopg.adapters.register_dumper(_Ready, _ReadyDumper)

_NAME = b"keep"
_PLACES = {name: f"${place}" for place, name in enumerate(_columns(0, ()), start=1)}
_PREPARED = (KEEP % _PLACES).encode()
