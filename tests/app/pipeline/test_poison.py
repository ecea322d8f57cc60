"""A raw record that kills its batch is set aside: what stands behind it goes on, a rebuild gives the same, a replay tries it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.db.session import Database
from app.pipeline import compose, interpret, poison, resolve
from app.pipeline.assemble import assemble as assembling
from app.pipeline.interpret import POISON
from app.pipeline.matching.score import score as scored
from app.pipeline.parts import Gathered
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from app.pipeline.statements import write as write_down
from app.worker import Worker
from schemas.records import ProjectRecord
from tests.support.corridor import books, differing, drawer, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.mended import replayed
from tests.support.small_city import SmallCity, permit, rid, signed, small_city

FIRST, SECOND = JURISDICTIONS
PERMITS = "housing.permits"
DEADLY = "毒物处置中心厂房"
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def city(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCity]:
    monkeypatch.setattr(poison, "PAUSES", (0, 0))
    city = small_city(database_url)
    yield city
    city.database.close()


def said_by(record: object) -> bool:
    return isinstance(record, ProjectRecord) and record.name == DEADLY


def normalizing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_down

    def write(statement: Any) -> Any:
        assert not said_by(statement), "a mistake of ours"
        return whole(statement)

    monkeypatch.setattr(interpret, "write", write)


def resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scored

    def score(a: Any, b: Any) -> Any:
        if "毒物处置中心" in a.core + b.core:
            raise ZeroDivisionError
        return whole(a, b)

    monkeypatch.setattr(resolve, "score", score)


def composing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = assembling

    def assemble(project_id: str, members: Gathered, corrections: Any) -> Any:
        if any(member.record.name == DEADLY for member in members.everybody):
            raise RecursionError("too deep")
        return whole(project_id, members, corrections)

    monkeypatch.setattr(compose, "assemble", assemble)


def writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the database refuses it: a number beyond what a numeric can hold."""
    whole = compose._investment

    def investment(project: Any) -> Any:
        return Decimal("1e140000") if DEADLY in project.model_dump_json() else whole(project)

    monkeypatch.setattr(compose, "_investment", investment)


def fill(city: SmallCity) -> None:
    """A signed project and four permits of it in one page; the third kills whoever works on it."""
    city.land("commerce.signed", signed("A-1", "某某新材料厂房"))
    city.land(PERMITS, *(permit(f"P-{n}", DEADLY if n == 3 else f"某某新材料厂房{n}号") for n in range(1, 5)))
    city.land(PERMITS, permit("Q-1", "河西排水管网改造", code="", owner="株洲某城建有限公司"))


def work(city: SmallCity) -> None:
    Worker(city.database, load_rules(city.registry)).process()


def set_aside(database: Database, jurisdiction: int) -> list[Any]:
    return rows_of(
        database,
        "SELECT record_id, rule, responsible FROM rejection WHERE jurisdiction = :j AND rule LIKE 'hub.%'",
        j=jurisdiction,
    )


def keys(database: Database, jurisdiction: int) -> set[str]:
    found = rows_of(
        database,
        "SELECT key FROM record JOIN member USING (jurisdiction, record_id) WHERE jurisdiction = :j",
        j=jurisdiction,
    )
    return {key for (key,) in found}


@pytest.mark.parametrize("broken", [normalizing, resolving, composing, writing])
def test_it_is_set_aside_its_neighbours_are_served_a_rebuild_gives_the_same_and_a_replay_accepts_it_once_mended(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, broken: Break
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    with monkeypatch.context() as mistake:
        broken(mistake)
        fill(city)
        work(city)
        for jurisdiction in JURISDICTIONS:
            assert set_aside(hub, jurisdiction) == [(rid(PERMITS, "P-3", jurisdiction), POISON, "hub")]
            assert keys(hub, jurisdiction) == {"A-1", "P-1", "P-2", "P-4", "Q-1"}
        books(hub)
        before = drawer(hub)
        rebuild(hub, rules)
        assert differing(before, drawer(hub)) == {}
        again = replayed(hub, rules, FIRST, [PERMITS])
        assert again.state == "succeeded"
        work(city)
        # a verdict that was withdrawn and found again has another number
        assert differing(before, drawer(hub)).keys() <= {"progress"}, "tried again, it fails again"
    for jurisdiction in JURISDICTIONS:
        one = replayed(hub, rules, jurisdiction, [PERMITS])
        assert one.counts is not None
        assert one.counts[0].accepted == {POISON: 1}
    work(city)
    for jurisdiction in JURISDICTIONS:
        assert set_aside(hub, jurisdiction) == []
        assert keys(hub, jurisdiction) == {"A-1", "P-1", "P-2", "P-3", "P-4", "Q-1"}
    books(hub)
    before = drawer(hub)
    rebuild(hub, rules)
    assert differing(before, drawer(hub)) == {}
