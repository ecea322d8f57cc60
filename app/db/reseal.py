"""Sealing anew after a key was changed: what stands under a former key, or under none, is written under today's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url

from app.db.seal import seal, stale, unseal
from app.db.texts import text

CHUNK = 500


class Sealed(NamedTuple):
    """A column of sealed bytes: its table with the schema, its name, and what names a row within a jurisdiction."""

    table: str
    column: str
    key: tuple[str, ...]


EVERY = (
    Sealed("memory.delivery", "body", ("delivery_no",)),
    Sealed("memory.anomaly", "body", ("source", "message_id", "sha256")),
    Sealed("memory.raw_record", "body", ("delivery_no", "row_no")),
    Sealed("memory.unreadable", "body", ("delivery_no", "row_no")),
    Sealed("ops.subscription", "secret", ("subscription_id",)),
    Sealed("ops.subscription", "former_secret", ("subscription_id",)),
)
"""All that is sealed."""


def reseal(url: str, jurisdiction: int) -> Iterator[tuple[str, int, int]]:
    """Write all that is sealed of a jurisdiction under the key in use, a chunk each transaction.

    Gives (table, looked at, written) for each chunk. Memory may only be added to, except by who owns the database: the
    account of `url` must be its owner. It may be ended at any moment and run again.
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        for one in EVERY:
            yield from ((one.table, *counts) for counts in _chunks(engine, jurisdiction, one))
    finally:
        engine.dispose()


def _chunks(engine: Engine, jurisdiction: int, one: Sealed) -> Iterator[tuple[int, int]]:
    after: tuple[Any, ...] | None = ()
    while after is not None:
        with engine.begin() as connection:
            after, looked_at, written = _chunk(connection, jurisdiction, one, after)
        yield looked_at, written


def _chunk(
    connection: Connection, jurisdiction: int, one: Sealed, after: tuple[Any, ...]
) -> tuple[tuple[Any, ...] | None, int, int]:
    table, column, columns = one.table, one.column, ", ".join(one.key)
    behind = {f"after_{name}": said for name, said in zip(one.key, after, strict=False)}
    after_sql = f" AND ({columns}) > ({', '.join(f':{name}' for name in behind)})" if behind else ""
    rows = connection.execute(
        text(
            f"SELECT {columns}, {column} AS kept FROM {table} WHERE jurisdiction = :j AND {column} IS NOT NULL{after_sql}"
            f" ORDER BY {columns} LIMIT :n"
        ),
        {"j": jurisdiction, "n": CHUNK, **behind},
    ).all()
    due = [row for row in rows if stale(bytes(row.kept))]
    if due:
        same_sql = " AND ".join(f"{name} = :{name}" for name in one.key)
        connection.execute(
            # what was changed meanwhile stands under today's key already
            text(
                f"UPDATE {table} SET {column} = :anew WHERE jurisdiction = :j AND {same_sql} AND {column} = :kept"
            ),
            [{"j": jurisdiction, "anew": seal(unseal(bytes(row.kept))), **row._mapping} for row in due],
        )
    last = tuple(rows[-1][: len(one.key)]) if len(rows) == CHUNK else None
    return last, len(rows), len(due)
