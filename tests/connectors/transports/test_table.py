from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.glances import Unread
from connectors.manifest import Manifest
from connectors.transport_settings import TableSettings
from connectors.transports import databases
from connectors.transports.databases import plain
from connectors.transports.table import fetch
from schemas.records import Listing, Op, Page, RawRecord, Unreadable
from tests.connectors.manifests import TABLE, simple
from tests.support.mariadb import throw_away

VERSIONED = '[version]\ncolumns = ["GXSJ", "LSH"]\n[retraction]\ncolumn = "YX"\nvalue = "0"\nreason = "YY"\n'
MADE = simple(TABLE, VERSIONED, top='volatile = ["LSH", "GXSJ"]')


class Database:
    """A department's table T_XX in a real database."""

    def __init__(self, url: str) -> None:
        self.url = url
        own = {"init_command": "SET sql_mode = 'ANSI_QUOTES'"} if url.startswith("mysql") else {}
        self.engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=own)
        names = ["LSH", "BH", "MC", "GXSJ", "YX", "YY"]
        self.table = sa.Table(
            sa.quoted_name("T_XX", quote=True),
            sa.MetaData(),
            *(sa.Column(sa.quoted_name(name, quote=True), sa.TEXT) for name in names),
        )
        self.table.metadata.create_all(self.engine)

    def add(self, *numbers: int, **over: Any) -> None:
        with self.engine.begin() as connection:
            for number in numbers:
                row = {
                    "LSH": f"{number:04d}",
                    "BH": f"K{number}",
                    "MC": "甲",
                    "GXSJ": f"2024-01-01 {number:02d}:00:00",
                    "YX": "1",
                }
                connection.execute(self.table.insert(), {**row, **over})

    def run(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(sql)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            made = Database(f"sqlite:///{tmp_path / 'exchange.db'}")
        elif request.param == "postgresql":
            made = Database(request.getfixturevalue("empty_database_url"))
        else:
            server = request.getfixturevalue("mariadb")
            made = Database(server.url(stack.enter_context(throw_away(server))))
        yield made
        made.engine.dispose()


def pages(database: Database | str, cursor: str | None = None, made: Manifest = MADE) -> list[Page]:
    assert isinstance(made.transport, TableSettings)
    url = database if isinstance(database, str) else database.url
    return list(fetch(made, made.transport, Binding(430200, location=url), cursor))


def keys(found: list[Page]) -> list[str]:
    return [raw.key for page in found for raw in page.rows if isinstance(raw, RawRecord)]


def test_a_table_is_walked_in_pages_and_resumes_some_time_back(database: Database) -> None:
    database.add(*range(1, 9))
    found = pages(database)
    assert keys(found) == [f"K{n}" for n in range(1, 9)]
    assert [len(page.rows) for page in found] == [3, 3, 2]
    database.add(9)
    assert keys(pages(database, found[-1].cursor)) == ["K7", "K8", "K9"]
    assert keys(pages(database, found[0].cursor))[-1] == "K9"


def test_rows_of_one_moment_over_several_pages_are_all_given(database: Database) -> None:
    database.add(*range(1, 9), GXSJ="2024-01-01 00:00:00")
    assert sorted(keys(pages(database))) == [f"K{n}" for n in range(1, 9)]


def test_a_row_that_came_late_within_the_overlap_is_seen(database: Database) -> None:
    database.add(1, 5)
    cursor = pages(database)[-1].cursor
    database.add(4, GXSJ="2024-01-01 04:30:00")
    assert keys(pages(database, cursor)) == ["K4", "K5"]


def test_a_retraction_row_is_a_delete_between_two_states_of_one_record(database: Database) -> None:
    database.add(1)
    database.add(2, BH="K1", YX="0", YY="施工单位变更")
    database.add(3, BH="K1")
    rows = [row for page in pages(database) for row in page.rows if isinstance(row, RawRecord)]
    assert [(row.key, row.op) for row in rows] == [("K1", Op.UPSERT), ("K1", Op.DELETE), ("K1", Op.UPSERT)]
    assert [row.version for row in rows] == sorted(row.version for row in rows)
    assert rows[0].hash == rows[2].hash


def test_a_row_from_the_future_does_not_hide_what_is_to_come(database: Database) -> None:
    database.add(1)
    database.add(2, GXSJ="2999-01-01 00:00:00")
    cursor = pages(database)[-1].cursor
    database.add(3)
    assert keys(pages(database, cursor)) == ["K1", "K3", "K2"]


def test_rows_without_an_update_time_are_told_of_once(database: Database) -> None:
    database.add(1)
    database.add(2, GXSJ=None)
    found = pages(database)
    assert [row.rule for page in found for row in page.rows if isinstance(row, Unreadable)] == [
        "version.unreadable"
    ]
    again = pages(database, found[-1].cursor)
    assert keys(again) == ["K1"]
    database.add(3, GXSJ="")
    assert (
        len(
            [
                row
                for page in pages(database, again[-1].cursor)
                for row in page.rows
                if isinstance(row, Unreadable)
            ]
        )
        == 2
    )


def test_a_vanished_renamed_or_new_column_stops_the_source(database: Database) -> None:
    database.add(1)
    database.run('ALTER TABLE "T_XX" ADD COLUMN "XZL" TEXT')
    with pytest.raises(SourceChanged, match="XZL"):
        pages(database)
    database.run('ALTER TABLE "T_XX" RENAME COLUMN "XZL" TO "GXSJ2"')
    with pytest.raises(SourceChanged, match="GXSJ2"):
        pages(database)
    database.run('ALTER TABLE "T_XX" DROP COLUMN "GXSJ2"')
    database.run('ALTER TABLE "T_XX" RENAME COLUMN "MC" TO "MCC"')
    with pytest.raises(SourceChanged, match="missing: MC"):
        pages(database)
    database.run('ALTER TABLE "T_XX" RENAME COLUMN "GXSJ" TO "SJ"')
    with pytest.raises(SourceChanged, match="GXSJ"):
        pages(database)
    database.run('DROP TABLE "T_XX"')
    with pytest.raises(SourceChanged, match="T_XX"):
        pages(database)


def test_a_full_listing_says_where_it_ends(database: Database) -> None:
    made = simple(TABLE, VERSIONED, top='volatile = ["LSH", "GXSJ"]\nlisting = "full"')
    assert [page.listing for page in pages(database, made=made)] == [Listing.FULL_END]
    database.add(*range(1, 5))
    found = pages(database, made=made)
    assert [page.listing for page in found] == [Listing.FULL, Listing.FULL_END]
    assert keys(pages(database, found[-1].cursor, made)) == ["K1", "K2", "K3", "K4"]


def test_an_id_that_repeats_or_is_empty_cannot_be_paged_by(database: Database) -> None:
    database.add(*range(1, 8), GXSJ="2024-01-01 00:00:00", LSH="1")
    with pytest.raises(SourceChanged, match="not unique"):
        pages(database)


def test_nothing_can_be_written_through_the_connection_and_typed_columns_are_read(database: Database) -> None:
    database.run('DROP TABLE "T_XX"')
    kind = "TIMESTAMP" if database.url.startswith("postgresql") else "TEXT"
    database.run(
        f'CREATE TABLE "T_XX" ("LSH" INTEGER, "BH" TEXT, "MC" TEXT, "GXSJ" {kind}, "YX" TEXT, "YY" TEXT)'
    )
    for number in range(1, 6):
        database.run(
            f"INSERT INTO \"T_XX\" VALUES ({number}, 'K{number}', 'x', '2024-01-0{number} 00:00:00', '1', NULL)"
        )
    found = pages(database)
    assert keys(found) == ["K1", "K2", "K3", "K4", "K5"]
    assert keys(pages(database, found[-1].cursor)) == ["K5"]


def test_a_table_ordered_by_a_counter_resumes_by_its_worth(database: Database) -> None:
    counted = simple(
        TABLE, VERSIONED.replace('"LSH"]', '"LSH"]\nkind = "integer"'), top='volatile = ["LSH", "GXSJ"]'
    )
    database.run('DROP TABLE "T_XX"')
    database.run(
        'CREATE TABLE "T_XX" ("LSH" INTEGER, "BH" TEXT, "MC" TEXT, "GXSJ" BIGINT, "YX" TEXT, "YY" TEXT)'
    )
    for number in (8, 9, 10):
        database.run(f"INSERT INTO \"T_XX\" VALUES ({number}, 'K{number}', 'x', {number}, '1', NULL)")
    found = pages(database, made=counted)
    assert keys(found) == ["K8", "K9", "K10"]
    assert keys(pages(database, found[-1].cursor, counted)) == ["K10"]


def test_what_does_not_answer_is_tried_again_and_what_refuses_us_is_the_owners_business(
    tmp_path: Path, empty_database_url: str
) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'none.db'}",
        "postgresql+psycopg://nobody@127.0.0.1:1/x",
        "nonsense",
        "mysql+nodriver://h/x",
    ):
        with pytest.raises(SourceUnavailable):
            pages(url)
    engine = sa.create_engine(empty_database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    database = Database(empty_database_url)
    database.add(1)
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS exchange_stranger")
        connection.exec_driver_sql("CREATE ROLE exchange_stranger LOGIN")
    try:
        stranger = sa.make_url(empty_database_url).set(username="exchange_stranger")
        with pytest.raises(AuthFailed):
            pages(stranger.render_as_string(hide_password=False))
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP ROLE exchange_stranger")
        engine.dispose()


def test_values_of_every_type_become_what_json_has() -> None:
    values = [
        None,
        True,
        7,
        "x",
        Decimal("1.50"),
        0.5,
        float("nan"),
        datetime(2024, 1, 2, 3, tzinfo=UTC),
        date(2024, 1, 2),
        b"\x01\xff",
    ]
    told = [None, True, 7, "x", "1.50", 0.5, "nan", "2024-01-02 03:00:00+00:00", "2024-01-02", "01ff"]
    assert [plain(value) for value in values] == told


def walk(database: Database) -> Iterator[Page]:
    assert isinstance(MADE.transport, TableSettings)
    return fetch(MADE, MADE.transport, Binding(430200, location=database.url), None)


@pytest.mark.parametrize(
    ("harm", "cure"),
    [
        ('DROP TABLE "T_XX"', None),
        (
            'ALTER TABLE "T_XX" RENAME COLUMN "MC" TO "XMMC"',
            'ALTER TABLE "T_XX" RENAME COLUMN "XMMC" TO "MC"',
        ),
        ('ALTER TABLE "T_XX" RENAME TO "T_YY"', 'ALTER TABLE "T_YY" RENAME TO "T_XX"'),
    ],
)
def test_a_table_that_is_changed_between_two_pages_ends_the_run_and_the_next_goes_on(
    database: Database, harm: str, cure: str | None
) -> None:
    database.add(*range(1, 9))
    walking = walk(database)
    first = next(walking)
    database.run(harm)
    with pytest.raises(SourceChanged):
        next(walking)
    with pytest.raises(SourceChanged):
        pages(database, first.cursor)
    if cure is None:
        database.table.metadata.create_all(database.engine)
        database.add(*range(1, 9))
    else:
        database.run(cure)
    assert set(keys([first, *pages(database, first.cursor)])) == {f"K{n}" for n in range(1, 9)}


def test_a_locked_table_is_tried_again_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "LOCK_SECONDS", 0.2)
    database.add(1)
    locks = {
        "sqlite": ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"),
        "postgresql": ('LOCK TABLE "T_XX" IN ACCESS EXCLUSIVE MODE',),
        "mysql": ('LOCK TABLES "T_XX" WRITE',),
    }
    with database.engine.connect() as other:
        for order in locks[database.engine.dialect.name]:
            other.exec_driver_sql(order)
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"(?i)lock"):
            pages(database)
        assert time.monotonic() - begun < 5
    assert keys(pages(database)) == ["K1"]


