"""What a department's MariaDB has that no other database of ours has: its days, its letters, its keys, its death.

The stories that every database shares are told in test_table.py, on MariaDB too.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.manifest import Manifest
from connectors.transport_settings import TableSettings
from connectors.transports import databases
from connectors.transports.table import fetch
from schemas.records import Op, Page, RawRecord, Unreadable
from tests.connectors.manifests import TABLE, simple
from tests.support.mariadb import Server, throw_away

VERSIONED = '[version]\ncolumns = ["GXSJ", "LSH"]\n[retraction]\ncolumn = "YX"\nvalue = "0"\n'
MADE = simple(TABLE, VERSIONED, top='volatile = ["LSH", "GXSJ"]')
BARE = simple(TABLE, '[version]\ncolumns = ["GXSJ"]\n', top='volatile = ["LSH"]')


class Exchange:
    """A database of a department's on a MariaDB."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name

    def run(self, *statements: str) -> None:
        self.server.run(*statements, database=self.name)

    def table(self, columns: str, *rows: str, name: str = "T_XX", options: str = "") -> None:
        self.run(f'CREATE TABLE "{name}" ({columns}) {options}')
        if rows:
            self.run(f'INSERT INTO "{name}" VALUES {", ".join(f"({row})" for row in rows)}')

    def fetch(self, made: Manifest = BARE, cursor: str | None = None, **login: str) -> Iterator[Page]:
        assert isinstance(made.transport, TableSettings)
        url = self.server.url(self.name, **login)
        return fetch(made, made.transport, Binding(430200, location=url), cursor)

    def pages(self, made: Manifest = BARE, cursor: str | None = None, **login: str) -> list[Page]:
        return list(self.fetch(made, cursor, **login))


@pytest.fixture
def exchange(mariadb: Server) -> Iterator[Exchange]:
    with throw_away(mariadb) as name:
        yield Exchange(mariadb, name)


def rows(found: list[Page]) -> list[RawRecord]:
    return [row for page in found for row in page.rows if isinstance(row, RawRecord)]


def keys(found: list[Page]) -> list[str]:
    return [row.key for row in rows(found)]


def unreadable(found: list[Page]) -> list[str]:
    return [row.rule for page in found for row in page.rows if isinstance(row, Unreadable)]


def said(found: list[Page]) -> list[dict[str, Any]]:
    return [json.loads(row.body) for row in rows(found)]


def moment(number: int) -> str:
    return f"2024-01-01 00:00:00.{number:06d}"


TYPED = '"LSH" BIGINT PRIMARY KEY, "BH" VARCHAR(40), "MC" VARCHAR(200), "GXSJ" DATETIME(6)'


def test_rows_are_walked_by_moments_of_a_millionth_and_resume_there(exchange: Exchange) -> None:
    exchange.table(TYPED, *(f"{n}, 'K{n}', '甲', '{moment(n)}'" for n in range(8, 0, -1)))
    found = exchange.pages()
    assert keys(found) == [f"K{n}" for n in range(1, 9)]
    versions = [row.version for row in rows(found)]
    assert all(older < newer for older, newer in pairwise(versions))
    assert json.loads(found[-1].cursor)["updated"] == moment(8)
    short = simple(TABLE.replace("3600", "0"), '[version]\ncolumns = ["GXSJ"]\n', top='volatile = ["LSH"]')
    exchange.run(f"INSERT INTO \"T_XX\" VALUES (9, 'K9', '乙', '{moment(9)}')")
    assert keys(exchange.pages(short, found[-1].cursor)) == ["K8", "K9"]


def test_rows_of_one_moment_are_told_apart_by_the_worth_of_their_number(exchange: Exchange) -> None:
    exchange.table(TYPED, *(f"{n}, 'K{n}', '甲', '2024-01-01'" for n in (2, 10, 9, 100, 11, 1, 20)))
    assert keys(exchange.pages()) == ["K1", "K2", "K9", "K10", "K11", "K20", "K100"]


