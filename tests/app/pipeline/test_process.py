"""Draining: what waits is landed in order of receipt and derived, whatever a connector does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from app.db import landing
from app.db.session import Connection
from app.pipeline import poison, process
from app.pipeline.process import drain, land_pushes
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from connectors.manifest_connector import ManifestConnector
from tests.support.corridor import books, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.pushed import accept_push
from tests.support.small_city import SmallCity, message, permit, small_city

FIRST, SECOND = JURISDICTIONS
EVENTS = "housing.events"


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = small_city(database_url)
    city.land("housing.permits", permit("P1"))
    yield city
    city.database.close()


def push(city: SmallCity, n: int, source: str = EVENTS, body: bytes | None = None) -> None:
    event = {"id": "E1", "permit": "P1", "on": f"2024-10-{n:02}"}
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            sent = message([event])[0] if body is None else body
            accept_push(connection, jurisdiction, source, f"m{n}", {}, sent, "housing")


def drained(city: SmallCity) -> None:
    for jurisdiction in JURISDICTIONS:
        drain(city.database, load_rules(city.registry), jurisdiction)
    books(city.database)


def test_pushes_are_landed_in_the_order_they_were_received(city: SmallCity) -> None:
    for n in (3, 1, 2):
        push(city, n)
    drained(city)
    for jurisdiction in JURISDICTIONS:
        [(on,)] = rows_of(
            city.database,
            "SELECT CAST(statement AS jsonb)->'evidence'->0->'on'->>'day' FROM record"
            " WHERE jurisdiction = :j AND kind = 'part'",
            j=jurisdiction,
        )
        assert on == "2024-10-02"
        ledger = json.loads(
            rows_of(city.database, "SELECT ledger FROM project WHERE jurisdiction = :j", j=jurisdiction)[0][0]
        )
        assert "2024-10-02" in json.dumps(ledger)


def test_more_pushes_than_one_round_takes_are_all_landed(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PUSHES", 2)
    for n in range(1, 6):
        push(city, n)
    assert land_pushes(city.database, load_rules(city.registry), FIRST) == 2
    drained(city)
    assert rows_of(city.database, "SELECT count(*) FROM memory.landing") == [(12,)]


def test_a_push_of_a_source_nobody_knows_is_one_unreadable_row(city: SmallCity) -> None:
    push(city, 1, "culture.gone", b"anything")
    drained(city)
    assert (
        rows_of(city.database, "SELECT rule, body FROM memory.unreadable")
        == [("source.unknown", b"anything")] * 2
    )


def test_a_connector_that_raises_on_a_push_holds_up_nothing(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpack = ManifestConnector.unpack

    def breaks(self: ManifestConnector, headers: Mapping[str, str], body: bytes) -> object:
        if b"-01" in body:
            raise ValueError("half a character \ud800 and NUL \0")
        return unpack(self, headers, body)

    monkeypatch.setattr(ManifestConnector, "unpack", breaks)
    push(city, 1)
    push(city, 2)
    drained(city)
    assert rows_of(city.database, "SELECT rule FROM memory.unreadable") == [("connector.failed",)] * 2
    assert rows_of(city.database, "SELECT count(*) FROM record WHERE kind = 'part'") == [(2,)]


def test_a_push_that_cannot_be_landed_is_one_unreadable_row_and_holds_up_nothing(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = landing.add_raw_records

    def refuses(connection: Connection, jurisdiction: int, delivery_no: int, rows: Any) -> None:
        said = list(rows)
        if any(b"-01" in row[2].body for row in said):
            raise psycopg.errors.ProgramLimitExceeded("index row requires 18040 bytes, maximum size is 8191")
        whole(connection, jurisdiction, delivery_no, said)

    monkeypatch.setattr(poison, "PAUSES", (0, 0))
    monkeypatch.setattr(landing, "add_raw_records", refuses)
    push(city, 1)
    push(city, 2)
    drained(city)
    assert rows_of(city.database, "SELECT rule FROM memory.unreadable") == [("hub.poison",)] * 2
    assert rows_of(city.database, "SELECT count(*) FROM record WHERE kind = 'part'") == [(2,)]


def test_a_stop_leaves_the_rest_for_the_next(city: SmallCity) -> None:
    push(city, 1)
    assert drain(city.database, load_rules(city.registry), FIRST, stopping=lambda: True) == 0
    assert rows_of(city.database, "SELECT count(*) FROM record") == [(0,)]
    drained(city)
    assert rows_of(city.database, "SELECT count(*) FROM record") == [(4,)]


def test_documents_are_made_although_a_backlog_goes_on(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is served never falls further behind than a set number of records, whatever still waits to be read."""
    monkeypatch.setattr(process, "DOCUMENTS", 2)
    monkeypatch.setattr(process, "MOST_TOUCHED", 3)
    rules = load_rules(city.registry)
    city.land("housing.permits", *(permit(f"P{n}", f"第{n}号厂房", code="") for n in range(2, 12)))
    served: list[int] = []

    def watched() -> bool:
        served.append(
            rows_of(city.database, "SELECT count(*) FROM project WHERE jurisdiction = :j", j=FIRST)[0][0]
        )
        return False

    drain(city.database, rules, FIRST, limit=2, stopping=watched)
    assert 0 < served[len(served) // 2] < served[-1] == 11
    drained(city)
    rebuild(city.database, rules)
    assert rows_of(city.database, "SELECT count(*) FROM touched") == [(0,)]
