"""A batch is computed without a lock and written only if nobody came before; its size decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.db import golden, judgements, jurisdictions
from app.db.judgements import Side
from app.db.session import Connection
from app.pipeline import advance as advancing
from app.pipeline import normalizing, resolving
from app.pipeline.advance import advance, compute
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from schemas.judgements import Verdict
from tests.support.corridor import books, differing, drawer, feed, resolved, rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed, small_city

FIRST, SECOND = JURISDICTIONS


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    """A city that has said much and is not derived yet: pages of no new row, of one, of many, and words."""
    city = small_city(database_url)
    for n in range(5):
        city.land("commerce.signed", *(signed(f"S{n}-{m}", f"第{n}之{m}号厂房", code="") for m in range(n)))
        city.land("commerce.signed", *(signed(f"S{n}-{m}", f"第{n}之{m}号厂房", code="") for m in range(n)))
        city.land(
            "housing.permits", permit(f"P{n}"), permit(f"P{n}", valid="0", updated="2024-11-01 10:00:00")
        )
        city.land("housing.permits", permit(f"P{n}", "样例", updated="2024-12-01 10:00:00"))
        city.land("housing.permits")
    for jurisdiction in JURISDICTIONS:
        for a, b in (("S4-0", "S3-0"), ("S4-1", "S3-1"), ("S4-0", "S4-1")):
            say(city, jurisdiction, a, b)
    yield city
    city.database.close()


def say(city: SmallCity, jurisdiction: int, a: str, b: str) -> None:
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        one, two = (Side(rid("commerce.signed", key, jurisdiction), "", ("", "")) for key in (a, b))
        judgements.add(connection, held, one, two, Verdict.SAME, "seen", "reviewer")


@pytest.fixture
def rules(city: SmallCity) -> Rules:
    return load_rules(city.registry)


@pytest.mark.parametrize(
    ("limit", "landings", "words"), [(1, 1, 1), (2, 3, 1), (7, 2, 50), (200, 4, 2), (3, 1000, 50)]
)
def test_no_cut_of_rows_landings_or_words_makes_a_difference(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch, limit: int, landings: int, words: int
) -> None:
    walk(city.database, rules, FIRST)
    monkeypatch.setattr(normalizing, "MOST_LANDINGS", landings)
    monkeypatch.setattr(resolving, "MOST_WORDS", words)
    walk(city.database, rules, SECOND, limit)
    books(city.database)
    derived = drawer(city.database)
    monkeypatch.undo()
    rebuilt = advancing_again(city, rules)
    assert differing(derived, rebuilt) == {}
    assert rows_of(city.database, "SELECT DISTINCT landing_no, judgement_no FROM progress") == [(25, 3)]


def test_rows_nobody_noted_as_the_first_of_their_record_are_derived_alike(
    city: SmallCity, rules: Rules
) -> None:
    """A memory of before that was noted: its records are asked about."""
    for jurisdiction in JURISDICTIONS:
        walk(city.database, rules, jurisdiction, 3)
    derived = drawer(city.database)
    with city.database.begin() as connection:
        connection.execute(text("SET LOCAL ROLE NONE"))  # nobody who works with memory may change it
        connection.execute(text("UPDATE memory.raw_record SET begins = false"))
    assert differing(derived, advancing_again(city, rules)) == {}


def advancing_again(city: SmallCity, rules: Rules) -> dict[str, list[str]]:
    rebuild(city.database, rules)
    return drawer(city.database)


def test_nothing_new_is_nothing_to_do(city: SmallCity, rules: Rules) -> None:
    assert walk(city.database, rules, FIRST) > 0
    before = drawer(city.database)
    assert not advance(city.database, rules, FIRST)
    assert drawer(city.database) == before


def test_several_workers_derive_every_row_once(city: SmallCity, rules: Rules) -> None:
    threads = [
        threading.Thread(target=walk, args=(city.database, rules, jurisdiction, 3))
        for jurisdiction in JURISDICTIONS
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    books(city.database)
    derived = drawer(city.database)
    assert differing(derived, advancing_again(city, rules)) == {}
    for jurisdiction in JURISDICTIONS:
        numbers = [event[0] for event in feed(city.database, jurisdiction)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("meanwhile", ["advanced", "rebuilt"])
def test_a_batch_that_was_overtaken_is_not_written(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Another worker derives the same rows, or a rebuild swaps the drawer, between computing and writing."""
    whole = compute
    told: list[object] = []

    def overtaken(connection: Connection, *arguments: object) -> object:
        batch = whole(connection, *arguments)  # type: ignore[arg-type] # handed on as they came
        if not told:
            told.append(batch)
            monkeypatch.setattr(advancing, "compute", whole)
            # the reader's gate is open here, so a swap could not end: let it go first, as it does in advance
            connection.rollback()
            if meanwhile == "advanced":
                walk(city.database, rules, FIRST)
            else:
                advancing_again(city, rules)
        return batch

    monkeypatch.setattr(advancing, "compute", overtaken)
    assert advance(city.database, rules, FIRST)
    assert told
    after = drawer(city.database)
    walk(city.database, rules, FIRST)
    walk(city.database, rules, SECOND)
    books(city.database)
    assert differing(drawer(city.database), advancing_again(city, rules)) == {}
    assert after["progress"]


def test_documents_and_their_events_are_written_together_or_not_at_all(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise ConnectionError

    resolved(city.database, rules, FIRST)
    before = drawer(city.database)
    assert before["touched"]
    assert not before["project"]
    monkeypatch.setattr(golden, "add_changes", fails)
    with pytest.raises(ConnectionError):
        advance(city.database, rules, FIRST)
    assert drawer(city.database) == before
    assert rows_of(city.database, "SELECT DISTINCT change_no FROM ops.jurisdiction") == [(0,)]
    monkeypatch.undo()
    walk(city.database, rules, FIRST)
    assert not drawer(city.database)["touched"]
    numbers = [event[0] for event in feed(city.database, FIRST)]
    assert numbers == list(range(1, len(numbers) + 1)) != []