@pytest.mark.parametrize(
    "kind", ["DATETIME(6)", "DATETIME NOT NULL", "TIMESTAMP NULL", "DATE", "DATE NOT NULL"]
)
@pytest.mark.parametrize("number", [0, 6])
def test_the_day_zero_is_told_once_and_hides_nothing(exchange: Exchange, kind: str, number: int) -> None:
    columns = TYPED.replace("DATETIME(6)", kind)
    zeros = [f"{n}, 'Z{n}', '甲', 0" for n in range(1, 6)]
    exchange.table(columns, *zeros, f"{number}, 'K6', '乙', '2024-01-02'")
    found = exchange.pages()
    assert (keys(found), unreadable(found)) == (["K6"], ["version.unreadable"] * 5)
    assert b"0000-00-00" in next(
        row.body for page in found for row in page.rows if isinstance(row, Unreadable)
    )
    again = exchange.pages(cursor=found[-1].cursor)
    assert (keys(again), unreadable(again)) == (["K6"], [])
    exchange.run("INSERT INTO \"T_XX\" VALUES (7, 'Z7', '甲', 0)")
    assert len(unreadable(exchange.pages(cursor=again[-1].cursor))) == 6


def test_a_table_of_days_zero_alone_gives_them_and_then_nothing(exchange: Exchange) -> None:
    exchange.table(TYPED, "1, 'Z1', '甲', 0", "2, 'Z2', '甲', 0")
    found = exchange.pages()
    assert (keys(found), len(unreadable(found))) == ([], 2)
    assert exchange.pages(cursor=found[-1].cursor) == []


@pytest.mark.parametrize("day", ["2024-00-00", "2024-02-00"])
def test_a_day_without_a_month_or_date_is_unreadable_and_no_mark(exchange: Exchange, day: str) -> None:
    exchange.table(TYPED, "1, 'K1', '甲', '2023-12-31'", f"2, 'Z2', '甲', '{day}'")
    found = exchange.pages()
    assert (keys(found), unreadable(found)) == (["K1"], ["version.unreadable"])
    exchange.run("INSERT INTO \"T_XX\" VALUES (3, 'K3', '乙', '2024-01-02')")
    assert keys(exchange.pages(cursor=found[-1].cursor)) == ["K1", "K3"]


def test_names_and_letters_of_any_kind_are_read_as_they_stand(exchange: Exchange) -> None:
    names = '"LSH" INT PRIMARY KEY, "项目编号" VARCHAR(40), "项目名称" VARCHAR(80), "占比%" DECIMAL(5,2), "更新时间" DATETIME'
    exchange.table(names, "1, 'K1', '𠮷田👍 100%', 12.50, '2024-01-01'", name="T项目")
    made = simple(
        TABLE.replace("T_XX", "T项目").replace("GXSJ", "更新时间"),
        '[version]\ncolumns = ["更新时间"]\n',
        top='volatile = ["LSH", "占比%"]',
    )
    made = made.model_validate(
        made.model_dump(by_alias=True)
        | {"identity": {"columns": ["项目编号"]}, "fields": {"name": {"from": "项目名称"}}}
    )
    assert said(exchange.pages(made)) == [
        {
            "LSH": 1,
            "项目编号": "K1",
            "项目名称": "𠮷田👍 100%",
            "占比%": "12.50",
            "更新时间": "2024-01-01 00:00:00",
        }
    ]


def test_a_column_in_gbk_arrives_as_the_same_letters(exchange: Exchange) -> None:
    columns = '"LSH" INT PRIMARY KEY, "BH" VARCHAR(40), "MC" VARCHAR(80) CHARACTER SET gbk, "GXSJ" DATETIME'
    exchange.table(columns, "1, 'K1', '株洲示例陶瓷厂镕', '2024-01-01'")
    assert [row["MC"] for row in said(exchange.pages())] == ["株洲示例陶瓷厂镕"]


