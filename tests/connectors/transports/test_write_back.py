from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.manifest import ManifestError
from connectors.transport_settings import TableSettings
from connectors.transports import write_back
from connectors.transports.table import fetch
from connectors.transports.write_back import Verdict, stamp
from schemas.records import RawRecord, Unreadable
from tests.connectors.manifests import PUSH, TABLE, simple
from tests.support.mariadb import Server, throw_away

STAMPS = (
    '[write_back]\nvariable = "HUB_TEST_BACK"\nstatus = "SJSCZT"\nreason = "SBYY"\nuntold = ["0"]\n'
    'accepted = "1"\nrejected = "-1"\n'
)
VERSION = '[version]\ncolumns = ["GXSJ", "LSH"]\n'
TOP = 'volatile = ["LSH", "GXSJ", "SJSCZT", "SBYY"]'
MADE = simple(TABLE, VERSION, STAMPS, top=TOP)
assert MADE.write_back is not None
RULES = MADE.write_back


class Exchange:
    """A table of an exchange database: its status a number or a text, its update time a time or a text."""

    def __init__(self, url: str, *, typed: bool) -> None:
        self.url = url
        own = {"init_command": "SET sql_mode = 'ANSI_QUOTES'"} if url.startswith("mysql") else {}
        self.engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=own)
        kinds: dict[str, Any] = dict.fromkeys(("LSH", "BH", "MC", "GXSJ", "SJSCZT"), sa.TEXT)
        kinds["SBYY"] = sa.String(20)
        if typed:
            kinds |= {"LSH": sa.BigInteger, "GXSJ": sa.DateTime, "SJSCZT": sa.SmallInteger}
        columns = [sa.Column(sa.quoted_name(name, quote=True), kind) for name, kind in kinds.items()]
        self.table = sa.Table(sa.quoted_name("T_XX", quote=True), sa.MetaData(), *columns)
        self.table.metadata.create_all(self.engine)
        self.typed = typed

    def add(self, *numbers: int, **over: Any) -> None:
        with self.engine.begin() as connection:
            for number in numbers:
                at: Any = datetime.fromisoformat(f"2024-01-01 {number % 24:02}:{number % 60:02}:00")
                row: dict[str, Any] = {"BH": f"K{number}", "MC": "甲"}
                row |= {"LSH": number, "GXSJ": at, "SJSCZT": 0} if self.typed else {}
                row |= {} if self.typed else {"LSH": f"{number:04}", "GXSJ": at.isoformat(" "), "SJSCZT": "0"}
                connection.execute(self.table.insert(), {**row, **over})

    def run(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(sql)

    def said(self) -> list[tuple[str, str, str | None]]:
        """(BH, SJSCZT, SBYY) of every row, by number."""
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql('SELECT "BH", "SJSCZT", "SBYY" FROM "T_XX" ORDER BY "LSH"')
            return [(row[0], str(row[1]), row[2]) for row in rows]

    def times(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.exec_driver_sql('SELECT "GXSJ" FROM "T_XX" ORDER BY "LSH"').scalars())


@pytest.fixture(
    params=["sqlite", "sqlite typed", "postgresql", "postgresql typed", "mariadb", "mariadb typed"]
)
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exchange]:
    kind, _, typed = request.param.partition(" ")
    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path / 'exchange.db'}"
        elif kind == "postgresql":
            url = request.getfixturevalue("empty_database_url")
        else:
            server = request.getfixturevalue("mariadb")
            url = server.url(stack.enter_context(throw_away(server)))
        made = Exchange(url, typed=bool(typed))
        yield made
        made.engine.dispose()


def read(exchange: Exchange) -> list[RawRecord | Unreadable]:
    assert isinstance(MADE.transport, TableSettings)
    pages = fetch(MADE, MADE.transport, Binding(430200, location=exchange.url), None)
    return [row for page in pages for row in page.rows]


def verdicts(exchange: Exchange, **refused: str) -> list[Verdict]:
    """Give what each row is told: by its key, why it was refused."""
    return [
        Verdict(raw.version.rpartition("|")[2], raw.hash, None, refused.get(raw.key))
        for raw in read(exchange)
        if isinstance(raw, RawRecord)
    ]


def test_each_row_is_told_whether_it_was_taken_and_why_not_and_its_time_stays(exchange: Exchange) -> None:
    exchange.add(1, 2, 3)
    before, news = exchange.times(), read(exchange)
    assert stamp(MADE, RULES, exchange.url, verdicts(exchange, K2="名称为空")) == 3
    assert exchange.said() == [("K1", "1", None), ("K2", "-1", "名称为空"), ("K3", "1", None)]
    assert exchange.times() == before
    again = [row.hash for row in read(exchange) if isinstance(row, RawRecord)]
    assert again == [row.hash for row in news if isinstance(row, RawRecord)]


def test_to_be_told_twice_changes_nothing_and_another_outcome_changes_its_own_row(exchange: Exchange) -> None:
    exchange.add(1, 2)
    told = verdicts(exchange, K2="名称为空")
    assert (stamp(MADE, RULES, exchange.url, told), stamp(MADE, RULES, exchange.url, told)) == (2, 0)
    assert stamp(MADE, RULES, exchange.url, verdicts(exchange)) == 1
    assert exchange.said() == [("K1", "1", None), ("K2", "1", None)]


def test_a_row_that_says_something_else_by_now_is_not_stamped(exchange: Exchange) -> None:
    exchange.add(1, 2)
    told = verdicts(exchange, K1="不对")
    exchange.run("""UPDATE "T_XX" SET "MC" = '乙' WHERE "BH" = 'K1'""")
    assert stamp(MADE, RULES, exchange.url, told) == 1
    assert exchange.said() == [("K1", "0", None), ("K2", "1", None)]


