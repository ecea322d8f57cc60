"""Connections of the two hot doors: psycopg's own, asynchronous, each statement a transaction, and none that waits for ever."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from sqlalchemy.engine import make_url

from app.db import derived
from app.db.session import APP_ROLE

PATIENCE_SECONDS = 5
"""How long a statement may wait for the jurisdiction's row, which no writer holds for longer than a moment."""
LONGEST_SECONDS = 10
TEXT, BYTES = 25, 17
"""What the server calls the types of an array's items."""
_HEAD = struct.Struct("!IIIII")  # dimensions, has nulls, type of an item, items, first index
_SIZE = struct.Struct("!I")


async def connect(url: str) -> psycopg.AsyncConnection[Any]:
    """Open a connection to the database of an SQLAlchemy address, in the hub's own role and its serving drawer."""
    address = make_url(url).set(drivername="postgresql")
    given: Any = address.query.get("options", "")
    limits = f"-c lock_timeout={PATIENCE_SECONDS}s -c statement_timeout={LONGEST_SECONDS}s"
    options = f"{given} -c role={APP_ROLE} -c search_path={derived.SERVING} -c timezone=UTC {limits}"
    return await psycopg.AsyncConnection.connect(
        address.difference_update_query(["options"]).render_as_string(hide_password=False),
        autocommit=True,
        options=options.strip(),
        connect_timeout=LONGEST_SECONDS,
        application_name="lifecycle-hub door",
    )


async def prepare(connection: psycopg.AsyncConnection[Any], name: bytes, statement: bytes) -> None:
    """Prepare a statement with `$1` places, whose types it says itself."""
    connection.pgconn.send_prepare(name, statement)
    await _result(connection)


async def ask(
    connection: psycopg.AsyncConnection[Any], name: bytes, values: Sequence[bytes | None]
) -> PGresult:
    """Run a prepared statement with values in the server's own form, and give its rows in that form.

    A cursor does the same and costs as much as ten rows; on the connection nothing else may be under way. Raises the
    driver's errors.
    """
    formats = [Format.BINARY] * len(values)
    connection.pgconn.send_query_prepared(name, values, formats, result_format=Format.BINARY)
    return await _result(connection)


async def _result(connection: psycopg.AsyncConnection[Any]) -> PGresult:
    result: PGresult
    (result,) = await connection.wait(generators.execute(connection.pgconn))
    if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        raise error_from_result(result, encoding="utf-8")
    return result


def array(item: int, values: Sequence[bytes]) -> bytes:
    """Give an array in the server's own form, whose items are of the type `item`."""
    parts = [_HEAD.pack(1, 0, item, len(values), 1)]
    for value in values:
        parts += (_SIZE.pack(len(value)), value)
    return b"".join(parts)
