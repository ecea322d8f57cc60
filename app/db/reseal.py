"""Sealing memory anew after a key was changed: what stands under a former key, or under none, is written under today's."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url

from app.db.seal import seal, stale, unseal
from app.db.texts import text

CHUNK = 500
_TABLES = {
    "delivery": ("delivery_no",),
    "raw_record": ("delivery_no", "row_no"),
    "unreadable": ("delivery_no", "row_no"),
}


def reseal(url: str, jurisdiction: int) -> Iterator[tuple[str, int, int]]:
    """Write every body of a jurisdiction under the key in use, a chunk each transaction; gives (table, looked at, written).

    Memory may only be added to, except by who owns the database: the account of `url` must be its owner. It may be
    ended at any moment and run again.
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        for table, key in _TABLES.items():
            yield from ((table, *counts) for counts in _table(engine, jurisdiction, table, key))
    finally:
        engine.dispose()


def _table(engine: Engine, jurisdiction: int, table: str, key: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    after: tuple[int, ...] | None = tuple(0 for _ in key)
    while after is not None:
        with engine.begin() as connection:
            after, looked_at, written = _chunk(connection, jurisdiction, table, key, after)
        yield looked_at, written


def _chunk(
    connection: Connection, jurisdiction: int, table: str, key: tuple[str, ...], after: tuple[int, ...]
) -> tuple[tuple[int, ...] | None, int, int]:
    columns_sql = ", ".join(key)
    after_sql = ", ".join(f":after_{name}" for name in key)
    values = {
        "j": jurisdiction,
        "n": CHUNK,
        **{f"after_{name}": said for name, said in zip(key, after, strict=True)},
    }
    rows = connection.execute(
        text(
            f"SELECT {columns_sql}, body FROM memory.{table} WHERE jurisdiction = :j"  # sql-lint: allow built-text — names of this module's own table
            f" AND ({columns_sql}) > ({after_sql}) ORDER BY {columns_sql} LIMIT :n"
        ),
        values,
    ).all()
    due = [row for row in rows if row.body is not None and stale(bytes(row.body))]
    if due:
        same_sql = " AND ".join(f"{name} = :{name}" for name in key)
        connection.execute(
            text(f"UPDATE memory.{table} SET body = :body WHERE jurisdiction = :j AND {same_sql}"),
            [
                {
                    "j": jurisdiction,
                    "body": seal(unseal(bytes(row.body))),
                    **dict(zip(key, row, strict=False)),
                }
                for row in due
            ],
        )
    last = tuple(rows[-1][: len(key)]) if len(rows) == CHUNK else None
    return last, len(rows), len(due)