def test_values_of_every_type_are_said_without_loss(exchange: Exchange) -> None:
    columns = (
        '"LSH" INT PRIMARY KEY, "BH" VARCHAR(9), "MC" VARCHAR(9), "GXSJ" DATETIME, "A" DECIMAL(65,30), "B" BIGINT UNSIGNED,'
        ' "C" TIME(3), "D" BIT(9), "E" VARBINARY(9), "F" JSON, "G" YEAR, "H" SET(\'甲\',\'乙\'), "I" TINYINT(1), "J" DOUBLE'
    )
    exchange.table(
        columns,
        "1, 'K1', NULL, '2024-01-01', 12345678901234567890123456789012345.123456789012345678901234567890,"
        " 18446744073709551615, '-26:03:04.5', b'100000001', x'00ff', '{\"a\": 1.10}', 2024, '甲,乙', 1, 0.1",
    )
    made = simple(
        TABLE,
        '[version]\ncolumns = ["GXSJ"]\n',
        top='volatile = ["LSH"]\nignore = [' + ", ".join(f'"{c}"' for c in "ABCDEFGHIJ") + "]",
    )
    [row] = said(exchange.pages(made))
    assert row["MC"] is None
    assert [row[name] for name in "ABCDEFGHIJ"] == [
        "12345678901234567890123456789012345.123456789012345678901234567890",
        18446744073709551615,
        "-26:03:04.500000",
        "0101",
        "00ff",
        '{"a": 1.10}',
        2024,
        "甲,乙",
        1,
        0.1,
    ]


def test_a_retraction_is_a_delete_between_two_states(exchange: Exchange) -> None:
    columns = '"LSH" INT PRIMARY KEY, "BH" VARCHAR(9), "MC" VARCHAR(9), "GXSJ" DATETIME, "YX" CHAR(1)'
    exchange.table(columns, *(f"{n}, 'K1', '甲', '2024-01-0{n}', '{n % 2}'" for n in (1, 2, 3)))
    assert [row.op for row in rows(exchange.pages(MADE))] == [Op.UPSERT, Op.DELETE, Op.UPSERT]


@pytest.mark.parametrize(
    ("collation", "twins"),
    [
        ("utf8mb4_general_ci", ("aa", "AA")),
        ("utf8mb4_general_ci", ("aa", "aa ")),
        ("utf8mb4_unicode_ci", ("strasse", "straße")),
        ("utf8mb4_unicode_ci", ("ab", "ａｂ")),
    ],
)
def test_keys_that_the_database_takes_for_one_lose_no_row_in_silence(
    exchange: Exchange, collation: str, twins: tuple[str, str]
) -> None:
    columns = '"LSH" VARCHAR(20), "BH" VARCHAR(40), "MC" VARCHAR(9), "GXSJ" DATETIME'
    numbers = ["a1", "a2", *twins, "zz"]
    exchange.table(
        columns, *(f"'{n}', 'K{n}', '甲', '2024-01-01'" for n in numbers), options=f"COLLATE {collation}"
    )
    with pytest.raises(SourceChanged, match="not unique"):
        exchange.pages()
    exchange.run('UPDATE "T_XX" SET "GXSJ" = NULL')
    with pytest.raises(SourceChanged, match="not unique"):
        exchange.pages()
    exchange.run(
        'UPDATE "T_XX" SET "GXSJ" = \'2024-01-01\'',
        'ALTER TABLE "T_XX" CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin',
    )
    assert len(set(keys(exchange.pages()))) == 5


def test_keys_in_another_order_than_ours_are_all_read(exchange: Exchange) -> None:
    columns = '"LSH" VARCHAR(20) PRIMARY KEY, "BH" VARCHAR(40), "MC" VARCHAR(9), "GXSJ" DATETIME'
    numbers = ["b", "A", "C", "a1", "B2", "_", "项", "é", "10", "9"]
    exchange.table(
        columns,
        *(f"'{n}', 'K{n}', '甲', '2024-01-01'" for n in numbers),
        options="COLLATE utf8mb4_general_ci",
    )
    assert sorted(keys(exchange.pages())) == sorted(f"K{n}" for n in numbers)


@pytest.mark.parametrize("driver", ["mysql+pymysql", "mariadb+pymysql"])
def test_nothing_can_be_written_by_whatever_name_the_database_is_called(
    exchange: Exchange, driver: str
) -> None:
    exchange.table(TYPED, "1, 'K1', '甲', '2024-01-01'")
    url = databases.address(exchange.server.url(exchange.name)).set(drivername=driver)
    with pytest.raises(AuthFailed, match="READ ONLY"), databases.opened(url) as connection:
        connection.exec_driver_sql("DELETE FROM T_XX")
    assert keys(exchange.pages()) == ["K1"]


