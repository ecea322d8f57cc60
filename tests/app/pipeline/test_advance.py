"""A batch is computed without a lock and written only if nobody came before; its size decides nothing."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import golden, judgements, jurisdictions
from app.db.judgements import Side
from app.db.session import Connection
from app.errors import RulesChanged
from app.pipeline import advance as advancing
from app.pipeline import normalizing, resolve, resolving
from app.pipeline.advance import STEPS, Step, Work, advance, compute
from app.pipeline.process import land_pushes
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from schemas.judgements import Verdict
from tests.support.corridor import agrees, books, differing, drawer, feed, resolved, rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.mended import mended_city, replayed, taken_up
from tests.support.pushed import accept_push
from tests.support.small_city import SmallCity, message, permit, rid, signed, small_city

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


def say(city: SmallCity, jurisdiction: int, a: str, b: str, verdict: Verdict = Verdict.SAME) -> None:
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        one, two = (Side(rid("commerce.signed", key, jurisdiction), "", ("", "")) for key in (a, b))
        judgements.add(connection, held, one, two, verdict, "seen", "reviewer")


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


def test_who_normalizes_alone_waits_for_who_resolves_and_documents_wait_for_rows(
    city: SmallCity, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is served never falls far behind what was read, and a project is not composed for every batch."""
    monkeypatch.setattr(advancing, "MOST_AHEAD", 3)

    def step(*kinds: Step) -> bool:
        return advance(city.database, rules, FIRST, limit=8, steps=kinds)

    taken = 0
    while step(Step.NORMALIZE):
        taken += 1
    assert taken < 4
    assert rows_of(city.database, "SELECT sum(names) > 3 FROM unresolved") == [(True,)]
    while step(Step.PAIR, Step.RESOLVE, Step.COMPOSE):
        pass
    assert rows_of(city.database, "SELECT count(*) FROM unresolved") == [(0,)]
    assert rows_of(city.database, "SELECT count(*) FROM project") == [(0,)]
    assert step(Step.NORMALIZE)
    while step(Step.RESOLVE):
        pass
    assert step(Step.COMPOSE), "who takes the last steps alone waits for nobody"
    assert agrees(city.database, FIRST)


def correct(city: SmallCity, jurisdiction: int, key: str, name: str) -> None:
    """Let a person correct the name of a permit's project."""
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        connection.execute(
            text(
                "INSERT INTO memory.correction (jurisdiction, correction_no, record_id, field, value, seen, reason, by, at)"
                " VALUES (:j, :n, :r, 'name', :v, '{}', 'seen on site', 'engineer', now())"
            ),
            {
                "j": jurisdiction,
                "n": jurisdictions.take(connection, held, "correction_no")[0],
                "r": rid("housing.permits", key, jurisdiction),
                "v": name,
            },
        )


def said(city: SmallCity, dice: random.Random, number: int) -> None:
    """Something new: permits and signings that come, change, go and come back, events of them, words of people."""
    key, day = f"K{dice.randrange(6)}", f"2024-11-{1 + number % 28:02} 10:{number // 28:02}:00"
    name = dice.choice(("某组件智造基地厂房", "河西管网改造", "清水塘电池厂房", "样例"))
    code = dice.choice(("", "2405-430211-04-01-987654"))
    match dice.randrange(7):
        case 0 | 1:
            city.land("housing.permits", permit(key, name, code=code, updated=day))
        case 2:
            city.land("housing.permits", permit(key, name, valid="0", updated=day))
        case 3:
            city.land("commerce.signed", signed(key, name, code=code), signed(f"{key}-2", name, code=""))
        case 4:
            body, headers = message([{"id": f"E{number}", "permit": key, "on": day[:10]}], f"m{number}")
            for jurisdiction in JURISDICTIONS:
                with city.database.begin() as connection:
                    accept_push(
                        connection, jurisdiction, "housing.events", f"m{number}", headers, body, "housing"
                    )
                land_pushes(city.database, load_rules(city.registry), jurisdiction)
        case 5:
            for jurisdiction in JURISDICTIONS:
                correct(city, jurisdiction, key, f"更正后的名称{number}")
        case _:
            verdict = dice.choice((Verdict.SAME, Verdict.DIFFERENT))
            other = f"K{dice.randrange(6)}"
            if other != key:
                for jurisdiction in JURISDICTIONS:
                    say(city, jurisdiction, key, other, verdict)


@pytest.mark.parametrize("seed", range(3))
def test_however_steps_of_several_workers_deliveries_words_and_replays_follow_each_other_the_end_is_a_rebuilds(
    database_url: str, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are computed now and written later, when others have been; what is served never contradicts itself."""
    monkeypatch.setattr(advancing, "DOCUMENTS", 3)  # more than these, and whoever normalizes helps
    monkeypatch.setattr(resolve, "SEEDS", 1)
    monkeypatch.setattr(resolve, "MOST", 2)  # records that a step clusters, so that others wait on
    dice, city = random.Random(seed), small_city(database_url)
    hub, former = city.database, load_rules(city.registry)
    mended = mended_city(city, "housing.permits", '["样例"]', '["河西管网改造"]', tmp_path)
    rules = {FIRST: former, SECOND: former}
    pending: list[tuple[int, int, Work]] = []
    for number in range(70):
        said(city, dice, number)
        for jurisdiction in JURISDICTIONS:
            steps = dice.sample(STEPS, dice.randint(1, 3))
            with hub.read() as snapshot:
                generation = jurisdictions.generation(snapshot, jurisdiction)
                made = compute(snapshot, rules[jurisdiction], jurisdiction, dice.choice((1, 3, 50)), steps)
            if made is not None:
                pending.append((jurisdiction, generation, made))
        dice.shuffle(pending)
        while pending and dice.random() < 0.6:
            jurisdiction, generation, made = pending.pop()
            with suppress(RulesChanged):
                advancing.write_if_due(hub, rules[jurisdiction], jurisdiction, generation, made)
            assert agrees(hub, jurisdiction)
        if number in (30, 50):
            now = mended if number == 30 else former
            for jurisdiction in JURISDICTIONS:
                assert taken_up(hub, now, jurisdiction)
                rules[jurisdiction] = now
                assert replayed(hub, now, jurisdiction, ["housing.permits"]).state == "succeeded"
    for jurisdiction in JURISDICTIONS:
        walk(hub, former, jurisdiction)
        assert agrees(hub, jurisdiction)
    books(hub)
    derived = drawer(hub)
    assert not derived["unresolved"]
    assert not derived["touched"]
    assert len(derived["project"]) > 4
    rebuild(hub, former)
    assert differing(derived, drawer(hub)) == {}
    city.database.close()
