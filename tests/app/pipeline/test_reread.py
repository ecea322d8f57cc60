"""Reading raw records again leaves what a rebuild would derive, whatever was mended and whatever lands meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from app.db.session import Database
from app.pipeline import replay as replaying
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from connectors.manifest_mapping import PartRule
from connectors.registry import discover
from tests.support.corridor import (
    Delivery,
    books,
    differing,
    drawer,
    land,
    opened,
    rows_of,
    same_as_rebuilt,
    simulated,
    walk,
)
from tests.support.database import JURISDICTIONS
from tests.support.mended import (
    mended,
    refusing_city,
    replayed,
    taken_up,
    with_manifests,
)
from tests.support.small_city import SmallCity
from tests.test_rebuild import followed, served

FIRST, SECOND = JURISDICTIONS
RULES = load_rules(discover())
PERMITS = "housing.permits"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return simulated(RULES.registry, tmp_path_factory.mktemp("city"), seed=7, projects=10, advances=(40,))


PERMITS = "housing.permits"


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=6) as database:
        yield database


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = refusing_city(database_url)
    yield city
    city.database.close()


def drawn(dice: random.Random, sources: Sequence[str], number: int) -> tuple[Rules, list[str]]:
    """Give rules with some sources mended, and those sources."""
    keys = dice.sample(sources, dice.randint(1, 4))
    manifests = {key: mended(RULES.registry.manifest(key), dice) for key in keys}
    return with_manifests(RULES, manifests, f"mended {number}"), keys


def test_a_replay_is_a_rebuild_of_its_sources_whatever_was_mended_and_whatever_lands_meanwhile(
    hub: Database, said: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 25)
    dice = random.Random(3)
    sources = sorted({one.source for one in said})
    rounds = 4
    portions = [said[n::rounds] for n in range(rounds)]
    for jurisdiction in JURISDICTIONS:
        land(hub, jurisdiction, portions[0])
        walk(hub, RULES, jurisdiction)
    changes = 0
    for number in range(1, rounds):
        rules, _ = drawn(dice, sources, number)
        more = portions[number]
        for jurisdiction in JURISDICTIONS:
            due = taken_up(hub, rules, jurisdiction)
            land(hub, jurisdiction, more[: len(more) // 2])
            walk(hub, rules, jurisdiction, 20)
            if due:
                one = replayed(hub, rules, jurisdiction, due)
                assert (one.state, one.done) == ("succeeded", one.total)
                assert one.counts is not None
                changes += sum(count.changed + count.new + count.dropped for count in one.counts)
            land(hub, jurisdiction, more[len(more) // 2 :])
            walk(hub, rules, jurisdiction, 20)
            assert followed(hub, jurisdiction) == served(hub, jurisdiction)
        books(hub)
        before = drawer(hub)
        rebuild(hub, rules)
        assert differing(before, drawer(hub)) == {}, f"round {number}"
    assert changes > 50
    assert rows_of(hub, "SELECT count(*) FROM ops.source_rules WHERE due") == [(0,)]


def test_projects_become_parts_and_parts_projects(city: SmallCity) -> None:
    hub, old = city.database, load_rules(city.registry)
    manifest = city.registry.manifest(PERMITS)
    parent = PartRule.model_validate({"part": "event", "source": "commerce.signed", "key": "owner"})
    parts = manifest.model_copy(
        update={
            "parent": parent,
            "parties": (),
            "place": {},
            "fields": {},
            "ignore": manifest.known_columns(),
        }
    )
    for rules in (with_manifests(old, {PERMITS: parts}, "parts"), old):
        for jurisdiction in JURISDICTIONS:
            replayed(hub, rules, jurisdiction, [PERMITS])
            walk(hub, rules, jurisdiction)
        kinds = rows_of(hub, "SELECT DISTINCT kind FROM record WHERE source = :s", s=PERMITS)
        assert kinds == [("project",) if rules is old else ("part",)]
        same_as_rebuilt(hub, rules)