def test_a_statement_that_takes_too_long_is_given_up(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "STATEMENT_SECONDS", 0.3)
    exchange.table(TYPED, *(f"{n}, 'K{n}', '甲', '2024-01-01'" for n in range(1, 4)))
    exchange.run('CREATE VIEW "T_SLOW" AS SELECT * FROM "T_XX" WHERE SLEEP(20) = 0')
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="max_statement_time"):
        exchange.pages(
            simple(
                TABLE.replace("T_XX", "T_SLOW"), '[version]\ncolumns = ["GXSJ"]\n', top='volatile = ["LSH"]'
            )
        )
    assert time.monotonic() - begun < 10


def test_a_stranger_is_the_owners_business_and_an_unknown_column_the_manifests(exchange: Exchange) -> None:
    exchange.table(TYPED, "1, 'K1', '甲', '2024-01-01'")
    exchange.run(
        f"CREATE USER '{exchange.name}'@'%' IDENTIFIED BY 'right'",
        f"CREATE USER '{exchange.name}_b'@'%' IDENTIFIED BY 'right'",
        f"GRANT SELECT (LSH, BH, MC) ON T_XX TO '{exchange.name}'@'%'",
    )
    for user, password in ((exchange.name, "wrong"), ("nobody", "x"), (f"{exchange.name}_b", "right")):
        with pytest.raises(AuthFailed, match="refuses us"):
            exchange.pages(user=user, password=password)
    with pytest.raises((AuthFailed, SourceChanged)):
        exchange.pages(user=exchange.name, password="right")
    with pytest.raises(SourceUnavailable):
        Exchange(exchange.server, "no_such_database").pages()


def test_a_server_that_falls_in_the_middle_is_tried_again_and_nothing_is_lost(mariadb: Server) -> None:
    with throw_away(mariadb) as name:
        exchange = Exchange(mariadb, name)
        exchange.table(TYPED, *(f"{n}, 'K{n}', '甲', '{moment(n)}'" for n in range(1, 9)))
        walking = exchange.fetch()
        first = next(walking)
        mariadb.shoot()
        with pytest.raises(SourceUnavailable):
            next(walking)
        with pytest.raises(SourceUnavailable):
            exchange.pages(cursor=first.cursor)
        mariadb.revive()
        assert set(keys([first, *exchange.pages(cursor=first.cursor)])) == {f"K{n}" for n in range(1, 9)}


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def test_a_driver_without_the_part_for_mysqls_own_passwords_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pymysql._auth._have_cryptography", False)
    greeting = b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0" + b"\xff\xf7\xff\x02\x00\xff\xdf\x15" + bytes(10)
    greeting += b"saltsaltsalt\0caching_sha2_password\0"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            """Say what a MySQL 8 says to a stranger: greeting, `whole password, please`, its public key."""
            caller, _ = server.accept()
            with caller:
                for number, said in ((0, greeting), (2, b"\x01\x04"), (4, b"\x01-----BEGIN PUBLIC KEY-----")):
                    caller.sendall(packet(number, said))
                    caller.recv(4096)

        threading.Thread(target=greet, daemon=True).start()
        url = databases.address(f"mysql+pymysql://reader:x@127.0.0.1:{server.getsockname()[1]}/x")
        with (
            pytest.raises(SourceUnavailable, match=r"lacks a part.*lifecycle-hub\[mysql\]"),
            databases.opened(url),
        ):
            pass


@pytest.mark.parametrize("driver", ["mysql+mysqldb", "mariadb+mariadbconnector"])
def test_a_driver_that_is_not_there_says_what_to_install(driver: str) -> None:
    url = databases.address(f"{driver}://reader@127.0.0.1/x")
    with pytest.raises(SourceUnavailable, match=r"no driver .*lifecycle-hub\[mysql\]"), databases.opened(url):
        pass