def test_a_status_that_is_somebody_elses_word_stays(exchange: Exchange) -> None:
    exchange.add(1, 2, 3)
    exchange.run("""UPDATE "T_XX" SET "SJSCZT" = '3' WHERE "BH" = 'K1'""")
    exchange.run("""UPDATE "T_XX" SET "SJSCZT" = NULL WHERE "BH" = 'K2'""")
    assert stamp(MADE, RULES, exchange.url, verdicts(exchange)) == 2
    assert [row[1] for row in exchange.said()] == ["3", "1", "1"]


def test_a_reason_is_cut_to_its_column(exchange: Exchange) -> None:
    exchange.add(1)
    stamp(MADE, RULES, exchange.url, verdicts(exchange, K1="长" * 300))
    assert exchange.said()[0][2] == "长" * 19 + "…"


def test_rows_are_told_in_batches_each_in_one_statement(exchange: Exchange) -> None:
    exchange.add(*range(1, 452))
    told = verdicts(exchange, **{f"K{n}": f"第{n}行" for n in range(1, 452, 2)})
    assert stamp(MADE, RULES, exchange.url, told) == 451
    assert [row[1:] for row in exchange.said()] == [
        ("-1", f"第{n}行") if n % 2 else ("1", None) for n in range(1, 452)
    ]


def test_a_row_without_a_usable_key_is_told_by_the_rule_it_was_refused_by(exchange: Exchange) -> None:
    exchange.add(1, BH="")
    [row] = read(exchange)
    assert isinstance(row, Unreadable)
    number = "1" if exchange.typed else "0001"
    assert stamp(MADE, RULES, exchange.url, [Verdict(number, None, "other.rule", "缺少主键")]) == 0
    assert stamp(MADE, RULES, exchange.url, [Verdict(number, None, row.rule, "缺少主键")]) == 1
    assert exchange.said() == [("", "-1", "缺少主键")]


def test_a_row_that_changes_between_the_look_and_the_stamp_is_passed_over(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange.add(1, 2)
    told = verdicts(exchange)
    stamps = write_back._stamps

    def slow(*arguments: Any) -> Any:
        found = list(stamps(*arguments))
        at = "'2025-01-01 00:00:00'"
        exchange.run(f"""UPDATE "T_XX" SET "GXSJ" = {at} WHERE "BH" = 'K1'""")
        return found

    monkeypatch.setattr(write_back, "_stamps", slow)
    assert stamp(MADE, RULES, exchange.url, told) == 1
    assert [row[1] for row in exchange.said()] == ["0", "1"]


def test_a_database_that_forbids_writing_is_named_as_such(exchange: Exchange, tmp_path: Path) -> None:
    exchange.add(1)
    told = verdicts(exchange)
    if "sqlite" in exchange.url:
        url = f"sqlite:///file:{tmp_path / 'exchange.db'}?mode=ro&uri=true"
    elif exchange.url.startswith("mysql"):
        name = make_url(exchange.url).database
        exchange.run("CREATE USER IF NOT EXISTS reader@'127.0.0.1' IDENTIFIED BY 'reads'")
        exchange.run(f"GRANT SELECT ON {name}.* TO reader@'127.0.0.1'")
        url = exchange.url.replace("root@", "reader:reads@")
    else:
        read_only = {"options": "-c default_transaction_read_only=on"}
        url = make_url(exchange.url).update_query_dict(read_only).render_as_string(hide_password=False)
    with pytest.raises(AuthFailed, match="refuses us"):
        stamp(MADE, RULES, url, told)
    assert exchange.said() == [("K1", "0", None)]


def test_a_database_that_is_away_or_lacks_the_columns_is_named(exchange: Exchange, tmp_path: Path) -> None:
    exchange.add(1)
    told = verdicts(exchange)
    with pytest.raises(SourceUnavailable):
        stamp(MADE, RULES, f"sqlite:///{tmp_path}/none.db", told)
    exchange.run('ALTER TABLE "T_XX" DROP COLUMN "SBYY"')
    with pytest.raises(SourceChanged, match="SBYY"):
        stamp(MADE, RULES, exchange.url, told)


@pytest.mark.parametrize(
    ("transport", "stamps", "top", "told"),
    [
        (PUSH, STAMPS, TOP, "only a table"),
        (TABLE, STAMPS, 'volatile = ["LSH", "GXSJ", "SJSCZT"]', "SBYY must be volatile"),
        (TABLE, STAMPS.replace('"SBYY"', '"GXSJ"'), TOP, "not ours"),
        (TABLE, STAMPS.replace('"1"', '"0"'), TOP, "told apart"),
    ],
)
def test_a_manifest_writes_only_what_tells_no_versions_apart(
    transport: str, stamps: str, top: str, told: str
) -> None:
    with pytest.raises(ManifestError, match=told):
        simple(transport, VERSION, stamps, top=top)


def test_a_time_that_mysql_moves_by_itself_stays_where_it_is(mariadb: Server) -> None:
    with throw_away(mariadb) as name:
        exchange = Exchange(mariadb.url(name), typed=True)
        exchange.run(
            'ALTER TABLE "T_XX" MODIFY "GXSJ" DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP'
        )
        exchange.add(1, 2)
        before = exchange.times()
        assert stamp(MADE, RULES, exchange.url, verdicts(exchange)) == 2
        assert exchange.times() == before
        exchange.engine.dispose()
