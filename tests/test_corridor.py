"""The corridor's one promise: however deliveries arrive, the same projects, claims and ledgers come out."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from app.db import judgements, jurisdictions
from app.db.judgements import Side
from app.db.session import Connection, Database
from app.errors import Conflict, NotFound
from app.pipeline.land import delete_records, land_page, rename_key
from app.pipeline.rules import load_rules
from connectors.contract import Binding
from connectors.registry import discover
from connectors.rows import RowReader
from schemas.judgements import Verdict
from schemas.records import Listing, Page, RawRecord
from tests.support.corridor import (
    Delivery,
    arranged,
    books,
    land,
    opened,
    rows_of,
    same_as_rebuilt,
    shape,
    simulated,
    walk,
)
from tests.support.database import JURISDICTIONS, throw_away_database
from tests.support.small_city import permit, rid, signed, small_registry

SMALL = small_registry()
SMALL_RULES = load_rules(SMALL)
FIRST, SECOND = JURISDICTIONS
RULES = load_rules(discover())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    """All that a small city says, with what changed, was retracted or came late in two later months."""
    return simulated(RULES.registry, tmp_path_factory.mktemp("city"), seed=5, projects=24, advances=(40, 30))


@pytest.fixture(scope="module")
def template(told: list[Delivery], postgres_server: str, migrated_template: str) -> Iterator[str]:
    """A database in which the first jurisdiction has taken everything in the order it was said."""
    with throw_away_database(postgres_server, template=migrated_template) as url:
        with opened(url) as database:
            land(database, FIRST, told)
            walk(database, RULES, FIRST)
        yield url


@pytest.fixture
def city(postgres_server: str, template: str) -> Iterator[Database]:
    with throw_away_database(postgres_server, template=template) as url, opened(url) as database:
        yield database


def test_the_city_says_what_these_tests_need(city: Database) -> None:
    """A test that never meets an update, a late row, a delete or a merge could not fail."""
    assert rows_of(city, "SELECT count(*) FROM project WHERE jurisdiction = :j", j=FIRST)[0][0] > 15
    ops: dict[str, int] = dict(rows_of(city, "SELECT op, count(*) FROM memory.raw_record GROUP BY op"))
    assert ops["upsert"] > 250
    assert ops["delete"] > 0
    assert rows_of(city, "SELECT count(*) FROM gone")[0][0] > 0
    assert (
        rows_of(
            city,
            "SELECT count(*) FROM memory.head WHERE (delivery_no, row_no) <> (first_delivery, first_row)",
        )[0][0]
        > 5
    )
    assert rows_of(city, "SELECT max(n) FROM (SELECT count(*) n FROM member GROUP BY project_id) m")[0][0] > 4
    assert rows_of(city, "SELECT count(*) FROM record WHERE kind = 'part'")[0][0] > 10
    assert rows_of(city, "SELECT count(*) FROM relation WHERE kind <> 'apart'")[0][0] > 0
    books(city)


@pytest.mark.parametrize(("seed", "limit"), [(1, 200), (2, 200), (3, 7), (4, 40)])
def test_any_duplication_interleaving_and_order_gives_the_same_projects(
    city: Database, told: list[Delivery], seed: int, limit: int
) -> None:
    land(city, SECOND, arranged(told, RULES.registry, random.Random(seed)))
    walk(city, RULES, SECOND, limit)
    ours, theirs = shape(city, FIRST), shape(city, SECOND)
    assert ours.keys() == theirs.keys()
    assert ours == theirs
    books(city)


def test_batch_size_and_the_moments_of_walking_make_no_difference(
    city: Database, told: list[Delivery]
) -> None:
    """One row at a time, a walk after every delivery, and a rebuild in one go derive the same rows."""
    half = len(told) // 2
    for one in told[:half]:
        land(city, SECOND, [one])
        walk(city, RULES, SECOND, 7)
    land(city, SECOND, told[half:])
    walk(city, RULES, SECOND, 1)
    same_as_rebuilt(city, RULES)
    assert shape(city, FIRST) == shape(city, SECOND)


SIGNED, PERMITS, EVENTS = "commerce.signed", "housing.permits", "housing.events"
NAMES = ("清水塘电池厂房", "清水塘电池厂房二期", "河西管网改造", "清水塘电池仓库", "")
CODES = ("", "2404-430204-04-01-345678", "2404-430204-04-01-345679", "2405-430211-04-01-987654")
OWNERS = ("", "株洲澜岳新能源科技有限公司", "株洲岚石半导体有限公司")
KEYS = tuple(f"K{n}" for n in range(7))


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def page(source: str, dice: Random) -> Page:
    """Give a page of a few rows of a source, of few keys and few values, so that they meet, part, die and return."""
    reader = RowReader(SMALL.manifest(source))
    rows = []
    for key in dice.choices(KEYS, k=dice.randint(1, 5)):
        said: dict[str, Any] = {"name": dice.choice(NAMES), "code": dice.choice(CODES)}
        if source == SIGNED:
            row = signed(key, **said, investor=dice.choice(OWNERS), amount=dice.choice(("", "7.5", "120")))
        else:
            updated = f"2024-09-{dice.randint(1, 20):02} 10:00:00"
            valid = dice.choice("11110")
            row = permit(key, **said, owner=dice.choice(OWNERS), valid=valid, updated=updated)
        rows.append(reader.from_values(row))
    return Page(
        tuple(rows),
        "",
        dice.choice((Listing.CHANGES, Listing.FULL_END)) if source == SIGNED else Listing.CHANGES,
    )


def events(dice: Random) -> Page:
    told = [
        {
            "id": f"E{dice.randint(0, 4)}",
            "permit": dice.choice(KEYS),
            "on": f"2024-10-{dice.randint(1, 20):02}",
        }
        for _ in range(3)
    ]
    unpacked = SMALL.open(EVENTS, Binding(0)).unpack({}, json.dumps({"records": told}).encode())
    return Page(tuple(unpacked), "")


def happens(connection: Connection, jurisdiction: int, kind: str, dice: Random, step: int) -> None:
    """Let one thing happen in a jurisdiction."""
    records = [rid(source, key, jurisdiction) for source in (SIGNED, PERMITS) for key in KEYS]
    if kind in {SIGNED, PERMITS}:
        land_page(connection, jurisdiction, kind, page(kind, dice), run_id=f"run-{step}")
    elif kind == EVENTS:
        land_page(connection, jurisdiction, EVENTS, events(dice))
    elif kind == "word":
        held = jurisdictions.hold(connection, jurisdiction)
        a, b = (Side(record, "", ("", "")) for record in dice.sample(records, 2))
        judgements.add(connection, held, a, b, dice.choice((*Verdict, Verdict.SAME)), "seen", "reviewer")
    elif kind == "withdraw":
        held = jurisdictions.hold(connection, jurisdiction)
        numbers = connection.execute(
            text("SELECT count(*) FROM memory.judgement WHERE jurisdiction = :j"), {"j": jurisdiction}
        ).scalar_one()
        judgements.withdraw(connection, held, dice.randint(1, numbers + 1), "wrong", "reviewer")
    elif kind == "delete":
        source = dice.choice((SIGNED, PERMITS))
        gone = [rid(source, key, jurisdiction) for key in dice.sample(KEYS, 2)]
        delete_records(connection, jurisdiction, source, gone, "admin")
    else:
        old, new = dice.sample(KEYS, 2)
        rename_key(connection, jurisdiction, SIGNED, old, new, "department")


KINDS = (SIGNED,) * 5 + (PERMITS,) * 5 + (EVENTS, "word", "word", "word", "withdraw", "delete", "rename")


@pytest.mark.parametrize("seed", range(4))
def test_any_history_derived_in_steps_stands_as_a_rebuild_derives_it(hub: Database, seed: int) -> None:
    dice = Random(seed)
    for step in range(30):
        kind = dice.choice(KINDS)
        for jurisdiction in JURISDICTIONS:
            try:
                with hub.begin() as connection:
                    happens(connection, jurisdiction, kind, Random(f"{seed} {step} {jurisdiction}"), step)
            except (Conflict, NotFound):
                pass  # a word or key that is not there, or was taken: nothing happened
            if dice.random() < 0.7:
                walk(hub, SMALL_RULES, jurisdiction, dice.choice((1, 3, 200)))
        if step % 6 == 5:
            for jurisdiction in JURISDICTIONS:
                walk(hub, SMALL_RULES, jurisdiction, dice.choice((1, 3, 200)))
            stands(hub)


def stands(hub: Database) -> None:
    """Hold the books, the derived drawer against a rebuild, and the feed against what is served."""
    books(hub)
    same_as_rebuilt(hub, SMALL_RULES)
    for jurisdiction in JURISDICTIONS:
        served = rows_of(hub, "SELECT project_id, etag FROM project WHERE jurisdiction = :j", j=jurisdiction)
        assert followed(hub, jurisdiction) == dict(served)


def followed(hub: Database, jurisdiction: int) -> dict[str, str]:
    """Give the projects and ETags of somebody who knows the hub by its feed alone."""
    known: dict[str, str] = {}
    told = rows_of(
        hub,
        "SELECT change_no, kind, project_id, other_id, etag FROM ops.change WHERE jurisdiction = :j ORDER BY 1",
        j=jurisdiction,
    )
    assert [event[0] for event in told] == list(range(1, len(told) + 1))
    for _, kind, project, other, etag in told:
        if kind in {"removed", "merged", "renamed"}:
            assert (other is None) == (kind == "removed")
            del known[project]
        if kind in {"created", "split"}:
            assert project not in known
            assert (other is None) == (kind == "created")
        if kind == "updated":
            assert etag
        if etag:
            known[project] = etag
    return known


@pytest.mark.parametrize("seed", range(4))
def test_versions_in_any_order_with_any_repetition_end_as_the_same_projects(hub: Database, seed: int) -> None:
    """Retractions, returns, late and repeated versions of a versioned source, shuffled; parts before their parents."""
    dice = Random(f"order {seed}")
    pool = [row for _ in range(16) for row in page(PERMITS, dice).rows]
    versions = {(row.key, row.version): row for row in pool if isinstance(row, RawRecord)}
    rows: list[tuple[str, Any]] = [(PERMITS, row) for row in versions.values()]
    told = {row.key: row for row in events(dice).rows if isinstance(row, RawRecord)}
    rows += [(EVENTS, row) for row in told.values()]
    other = [*rows, *dice.sample(rows, len(rows) // 2)]
    dice.shuffle(other)
    for jurisdiction, order in zip(
        JURISDICTIONS, (sorted(rows, key=lambda each: each[1].version), other), strict=True
    ):
        for source, row in order:
            with hub.begin() as connection:
                land_page(connection, jurisdiction, source, Page((row,), ""))
            if dice.random() < 0.2:
                walk(hub, SMALL_RULES, jurisdiction, 2)
        walk(hub, SMALL_RULES, jurisdiction)
    books(hub)
    first, second = (shape(hub, jurisdiction) for jurisdiction in JURISDICTIONS)
    assert first.keys() == second.keys()
    assert first == second