def test_a_database_that_falls_silent_is_cut_off(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "GRACE_SECONDS", 0.3)
    monkeypatch.setattr(databases, "STATEMENT_SECONDS", 0.0)  # the server sees no limit in 0, only we do
    slow = Database(empty_database_url)
    slow.run('CREATE VIEW "T_SLOW" AS SELECT t.* FROM "T_XX" t, pg_sleep(30)')
    made = simple(TABLE.replace("T_XX", "T_SLOW"), VERSIONED, top='volatile = ["LSH", "GXSJ"]')
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable):
        pages(slow, made=made)
    assert time.monotonic() - begun < 10


def unreadable(found: list[Page]) -> list[Unreadable]:
    return [row for page in found for row in page.rows if isinstance(row, Unreadable)]


@pytest.mark.parametrize("word", ["garbage", "待定", " ", "01/02/2024", "0000-00-00", "9999-99-99"])
def test_a_word_in_the_place_of_an_update_time_is_told_once_and_hides_nothing(
    database: Database, word: str
) -> None:
    database.add(1)
    before = pages(database)[-1].cursor
    database.add(2, GXSJ=word)
    found = pages(database, before)
    assert ([row.rule for row in unreadable(found)], keys(found)) == (["version.unreadable"], ["K1"])
    database.add(3)
    again = pages(database, found[-1].cursor)
    assert (unreadable(again), keys(again)) == ([], ["K1", "K3"])


