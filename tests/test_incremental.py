"""Incremental equals batch: whatever order a city's records, changes and deletes arrive in, the same clusters come out.

The cap of holders a key may have is lowered, so that thousands of keys cross it, up and down, on the way.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.session import Database
from app.pipeline import candidates, pair, region, resolve
from app.pipeline.advance import Step, advance
from app.pipeline.matching import common
from app.pipeline.rules import load_rules
from connectors.registry import discover
from schemas.records import Op, Page, RawRecord
from tests.support.corridor import Delivery, arranged, land, opened, rows_of, simulated
from tests.support.database import JURISDICTIONS, throw_away_database

RULES = load_rules(discover())
CAP, CROWD = 8, 2
"""Low, so that keys and numbers of a small city cross them."""
ORDERS = int(os.environ.get("HUB_TEST_ORDERS", "1"))
"""Orders the large city is told in: one in a campaign, as many as are asked for in `make test-orders`."""
STEPS = (Step.NORMALIZE, Step.PAIR, Step.RESOLVE)
RESOLVED = {
    "cluster": "SELECT array_agg(record_id ORDER BY record_id) FROM cluster WHERE jurisdiction = :j GROUP BY project_id",
    "dead": "SELECT record_id FROM cluster WHERE jurisdiction = :j AND NOT live",
    "pair": "SELECT a, b, score FROM pair WHERE jurisdiction = :j",
    "review": "SELECT a, b, kind, score, priority FROM review WHERE jurisdiction = :j",
    "relation": "SELECT least(a, b), greatest(a, b), kind, why, score FROM relation WHERE jurisdiction = :j",
}
Resolved = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def low_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "CAP", CAP)
    monkeypatch.setattr(candidates, "READ", 3)
    monkeypatch.setattr(candidates, "AT_ONCE", 50)
    monkeypatch.setattr(pair, "KEPT", 5)
    monkeypatch.setattr(region, "AT_ONCE", 2)
    monkeypatch.setattr(resolve, "SEEDS", 3)
    monkeypatch.setattr(resolve, "MOST", 20)
    monkeypatch.setattr(common, "CAP", CAP)
    monkeypatch.setattr(common, "CROWD", CROWD)
    monkeypatch.setattr(candidates, "CROWD", CROWD)


def city(home: Path, projects: int) -> list[Delivery]:
    """Give what a hard city says at first and a month later, when a fifth of what has a version is withdrawn too."""
    said = simulated(
        RULES.registry, home, seed=8, projects=projects, advances=(30,), difficulty="hard", breadth="full"
    )
    newest: dict[tuple[str, str], RawRecord] = {}
    for one in said:
        if RULES.registry.manifest(one.source).version is not None:
            for row in one.page.rows:
                if isinstance(row, RawRecord) and row.version:
                    key = (row.source, row.key)
                    newest[key] = max(row, newest.get(key, row), key=lambda raw: raw.version)
    gone: dict[str, list[RawRecord]] = {}
    for source, name in sorted(newest)[::5]:
        row = newest[source, name]
        gone.setdefault(source, []).append(row._replace(op=Op.DELETE, version=f"{row.version}~"))
    return [*said, *(Delivery(source, Page(tuple(rows), ""), "") for source, rows in gone.items())]


@pytest.fixture
def hub(postgres_server: str, migrated_template: str) -> Iterator[list[Database]]:
    """Two empty hubs: one takes the city as it was said, the other in an order drawn at random."""
    with (
        throw_away_database(postgres_server, template=migrated_template) as one,
        throw_away_database(postgres_server, template=migrated_template) as other,
        opened(one) as told,
        opened(other) as drawn,
    ):
        yield [told, drawn]


def resolved(hub: Database, jurisdiction: int) -> Resolved:
    """Give what resolving says, without the ids that projects have from their earliest member."""
    return {
        name: sorted(tuple(map(str, row)) for row in rows_of(hub, query, j=jurisdiction))
        for name, query in RESOLVED.items()
    }


def take(hub: Database, jurisdiction: int, said: list[Delivery], dice: random.Random, moments: int) -> None:
    """Land everything, walking at so many moments on the way, in batches of some size."""
    portion = -(-len(said) // moments)
    for start in range(0, len(said), portion):
        land(hub, jurisdiction, said[start : start + portion])
        limit = dice.choice((40, 300, 1000))
        while advance(hub, RULES, jurisdiction, limit=limit, steps=STEPS):
            pass


def test_a_city_in_any_order_has_the_same_clusters_pairs_questions_and_relations(
    hub: list[Database], tmp_path: Path, low_cap: None
) -> None:
    said = city(tmp_path, 12)
    told, drawn = hub
    for jurisdiction in JURISDICTIONS:
        take(told, jurisdiction, said, random.Random(0), 1)
    crossed_back = rows_of(
        told,
        "SELECT key FROM block_key GROUP BY jurisdiction, key HAVING count(*) > :cap"
        " AND count(*) FILTER (WHERE live) <= :cap",
        cap=CAP,
    )
    assert rows_of(told, "SELECT FROM normal WHERE common IS NOT NULL"), "no number is common"
    assert crossed_back, "no key fell below the cap again: the test shows half of what it says"
    for seed, jurisdiction in enumerate(JURISDICTIONS):
        dice = random.Random(seed)
        take(drawn, jurisdiction, arranged(said, RULES.registry, dice), dice, 4)
        assert resolved(drawn, jurisdiction) == resolved(told, jurisdiction)


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_a_city_of_ten_thousand_records_in_another_order_has_the_same_clusters(
    hub: list[Database], postgres_server: str, migrated_template: str, tmp_path: Path, low_cap: None
) -> None:
    said = city(tmp_path, 660)
    told, _ = hub
    here = JURISDICTIONS[0]
    take(told, here, said, random.Random(0), 1)
    [(records,)] = rows_of(told, "SELECT count(*) FROM cluster WHERE jurisdiction = :j", j=here)
    assert records > 9_000
    expected = resolved(told, here)
    for seed in range(ORDERS):
        with throw_away_database(postgres_server, template=migrated_template) as url, opened(url) as drawn:
            dice = random.Random(seed)
            take(drawn, here, arranged(said, RULES.registry, dice), dice, 1 + seed % 4)
            assert resolved(drawn, here) == expected, seed
