"""Understand or refuse: whatever a connector does, every kept row gets its outcome and nobody else waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.session import Database
from app.pipeline.land import land_page
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from connectors.registry import discover
from connectors.rows import RowReader
from schemas.ids import record_id
from schemas.records import Page
from tests.support.corridor import books, opened, rows_of, same_as_rebuilt, walk
from tests.support.database import JURISDICTIONS

FIRST, _ = JURISDICTIONS

MANIFEST = """
key = "made.up"
title = { zh = "虚构", en = "Made up" }
department = "made"
owner = "虚构科"
transport = { kind = "push" }
push = { secrets = ["TEST_MADE_UP_SECRET"] }
identity = { columns = ["id"] }
[fields]
name = "name"
"""
CONNECTOR = """
import json
from connectors.manifest_connector import ManifestConnector
from schemas.records import Accepted, PartRecord, ProjectRecord

class FeedConnector(ManifestConnector):
    def normalize(self, raws):
        for raw in raws:
            said = json.loads(raw.body)
            if said["name"] == "raise":
                raise ValueError("broken by \\ud800 and \\0")
            if said["name"] == "silent":
                continue
            if said["name"] == "nonsense":
                yield "an outcome"
                continue
            names = said["name"].split("/")
            keys = said.get("keys", raw.key).split("/")
            yield Accepted(tuple(
                ProjectRecord(source="land.supply" if name == "冒名" else raw.source, key=key, department="made", name=json.loads(f'"{name}"'))
                for key, name in zip(keys, names)
            ))
"""


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    folder = tmp_path / "made" / "up"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "connector.py").write_text(CONNECTOR, encoding="utf-8")
    registry = discover(extra=[str(folder)])
    assert not registry.unavailable
    return load_rules(registry)


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def take(hub: Database, rules: Rules, *said: dict[str, str]) -> None:
    reader = RowReader(rules.registry.manifest("made.up"))
    page = Page(tuple(reader.from_values(row) for row in said), "")
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            land_page(connection, jurisdiction, "made.up", page)
        walk(hub, rules, jurisdiction)


def settled(hub: Database, rules: Rules) -> None:
    books(hub)
    same_as_rebuilt(hub, rules)


def refused(hub: Database) -> set[tuple[str, str]]:
    return set(rows_of(hub, "SELECT rule, responsible FROM rejection WHERE jurisdiction = :j", j=FIRST))


def names(hub: Database) -> list[str]:
    rows = rows_of(
        hub,
        "SELECT CAST(statement AS jsonb)->>'name' FROM record WHERE jurisdiction = :j AND live ORDER BY 1",
        j=FIRST,
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("broken", ["raise", "silent", "nonsense"])
def test_a_connector_that_breaks_its_promise_costs_its_own_rows_alone(
    hub: Database, rules: Rules, broken: str
) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂"}, {"id": "2", "name": broken}, {"id": "3", "name": "乙厂"})
    settled(hub, rules)
    assert names(hub) == ["乙厂", "甲厂"]
    assert refused(hub) == {("connector.failed", "hub")}


@pytest.mark.parametrize("name", ["\\u0000", "\\ud800", "甲\\u0000乙"])
def test_a_text_the_database_cannot_hold_stops_nobody(hub: Database, rules: Rules, name: str) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂"}, {"id": "2", "name": name})
    settled(hub, rules)
    assert "甲厂" in names(hub)


def test_two_statements_of_one_name_are_refused(hub: Database, rules: Rules) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂/乙厂", "keys": "1/1"}, {"id": "2", "name": "丙厂"})
    settled(hub, rules)
    assert names(hub) == ["丙厂"]
    assert refused(hub) == {("connector.failed", "hub")}


def test_a_record_may_say_several_statements_and_take_some_back(hub: Database, rules: Rules) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂/乙厂/丙厂", "keys": "1/1-b/1-c"})
    assert names(hub) == ["丙厂", "乙厂", "甲厂"]
    take(hub, rules, {"id": "1", "name": "甲厂/丙厂", "keys": "1/1-c"})
    assert names(hub) == ["丙厂", "甲厂"]
    settled(hub, rules)
    take(hub, rules, {"id": "1", "name": "甲厂/乙厂", "keys": "1/1-b"})
    assert names(hub) == ["乙厂", "甲厂"]
    settled(hub, rules)


def test_two_records_that_name_a_statement_alike_keep_one_each(hub: Database, rules: Rules) -> None:
    """Under one id they would overwrite each other for ever, as their deliveries happen to come."""
    take(hub, rules, {"id": "1", "name": "甲厂/甲库", "keys": "1/9"})
    take(hub, rules, {"id": "2", "name": "乙厂/乙库", "keys": "2/9"}, {"id": "9", "name": "丙厂"})
    settled(hub, rules)
    assert names(hub) == ["丙厂", "乙厂", "乙库", "甲厂", "甲库"]


def test_no_connector_speaks_for_another_source(hub: Database, rules: Rules) -> None:
    take(hub, rules, {"id": "1", "name": "冒名"}, {"id": "2", "name": "甲厂"})
    settled(hub, rules)
    assert names(hub) == ["甲厂"]
    assert refused(hub) == {("connector.failed", "hub")}


def test_a_source_whose_connector_is_gone_is_refused_by_name_and_read_again_when_it_is_back(
    hub: Database, rules: Rules
) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂"})
    without = load_rules(discover())
    rebuild(hub, without)
    assert names(hub) == []
    assert refused(hub) == {("source.unknown", "hub")}
    books(hub)
    rebuild(hub, rules)
    assert names(hub) == ["甲厂"]
    assert refused(hub) == set()


def test_a_rejected_newer_row_leaves_the_last_understood_one_standing(hub: Database, rules: Rules) -> None:
    take(hub, rules, {"id": "1", "name": "甲厂"})
    take(hub, rules, {"id": "1", "name": "raise"})
    settled(hub, rules)
    assert names(hub) == ["甲厂"]
    assert rows_of(hub, "SELECT record_id FROM rejection WHERE jurisdiction = :j", j=FIRST) == [
        (record_id(FIRST, "made.up", "1"),)
    ]
