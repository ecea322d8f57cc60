"""Two cities in one hub hold equal keys and never touch each other: not in what is derived, nor in who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import judgements, jurisdictions
from app.db.judgements import Side
from app.db.session import Database
from app.db.tables import metadata
from app.pipeline.advance import advance
from app.pipeline.land import delete_records, rename_key
from app.pipeline.rules import load_rules
from app.pipeline.sync import bind_found
from app.worker import Worker
from connectors.registry import discover
from schemas.ids import jurisdiction_of
from schemas.judgements import Verdict
from simulator.feeds import Plan
from simulator.run import RunningCity, running
from tests.support.corridor import books, opened, rows_of, settle, shape, variables
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, filled_city, rid, signed

FIRST, SECOND = JURISDICTIONS
RULES = load_rules(discover())


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def small(database_url: str) -> Iterator[SmallCity]:
    with filled_city(database_url) as city:
        yield city


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCity]:
    """A simulated city whose systems the environment names to both jurisdictions."""
    with running(Plan(tmp_path, seed=2, projects=12)) as found:
        settle(tmp_path)
        for name, value in variables(found).items():
            monkeypatch.setenv(name, value)
        yield found


def test_two_cities_of_the_same_rows_become_the_same_projects_under_ids_of_their_own(
    hub: Database, city: RunningCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a refused password of one city calls that city's person, and stops nobody else."""
    monkeypatch.setenv(f"HUB_COMMERCE_API_TOKEN_{SECOND}", "a wrong one")
    worker = Worker(hub, RULES)
    bound = [bind_found(hub, RULES, jurisdiction) for jurisdiction in JURISDICTIONS]
    assert bound[0] == bound[1]
    apis = [key for key in bound[0] if RULES.registry.manifest(key).transport.kind == "http"]
    assert "commerce.signed_api" in apis
    worker.tick()
    worker.pull()
    told: dict[int, str | None] = dict(
        rows_of(hub, "SELECT jurisdiction, attention FROM ops.source WHERE source = 'commerce.signed_api'")
    )
    assert told[FIRST] is None
    assert "请联系来源负责人" in str(told[SECOND])
    assert rows_of(hub, "SELECT state, error_class, count(*) FROM ops.run GROUP BY 1, 2 ORDER BY 1") == [
        ("failed", "AuthFailed", len(apis)),
        ("succeeded", None, 2 * len(bound[0]) - len(apis)),
    ]
    monkeypatch.delenv(f"HUB_COMMERCE_API_TOKEN_{SECOND}")
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.source SET next_run_at = now(), attention = NULL"))
    worker.tick()
    worker.pull()
    for jurisdiction in JURISDICTIONS:
        while rows_of(hub, PENDING, j=jurisdiction):
            worker.process()
    books(hub)
    assert len(shape(hub, FIRST)) > 5
    assert shape(hub, FIRST) == shape(hub, SECOND)
    for jurisdiction, record_id, project_id in rows_of(
        hub, "SELECT jurisdiction, record_id, project_id FROM member"
    ):
        assert jurisdiction_of(record_id) == jurisdiction_of(project_id) == jurisdiction


PENDING = (
    "SELECT FROM memory.landing l WHERE jurisdiction = :j AND NOT EXISTS (SELECT FROM outcome o"
    " WHERE (o.jurisdiction, o.delivery_no) = (l.jurisdiction, l.delivery_no))"
)


def everything_of(database: Database, jurisdiction: int) -> dict[str, list[str]]:
    """Give every row of every table of all three drawers that is a jurisdiction's."""
    names = [f"{table.schema}.{table.name}" for table in metadata.tables.values()]
    names += [
        f"derived.{name}" for name in ("record", "gone", "block_key", "pair", "member", "review", "project")
    ]
    names += [
        f"derived.{name}" for name in ("funnel", "coverage", "outcome", "rejection", "issue", "progress")
    ]
    with database.read() as connection:
        return {
            name: sorted(
                connection.execute(
                    text(f"SELECT t::text FROM {name} t WHERE jurisdiction = :j"), {"j": jurisdiction}
                ).scalars()
            )
            for name in names
        }


def judge(city: SmallCity) -> None:
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, FIRST)
        a, b = rid("commerce.signed", "A-1"), rid("housing.permits", "B-2")
        judgements.add(
            connection, held, Side(a, "", ("", "")), Side(b, "", ("", "")), Verdict.SAME, "seen", "reviewer"
        )


def delete(city: SmallCity) -> None:
    with city.database.begin() as connection:
        delete_records(connection, FIRST, "housing.permits", [rid("housing.permits", "A-1")], "admin")


def rename(city: SmallCity) -> None:
    with city.database.begin() as connection:
        rename_key(connection, FIRST, "housing.permits", "A-1", "B-2", "department")


@pytest.mark.parametrize("act", [judge, delete, rename])
def test_what_one_city_does_changes_no_row_of_the_other(
    small: SmallCity, act: Callable[[SmallCity], None]
) -> None:
    before, own = everything_of(small.database, SECOND), everything_of(small.database, FIRST)
    act(small)
    small.drain()
    assert everything_of(small.database, SECOND) == before
    assert everything_of(small.database, FIRST) != own


def test_a_city_whose_row_is_held_keeps_only_itself_waiting(small: SmallCity) -> None:
    rules = load_rules(small.registry)
    small.land("commerce.signed", signed("Z-1"))
    with small.database.begin() as holder:
        jurisdictions.hold(holder, FIRST)
        with small.database.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            jurisdictions.hold(other, SECOND)
        assert advance(small.database, rules, SECOND)
