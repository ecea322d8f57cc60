"""Singer taps from the package index, unchanged: from a department's file or database to its project in the API.

`make test-singer` installs each into an environment of its own and runs this; the MariaDB story needs mariadbd besides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from app.db import sources
from app.db.runs import Claimed
from app.db.session import Database
from app.main import create_app
from app.pipeline.process import drain
from app.pipeline.rules import Rules, load_rules
from app.pipeline.sync import sync
from app.settings import Settings
from connectors.manifest import Manifest, parse
from connectors.registry import Registry, Source
from tests.support.callers import trusted_keys
from tests.support.client import Client, calling
from tests.support.corridor import books, opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.mariadb import Server, throw_away
from tests.support.pulled import bound, claim
from tests.support.small_city import rid
from tests.support.taps import environment

pytestmark = pytest.mark.timeout(900)  # the first to ask for a tap installs it

KEY = "environment.approvals"
MANIFEST = """
key = "environment.approvals"
title = { zh = "环评批复", en = "Approvals" }
department = "environment"
owner = "nobody"
ignore = ["updated_at", "_sdc_filename", "_sdc_stream"]
volatile = ["_sdc_last_modified"]
%s
[transport]
kind = "singer"
variable = "HUB_APPROVALS_TAP"
config = "HUB_APPROVALS_CONFIG"
%s
[identity]
columns = ["no"]
[fields]
name = "name"
[[identifiers]]
scheme = "document_no"
from = "no"
[money]
total_investment = { from = "investment", unit = "元" }
[[evidence]]
milestone = "I5"
rank = "A"
number = "no"
date = "approved"
"""


def approval(number: int, **over: object) -> dict[str, Any]:
    return {
        "no": f"株环评〔2024〕{number:03d}号",
        "name": f"示例材料{number}号生产线项目",
        "investment": "12345678901234567.10",
        "approved": "2024-05-30",
        "updated_at": f"2024-06-01T00:00:{number % 60:02d}",
        **over,
    }


@dataclass
class Journey:
    """A hub that reads one tap, for both jurisdictions."""

    hub: Database
    rules: Rules
    registry: Registry

    @cached_property
    def keys(self) -> dict[int, str]:
        """Keys of who asks the API, in each jurisdiction."""
        return trusted_keys(self.hub.url)

    def pull(self) -> list[tuple[str, int, int, str]]:
        """Pull in every jurisdiction and give how each run ended: state, received, kept, what was said of it."""
        return [self._pull(jurisdiction) for jurisdiction in JURISDICTIONS]

    def _pull(self, jurisdiction: int) -> tuple[str, int, int, str]:
        with self.hub.begin() as connection:
            sources.queue_run(connection, jurisdiction, KEY)
        run: Claimed = claim(self.hub, jurisdiction)
        state = sync(self.hub, self.rules, run)
        drain(self.hub, self.rules, jurisdiction)
        [(received, kept, told)] = rows_of(
            self.hub, "SELECT received, kept, error_text FROM ops.run WHERE run_id = :r", r=run.run_id
        )
        return state, received, kept, told or ""

    def served(self, jurisdiction: int, number: int) -> dict[str, Any]:
        """Give the project of an approval and its loop, as the API tells them."""
        project = rid(KEY, approval(number)["no"], jurisdiction)
        with self._client() as client:
            answer = client.get(f"/projects/{project}")
            assert answer.json()["departments"] == ["environment"]
            ledger = client.get(f"/projects/{project}/lifecycle").json()
        proofs = {
            (milestone["code"], proof["number"], proof["rank"])
            for stage in ledger["stages"]
            for milestone in stage["milestones"]
            for proof in milestone["proofs"]
        }
        return {"answer": answer.status_code, "proofs": proofs}

    @contextmanager
    def _client(self) -> Iterator[Client]:
        app = create_app(Settings(jurisdiction=JURISDICTIONS[0]), self.hub, self.registry, {})
        with calling(app) as caller:
            yield caller.holding(self.keys[JURISDICTIONS[0]], self.keys)

    def gone(self) -> list[tuple[Any, ...]]:
        return rows_of(
            self.hub, "SELECT jurisdiction, key FROM memory.head WHERE op = 'delete' ORDER BY jurisdiction"
        )


Start = Callable[..., Journey]


@pytest.fixture
def start(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Give what opens a hub that reads a tap by a [transport] and a config."""
    with opened(database_url) as hub:

        def begin(program: Path, transport: str, config: Mapping[str, object], top: str = "") -> Journey:
            monkeypatch.setenv("HUB_APPROVALS_TAP", str(program))
            monkeypatch.setenv("HUB_APPROVALS_CONFIG", json.dumps(config))
            made: Manifest = parse(MANIFEST % (top, transport))
            registry = Registry({KEY: Source(made, Path("/nowhere"))}, [])
            bound(hub, source=KEY, scheduled=False)
            return Journey(hub, load_rules(registry), registry)

        yield begin


