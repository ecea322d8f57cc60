"""Two exchange databases: land's tables with rows updated in place, housing's SPGL tables that only grow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import sqlalchemy as sa

from simulator.model import Row, Table


def connect(url: str) -> sa.Engine:
    """An engine for any SQLAlchemy URL; SQLite runs in WAL mode so that readers and the writer do not wait."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _wal)
    return engine


def _wal(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection has no type of its own
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


class ExchangeDatabase:
    """The tables of one department; `in_place` keeps one row per key, otherwise every row stays."""

    def __init__(self, url: str, tables: Mapping[str, Table], in_place: bool) -> None:
        self.url = url
        self._engine = connect(url)
        self._tables: dict[str, tuple[sa.Table, str, bool]] = {}
        metadata = sa.MetaData()
        for source, wanted in tables.items():
            changing = in_place if wanted.in_place is None else wanted.in_place
            name, identity = wanted.name, wanted.key if changing else "LSH"
            made = [
                sa.Column(sa.quoted_name(c, True), sa.TEXT, primary_key=c == identity)
                for c in wanted.columns.split()
            ]
            table = sa.Table(sa.quoted_name(name, True), metadata, *made)
            moment = "GXSJ" if changing else "SJGXSJ"
            sa.Index(sa.quoted_name(f"IX_{name}_{moment}", True), table.c[moment], table.c[identity])
            self._tables[source] = (table, identity, changing)
        metadata.create_all(self._engine)

    @contextmanager
    def writing(self, fresh: bool = False) -> Iterator[Callable[[Iterable[Row]], None]]:
        """A transaction and the function that adds rows in it; rows of other systems are passed over.

        Where rows change in place a row takes the place of its key's former one; `fresh` empties the tables first.
        """
        with self._engine.begin() as connection:
            if fresh:
                for table, _, _ in self._tables.values():
                    connection.execute(table.delete())
            yield partial(self._put_all, connection)

    def _put_all(self, connection: sa.Connection, rows: Iterable[Row]) -> None:
        by_source: dict[str, list[Row]] = {source: [] for source in self._tables}
        for row in rows:
            if row.source in by_source:
                by_source[row.source].append(row)
        for source, mine in by_source.items():
            self._put(connection, source, mine)

    def _put(self, connection: sa.Connection, source: str, rows: list[Row]) -> None:
        table, identity, changing = self._tables[source]
        newest = {row.values[identity]: row for row in rows}
        if newest and changing:
            gone = table.delete().where(table.c[identity] == sa.bindparam("gone"))
            connection.execute(gone, [{"gone": key} for key in newest])
        if newest:
            connection.execute(table.insert(), [_full(table, row) for row in newest.values()])

    def count(self) -> dict[str, int]:
        """Rows per source."""
        with self._engine.connect() as connection:
            return {
                source: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for source, (table, _, _) in self._tables.items()
            }

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()


def _full(table: sa.Table, row: Row) -> dict[str, str | None]:
    """All columns of the table, those the row does not know as NULL."""
    return {column.name: row.values.get(column.name) or None for column in table.columns}
