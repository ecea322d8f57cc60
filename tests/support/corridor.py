"""The simulated departments' deliveries, landed and walked without servers; and what the hub made of them, comparable."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.db import derived, jurisdictions
from app.db.session import Database
from app.pipeline.advance import Step, advance
from app.pipeline.land import Landed, land_page
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules
from connectors.contract import Binding
from connectors.registry import Registry
from schemas.records import Listing, Page
from simulator.city import Breadth, Difficulty
from simulator.feeds import Plan
from simulator.run import RunningCity, running
from tests.support.database import JURISDICTIONS

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Delivery:
    """One page of a source; the pages of one run are one listing."""

    source: str
    page: Page
    run: str


def simulated(
    registry: Registry,
    home: Path,
    *,
    seed: int,
    projects: int,
    advances: Sequence[int],
    difficulty: Difficulty = "easy",
    breadth: Breadth = "core",
) -> list[Delivery]:
    """Give all that a simulated city says at first and after each advance, as its connectors fetch it."""
    with running(Plan(home, seed=seed, projects=projects, difficulty=difficulty, breadth=breadth)) as city:
        told = _fetched(registry, city, home, "0")
        since = -1
        told += _events(registry, city, since)
        for number, days in enumerate(advances, start=1):
            since = city.feeds.city.day
            city.advance(days)
            told += _fetched(registry, city, home, str(number)) + _events(registry, city, since)
    return told


def variables(city: RunningCity) -> dict[str, str]:
    """Give the variables by which the manifests find the city's systems."""
    at = city.addresses()
    return {
        "HUB_COMMERCE_API_URL": str(at["commerce_api_url"]),
        "HUB_COMMERCE_API_TOKEN": str(at["token"]),
        "HUB_COMMERCE_FOLDER": str(at["commerce_folder"]),
        "HUB_LANDCHINA_FOLDER": str(at["landchina_folder"]),
        "HUB_LAND_DATABASE_URL": str(at["land_url"]),
        "HUB_HOUSING_DATABASE_URL": str(at["housing_url"]),
        "HUB_HOUSING_PERMIT_EVENTS_SECRET": str(at["push_secret"]),
    }


def settle(home: Path) -> None:
    """Make every file look as if it had lain there for an hour: a folder's files wait until they are whole."""
    then = time.time() - 3600
    for path in home.rglob("*.xls*"):
        os.utime(path, (then, then))


def _fetched(registry: Registry, city: RunningCity, home: Path, run: str) -> list[Delivery]:
    settle(home)
    found: list[Delivery] = []
    known = variables(city)
    for manifest in registry.manifests():
        if getattr(manifest.transport, "variable", "") in known:
            pages = registry.open(manifest.key, Binding(JURISDICTIONS[0], None, known)).fetch(None)
            found += [Delivery(manifest.key, page, f"{manifest.key}-{run}") for page in pages]
    return found


def _events(registry: Registry, city: RunningCity, since: int) -> list[Delivery]:
    source = "housing.permit_events"
    events = [row.values for row in city.feeds.events(since)]
    body = json.dumps({"records": events}, ensure_ascii=False).encode()
    rows = registry.open(source, Binding(JURISDICTIONS[0])).unpack({}, body)
    return [Delivery(source, Page(tuple(rows), ""), "")] if events else []


