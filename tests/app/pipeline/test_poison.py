"""A raw record that kills its batch is set aside: what stands behind it goes on, a rebuild gives the same, a replay tries it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.db.session import Database
from app.errors import Unavailable
from app.pipeline import compose, interpret, pair, poison, resolve, statements
from app.pipeline.assembly.assemble import assemble as assembling
from app.pipeline.assembly.parts import Gathered
from app.pipeline.interpret import POISON
from app.pipeline.matching.cluster import cluster as clustered
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from app.pipeline.statements import write as write_down
from app.worker import Worker
from connectors.manifest_connector import ManifestConnector
from schemas.records import RawRecord
from tests.app.pipeline.test_advance import say
from tests.support.corridor import books, differing, drawer, rows_of, same_as_rebuilt
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
    return getattr(record, "name", None) == DEADLY


def normalizing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_down

    def write(statement: Any) -> Any:
        assert not said_by(statement), "a mistake of ours"
        return whole(statement)

    monkeypatch.setattr(interpret, "write", write)


def scoring(monkeypatch: pytest.MonkeyPatch, deadly: Callable[[str, str], bool]) -> None:
    """Let a pair of names kill whoever scores it."""
    whole = pair._score

    def score(model: Any, known: Any, some: Any) -> Any:
        for one, others in some:
            if any(deadly(known[one].normal.core, known[other].normal.core) for other in others):
                raise ZeroDivisionError
        return whole(model, known, some)

    monkeypatch.setattr(pair, "_score", score)


def resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    scoring(monkeypatch, lambda a, b: "毒物处置中心" in a + b)


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

    def investment(claims: Any) -> Any:
        return Decimal("1e140000") if DEADLY in claims.values() else whole(claims)

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
        before = same_as_rebuilt(hub, rules)
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
    same_as_rebuilt(hub, rules)


def connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ManifestConnector.understand

    def understand(self: ManifestConnector, raws: Iterable[RawRecord]) -> Iterator[Any]:
        for raw in raws:
            assert DEADLY not in raw.body.decode(), "a mistake of a department's own code"
            yield from whole(self, [raw])

    monkeypatch.setattr(ManifestConnector, "understand", understand)


def test_a_connector_that_raises_costs_its_row_and_a_replay_accepts_it_once_mended(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    with monkeypatch.context() as mistake:
        connecting(mistake)
        fill(city)
        work(city)
    for jurisdiction in JURISDICTIONS:
        assert keys(hub, jurisdiction) == {"A-1", "P-1", "P-2", "P-4", "Q-1"}
        one = replayed(hub, rules, jurisdiction, [PERMITS])
        assert one.counts is not None
        assert one.counts[0].accepted == {"connector.failed": 1}
    work(city)
    assert "P-3" in keys(hub, FIRST)
    assert rows_of(hub, "SELECT count(*) FROM memory.poison") == [(0,)]


def test_a_delete_that_kills_takes_nothing_away_until_it_is_mended(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    fill(city)
    work(city)
    whole = statements.fold

    def fold(stored: Any, said: Iterable[statements.Said]) -> Any:
        rows = list(said)
        assert not any(row.op == "delete" and row.key == "P-2" for row in rows)
        return whole(stored, rows)

    with monkeypatch.context() as mistake:
        mistake.setattr(statements, "fold", fold)
        gone = {"valid": "0", "updated": "2024-12-01 10:00:00"}
        city.land(PERMITS, permit("P-1", **gone), permit("P-2", **gone), permit("P-4", **gone))
        work(city)
        assert set_aside(hub, FIRST) == [(rid(PERMITS, "P-2"), POISON, "hub")]
        live = rows_of(hub, "SELECT key, live FROM record WHERE jurisdiction = :j", j=FIRST)
        assert {key for key, lives in live if not lives} == {"P-1", "P-4"}
        books(hub)
        same_as_rebuilt(hub, rules)
    for jurisdiction in JURISDICTIONS:
        replayed(hub, rules, jurisdiction, [PERMITS])
    work(city)
    live = rows_of(hub, "SELECT key, live FROM record WHERE jurisdiction = :j", j=FIRST)
    assert {key for key, lives in live if not lives} == {"P-1", "P-2", "P-4"}
    books(hub)


def test_a_persons_word_that_kills_blocks_nobody(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = city.database
    city.land("commerce.signed", signed("A-1", "某某新材料厂房", code=""), signed("A-2", "另一件事", code=""))
    work(city)
    whole = clustered

    def cluster(live: Any, dead: Any, pairs: Any, words: Any) -> Any:
        assert not words
        return whole(live, dead, pairs, words)

    with monkeypatch.context() as mistake:
        mistake.setattr(resolve, "cluster", cluster)
        say(city, FIRST, "A-1", "A-2")
        city.land(PERMITS, permit("Q-1", "河西排水管网改造", code=""))
        work(city)
        work(city)
        assert len(set_aside(hub, FIRST)) == 1
        assert "Q-1" in keys(hub, FIRST)
    assert set_aside(hub, SECOND) == []
    replayed(hub, load_rules(city.registry), FIRST, ["commerce.signed"])
    work(city)
    assert rows_of(hub, "SELECT count(DISTINCT project_id) FROM member WHERE jurisdiction = :j", j=FIRST) == [
        (2,)
    ]


def test_a_rebuild_sets_aside_what_kills_under_the_new_rules_and_newer_ones_try_it_again(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    fill(city)
    work(city)
    with monkeypatch.context() as mistake:
        composing(mistake)
        rebuild(hub, replace(rules, common="with a mistake"))
        for jurisdiction in JURISDICTIONS:
            assert set_aside(hub, jurisdiction) == [(rid(PERMITS, "P-3", jurisdiction), POISON, "hub")]
        books(hub)
    rebuild(hub, replace(rules, common="mended"))
    assert set_aside(hub, FIRST) == []
    assert "P-3" in keys(hub, SECOND)


@pytest.mark.parametrize(
    "trouble",
    [
        MemoryError(),
        OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected()),
        OperationalError("SELECT 1", {}, psycopg.errors.DiskFull()),
        OperationalError("SELECT 1", {}, psycopg.OperationalError("the server closed the connection")),
        ConnectionResetError(),
        Unavailable(),
    ],
    ids=lambda trouble: type(getattr(trouble, "orig", trouble)).__name__,
)
def test_what_is_the_machines_trouble_is_nobodys_poison(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise trouble

    fill(city)
    monkeypatch.setattr(compose, "assemble", fails)
    with pytest.raises(type(trouble)):
        drain(city.database, load_rules(city.registry), FIRST)
    assert rows_of(city.database, "SELECT count(*) FROM memory.poison") == [(0,)]


def test_what_fails_twice_and_then_goes_sets_nothing_aside(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(2))

    def assemble(*arguments: Any) -> Any:
        if next(times, None) is not None:
            raise RuntimeError("for now")
        return assembling(*arguments)

    fill(city)
    monkeypatch.setattr(compose, "assemble", assemble)
    drain(city.database, load_rules(city.registry), FIRST)
    assert "P-3" in keys(city.database, FIRST)
    assert rows_of(city.database, "SELECT count(*) FROM memory.poison") == [(0,)]


def test_a_delete_that_begins_to_kill_is_taken_back_and_comes_again_once_mended(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    fill(city)
    city.land(PERMITS, permit("P-2", valid="0", updated="2024-12-01 10:00:00"))
    work(city)
    whole = statements.fold

    def fold(stored: Any, said: Iterable[statements.Said]) -> Any:
        rows = list(said)
        assert not any(row.op == "delete" for row in rows)
        return whole(stored, rows)

    def dead() -> list[Any]:
        return rows_of(hub, "SELECT jurisdiction FROM record WHERE NOT live ORDER BY 1")

    assert dead() == [(FIRST,), (SECOND,)]
    with monkeypatch.context() as mistake:
        mistake.setattr(statements, "fold", fold)
        for jurisdiction in JURISDICTIONS:
            assert replayed(hub, rules, jurisdiction, [PERMITS]).state == "succeeded"
        work(city)
        assert dead() == []
        books(hub)
        same_as_rebuilt(hub, rules)
    for jurisdiction in JURISDICTIONS:
        replayed(hub, rules, jurisdiction, [PERMITS])
    work(city)
    assert dead() == [(FIRST,), (SECOND,)]


def test_two_records_that_kill_only_together_cost_one_of_them_also_in_a_replay(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    names = ("毒物处置中心厂房", "毒物处置中心厂房二", "河西排水管网改造")
    city.land(
        PERMITS, *(permit(f"P-{n}", name, updated="2024-01-01 10:00:00") for n, name in enumerate(names))
    )
    work(city)
    with monkeypatch.context() as mistake:
        connecting(mistake)
        replayed(hub, rules, FIRST, [PERMITS])
        work(city)
        assert keys(hub, FIRST) == {"P-2"}
    with monkeypatch.context() as mistake:
        scoring(mistake, lambda a, b: "毒物处置中心" in a and "毒物处置中心" in b)
        assert replayed(hub, rules, FIRST, [PERMITS]).state == "succeeded"
        work(city)
        assert len(set_aside(hub, FIRST)) == 1
        assert len(keys(hub, FIRST)) == 2
    assert replayed(hub, rules, FIRST, [PERMITS]).state == "succeeded"
    work(city)
    assert len(keys(hub, FIRST)) == 3