def ends(found: list[tuple[str, int, int, str]]) -> set[tuple[str, int, int]]:
    """Give how the runs ended, those of both jurisdictions alike, and what was said of one that failed."""
    return {(told or state, received, kept) for state, received, kept, told in found}


def test_tap_jsonl_brings_a_departments_file_to_its_projects(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "approvals.jsonl"

    def lies_there(*rows: dict[str, Any], at: int) -> None:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        os.utime(file, (at, at))

    program = environment("tap-jsonl") / "bin" / "tap-jsonl"
    config = {"path": str(file), "stream_name": "approvals", "primary_keys": ["no"], "emit_state_every": 1}
    journey = start(program, 'stream = "approvals"', config)
    lies_there(approval(1), approval(2), at=1_700_000_000)
    assert ends(journey.pull()) == {("succeeded", 2, 2)}
    for jurisdiction in JURISDICTIONS:
        served = journey.served(jurisdiction, 1)
        assert (served["answer"], served["proofs"]) == (200, {("I5", approval(1)["no"], "A")})
    again = journey.pull()
    assert {(state, kept) for state, _, kept, _ in again} == {("succeeded", 0)}, (
        "what was said before is not kept twice"
    )
    lies_there(approval(1), approval(2, name="示例材料二号改扩建项目"), approval(3), at=1_700_000_100)
    assert ends(journey.pull()) == {("succeeded", 3, 2)}
    file.unlink()
    assert {"missing: approved, investment, name, no" in told for _, _, _, told in journey.pull()} == {True}
    assert journey.gone() == []
    assert journey.served(JURISDICTIONS[0], 3)["answer"] == 200
    books(journey.hub)


COLUMNS = "no TEXT PRIMARY KEY, name TEXT, investment NUMERIC(30, 2), approved DATE, updated_at TIMESTAMP"


@pytest.fixture
def exchange(empty_database_url: str) -> Iterator[psycopg.Connection]:
    """A department's exchange database with an empty table of approvals, on a real PostgreSQL."""
    address = (
        sa.make_url(empty_database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE approvals ({COLUMNS})")
        yield connection


def fill(exchange: psycopg.Connection, *rows: dict[str, Any]) -> None:
    with exchange.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO approvals VALUES (%(no)s, %(name)s, %(investment)s, %(approved)s, %(updated_at)s)"
            " ON CONFLICT (no) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at",
            rows,
        )


POSTGRES = 'stream = "public-approvals"\ndiscover = true\n'


def by_tap_postgres(start: Start, empty_database_url: str, transport: str, top: str = "") -> Journey:
    program = environment("meltanolabs-tap-postgres") / "bin" / "tap-postgres"
    url = sa.make_url(empty_database_url)
    # the tap wants a host and a password, also where a socket needs neither
    told = url.set(
        drivername="postgresql", host=url.host or "localhost", password=url.password or "none-asked"
    )
    config = {"sqlalchemy_url": told.render_as_string(hide_password=False), "filter_schemas": ["public"]}
    return start(program, transport, config, top)


def test_tap_postgres_brings_what_changed_in_a_table(
    start: Start, exchange: psycopg.Connection, empty_database_url: str
) -> None:
    journey = by_tap_postgres(start, empty_database_url, POSTGRES + 'replication_key = "updated_at"')
    fill(exchange, *(approval(number) for number in range(1, 6)))
    assert ends(journey.pull()) == {("succeeded", 5, 5)}
    assert journey.served(JURISDICTIONS[1], 5)["proofs"] == {("I5", approval(5)["no"], "A")}
    assert ends(journey.pull()) == {("succeeded", 1, 0)}, (
        "the row the bookmark stands on is said again and kept once"
    )
    fill(
        exchange,
        approval(2, name="示例材料二号改扩建项目", updated_at="2024-07-01"),
        approval(9, updated_at="2024-07-01"),
    )
    assert ends(journey.pull()) == {("succeeded", 3, 2)}
    exchange.execute("ALTER TABLE approvals RENAME COLUMN name TO title")
    assert {(state, "missing: name" in told) for state, _, _, told in journey.pull()} == {("failed", True)}
    books(journey.hub)


def test_tap_postgres_gives_a_whole_table_whose_missing_rows_are_withdrawn_after_a_clean_end_alone(
    start: Start, exchange: psycopg.Connection, empty_database_url: str
) -> None:
    journey = by_tap_postgres(start, empty_database_url, POSTGRES, 'listing = "full"')
    fill(exchange, *(approval(number) for number in range(1, 31)))
    assert ends(journey.pull()) == {("succeeded", 30, 30)}
    exchange.execute("DELETE FROM approvals WHERE no = %s", [approval(7)["no"]])
    exchange.execute("REVOKE ALL ON approvals FROM PUBLIC")
    exchange.execute("ALTER TABLE approvals RENAME TO hidden")
    assert {state for state, *_ in journey.pull()} == {"failed"}
    assert journey.gone() == []
    exchange.execute("ALTER TABLE hidden RENAME TO approvals")
    assert {state for state, *_ in journey.pull()} == {"succeeded"}
    assert journey.gone() == [(jurisdiction, approval(7)["no"]) for jurisdiction in JURISDICTIONS]
    books(journey.hub)


def test_a_real_taps_failure_is_told_without_the_password(start: Start) -> None:
    program = environment("meltanolabs-tap-postgres") / "bin" / "tap-postgres"
    config = {"sqlalchemy_url": "postgresql://reader:s3cret-w0rd@127.0.0.1:1/x", "filter_schemas": ["public"]}
    [(state, _, _, told), _] = start(program, POSTGRES, config).pull()
    assert (state, "ended with code" in told, "s3cret-w0rd" in told) == ("failed", True, False)


def test_tap_mysql_of_the_first_generation_brings_a_mariadbs_table(start: Start, mariadb: Server) -> None:
    program = environment("tap-mysql") / "bin" / "tap-mysql"
    with throw_away(mariadb) as name:
        columns = "no VARCHAR(40) PRIMARY KEY, name VARCHAR(80), investment DECIMAL(30,2), approved DATE, updated_at DATETIME"
        mariadb.run(
            f"CREATE TABLE approvals ({columns})",
            *(
                "INSERT INTO approvals VALUES ('{no}', '{name}', {investment}, '{approved}', '{updated_at}')".format(
                    **approval(n)
                )
                for n in range(1, 4)
            ),
            database=name,
        )
        mariadb.run(
            f"CREATE USER '{name}'@'%' IDENTIFIED BY 'right'", f"GRANT SELECT ON {name}.* TO '{name}'@'%'"
        )
        config = {
            "host": "127.0.0.1",
            "port": str(mariadb.port),
            "user": name,
            "password": "right",
            "database": name,
        }
        transport = 'stream = "approvals"\ndiscover = true\nreplication_key = "updated_at"'
        journey = start(program, transport, config)
        assert ends(journey.pull()) == {("succeeded", 3, 3)}
        assert journey.served(JURISDICTIONS[0], 1)["proofs"] == {("I5", approval(1)["no"], "A")}
        assert ends(journey.pull()) == {("succeeded", 1, 0)}
        books(journey.hub)