def arranged(deliveries: Iterable[Delivery], registry: Registry, dice: random.Random) -> list[Delivery]:
    """Give the same said in another way: versioned sources in any order and cut anew, all of them interleaved and doubled.

    A source without versions keeps its own order; what it repeats, it repeats at once.
    """
    queues: list[list[Delivery]] = []
    by_source: dict[str, list[Delivery]] = {}
    for one in deliveries:
        by_source.setdefault(one.source, []).append(one)
    for source, said in by_source.items():
        if registry.manifest(source).version is None and registry.manifest(source).transport.kind != "push":
            queues.append([one for one in said for _ in range(dice.randint(1, 2))])
            continue
        rows = [row for one in said for row in one.page.rows]
        rows += dice.sample(rows, len(rows) // 3)
        dice.shuffle(rows)
        queue = []
        while rows:
            n = dice.randint(1, 30)
            queue.append(Delivery(source, Page(tuple(rows[:n]), ""), ""))
            rows = rows[n:]
        queues.append(queue)
    told: list[Delivery] = []
    while queues := [queue for queue in queues if queue]:
        told.append(dice.choice(queues).pop(0))
    return told


def land(database: Database, jurisdiction: int, deliveries: Iterable[Delivery]) -> list[Landed]:
    """Land deliveries in order, each in a transaction of its own."""
    landed = []
    for number, one in enumerate(deliveries):
        # a full listing of one page is a run of its own, however often it comes
        whole = one.page.listing is Listing.FULL_END
        run = f"{one.run}-{number}" if whole else one.run or None
        with database.begin() as connection:
            landed.append(land_page(connection, jurisdiction, one.source, one.page, run_id=run))
    return landed


def walk(database: Database, rules: Rules, jurisdiction: int, limit: int = 200) -> int:
    """Advance until nothing is new; gives the batches walked."""
    batches = 0
    while advance(database, rules, jurisdiction, limit=limit):
        batches += 1
    return batches


def resolved(database: Database, rules: Rules, jurisdiction: int) -> None:
    """Normalize and resolve all that waits, and compose nothing."""
    while advance(database, rules, jurisdiction, limit=1000, steps=(Step.NORMALIZE, Step.PAIR, Step.RESOLVE)):
        pass


@contextmanager
def opened(url: str, *, pool_size: int = 4) -> Iterator[Database]:
    """Give a database in which both jurisdictions are known; its connections are closed afterwards."""
    database = Database(url, pool_size=pool_size)
    try:
        with database.begin() as connection:
            for jurisdiction in JURISDICTIONS:
                jurisdictions.ensure(connection, jurisdiction)
        yield database
    finally:
        database.close()


def shape(database: Database, jurisdiction: int) -> dict[frozenset[str], tuple[Any, Any]]:
    """Give projects by their members, with claims and ledger; of any jurisdiction alike.

    Projects are called by their smallest record, for their ids tell what was said first.
    """
    with database.read() as connection:
        members = connection.execute(
            text("SELECT project_id, record_id, live FROM member WHERE jurisdiction = :j"),
            {"j": jurisdiction},
        ).all()
        projects = connection.execute(
            text("SELECT project_id, golden, ledger FROM project WHERE jurisdiction = :j"),
            {"j": jurisdiction},
        ).all()
    groups: dict[str, set[str]] = {}
    for project_id, record_id, live in members:
        groups.setdefault(project_id, set()).add(f"{record_id.partition('-')[2]}{'' if live else ' dead'}")
    assert groups.keys() == {row.project_id for row in projects}
    called = {project_id.partition("-")[2]: min(group) for project_id, group in groups.items()}
    return {
        frozenset(groups[row.project_id]): (
            _bare(row.golden, jurisdiction, called),
            _bare(row.ledger, jurisdiction, called),
        )
        for row in projects
    }


def _bare(document: str, jurisdiction: int, called: Mapping[str, str]) -> Any:
    found = json.loads(document.replace(f'"{jurisdiction}-', '"'))
    for told in (found, *found.get("relations", ())):
        told |= {
            name: called[told[name]] for name in ("project_id", "one", "other", "within") if told.get(name)
        }
    return found


def drawer(database: Database, schema: str = derived.SERVING) -> dict[str, list[str]]:
    """Give every row of every derived table as text, both jurisdictions."""
    with database.read() as connection:
        return {
            table: sorted(connection.execute(text(f'SELECT t::text FROM "{schema}"."{table}" t')).scalars())
            for table in derived.TABLES
        }


def differing(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Give, of each table that differs, up to four rows that stand on one side only."""
    apart = {table: sorted(set(rows) ^ set(after[table])) for table, rows in before.items()}
    return {
        table: rows[:4] for table, rows in apart.items() if rows or len(before[table]) != len(after[table])
    }


def same_as_rebuilt(database: Database, rules: Rules) -> dict[str, list[str]]:
    """Hold what was derived in steps against a rebuild under the same rules; give it."""
    before = drawer(database)
    rebuild(database, rules)
    assert differing(before, drawer(database)) == {}
    return before


def rows_of(database: Database, query: str, **values: Any) -> list[Row]:
    """Give the rows of a query as tuples."""
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def agrees(database: Database, jurisdiction: int) -> bool:
    """Say whether every document names just the members that lead to it, each as living or dead as it says."""
    documents = {
        row[0]: {(member["record_id"], member["live"]) for member in json.loads(row[1])["members"]}
        for row in rows_of(
            database, "SELECT project_id, golden FROM project WHERE jurisdiction = :j", j=jurisdiction
        )
    }
    members: dict[str, set[tuple[str, bool]]] = {}
    for record, project, live in rows_of(
        database, "SELECT record_id, project_id, live FROM member WHERE jurisdiction = :j", j=jurisdiction
    ):
        members.setdefault(project, set()).add((record, live))
    return documents == members and all(project in dict(named) for project, named in members.items())


def books(database: Database) -> None:
    """Hold the accounts: received = kept + unchanged + unreadable, and kept = accepted + rejected, per delivery and source."""
    wrong = rows_of(
        database,
        "SELECT l.jurisdiction, l.delivery_no, d.source, l.received, l.kept, l.unchanged, l.unreadable, o.accepted, o.rejected,"
        " u.n, j.n FROM memory.landing l JOIN memory.delivery d USING (jurisdiction, delivery_no)"
        " LEFT JOIN outcome o USING (jurisdiction, delivery_no)"
        " CROSS JOIN LATERAL (SELECT count(*) AS n FROM memory.unreadable u"
        "  WHERE (u.jurisdiction, u.delivery_no) = (l.jurisdiction, l.delivery_no)) u"
        " CROSS JOIN LATERAL (SELECT count(*) AS n FROM rejection r"
        "  WHERE (r.jurisdiction, r.delivery_no) = (l.jurisdiction, l.delivery_no)) j"
        " WHERE l.received <> l.kept + l.unchanged + l.unreadable OR o.accepted + o.rejected IS DISTINCT FROM l.kept"
        " OR u.n <> l.unreadable OR j.n <> o.rejected OR o.source <> d.source",
    )
    assert wrong == []
    uncounted = rows_of(
        database,
        "SELECT jurisdiction, delivery_no FROM memory.delivery EXCEPT SELECT jurisdiction, delivery_no FROM memory.landing",
    )
    assert uncounted == []


def feed(database: Database, jurisdiction: int) -> list[Row]:
    """Give the change feed: (number, kind, project, other, rebuilt)."""
    return rows_of(
        database,
        "SELECT change_no, kind, project_id, other_id, rebuilt FROM ops.change WHERE jurisdiction = :j ORDER BY change_no",
        j=jurisdiction,
    )