def test_an_impossible_day_is_read_and_is_no_mark(database: Database) -> None:
    database.add(1)
    database.add(2, GXSJ="2024-13-45 00:00:00")
    found = pages(database)
    assert len(unreadable(found)) == 1
    database.add(3)
    assert keys(pages(database, found[-1].cursor)) == ["K1", "K3"]


def test_a_cursor_that_stands_on_a_word_or_in_the_future_begins_anew(database: Database) -> None:
    database.add(1, 2)
    for broken in ("garbage", "2999-01-01 00:00:00"):
        cursor = json.dumps({"updated": broken, "id": "0009", "unstamped": ""})
        found = pages(database, cursor)
        assert keys(found) == ["K1", "K2"]
        assert json.loads(found[-1].cursor)["updated"] == "2024-01-01 02:00:00"


def test_rows_without_an_update_time_are_paged_by_their_id(database: Database) -> None:
    database.add(*range(1, 9), GXSJ=None)
    database.add(9, LSH=None, GXSJ="")
    found = pages(database)
    assert [len(page.rows) for page in found] == [1, 3, 3, 2]
    assert len({row.body for row in unreadable(found)}) == 9
    assert pages(database, found[-1].cursor) == []
    assert len(unreadable(pages(database, found[-2].cursor))) == 9, "a run that broke off tells them again"
    database.add(10, LSH="0008", GXSJ=None)
    database.run('UPDATE "T_XX" SET "LSH" = \'0003\' WHERE "BH" = \'K4\'')
    with pytest.raises(SourceChanged, match="not unique"):
        pages(database)


def test_a_full_listing_names_its_rows_without_an_update_time_at_each_run(database: Database) -> None:
    made = simple(TABLE, top='volatile = ["LSH", "GXSJ", "YX", "YY"]\nlisting = "full"')
    database.add(1)
    database.add(2, GXSJ=None)
    found = pages(database, made=made)
    again = pages(database, found[-1].cursor, made)
    assert keys(found) == keys(again) == ["K2", "K1"]
    assert [page.listing for page in again] == [Listing.FULL, Listing.FULL_END]


def test_a_page_is_told_by_what_its_rows_hold_and_only_its_first_is_read(database: Database) -> None:
    database.add(1, 2, 3)
    [page] = pages(database)
    [again] = pages(database)
    assert isinstance(page.rows, Unread)
    assert page.rows.read_so_far == 1
    assert page.said == again.said != b""
    assert page.last
    database.run("""UPDATE "T_XX" SET "MC" = '乙' WHERE "BH" = 'K3'""")
    [other] = pages(database)
    assert other.said != page.said
    assert list(other.rows)[:2] == list(page.rows)[:2]
    unlike = simple(TABLE, VERSIONED)
    assert pages(database, made=unlike)[0].said != other.said
