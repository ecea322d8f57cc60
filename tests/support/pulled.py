"""A permits table of housing that is pulled in small pages, and the runs, leases and sources of those pulls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from app.db import runs
from app.db.runs import Claimed
from app.db.session import Database
from connectors.manifest import parse
from connectors.registry import Registry, Source
from tests.support.corridor import rows_of
from tests.support.database import JURISDICTIONS
from tests.support.pushed import accept_push
from tests.support.small_city import PERMITS, message, permit, small_registry

FIRST = JURISDICTIONS[0]
KEY = "housing.permits"
COLUMNS = tuple(permit("1"))


def paged_registry(page: int = 2, listing: str = "") -> Registry:
    """The small city's registry with a permits table that is read in many small pages."""
    registry = small_registry()
    manifest = parse(listing + PERMITS.replace('id = "no"', f'id = "no", page = {page}'))
    sources = dict(registry.sources) | {KEY: Source(manifest, Path("/nowhere"))}
    return Registry(sources, [])


@contextmanager
def permits_table(folder: Path) -> Iterator[tuple[str, Engine]]:
    """Give housing's exchange database with an empty table, and its address."""
    url = f"sqlite:///{folder / 'housing.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE PERMITS ({', '.join(f'{name} TEXT' for name in COLUMNS)})"))
    try:
        yield url, engine
    finally:
        engine.dispose()


def fill(table: Engine, *numbers: int, **over: str) -> None:
    """Put rows into the table."""
    with table.begin() as connection:
        for n in numbers:
            row = permit(
                f"P{n:03}", f"第{n}号厂房", code="", updated=f"2024-09-{n % 28 + 1:02} 10:00:00", **over
            )
            connection.execute(
                text(f"INSERT INTO PERMITS VALUES ({', '.join(f':{name}' for name in COLUMNS)})"), row
            )


def bound(hub: Database, every: int | None = 60, scheduled: bool = True, source: str = KEY) -> None:
    """Bind a source in both jurisdictions, due at once."""
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            runs.bind(
                connection, jurisdiction, source, location=None, every_seconds=every, scheduled=scheduled
            )


def queued(hub: Database, jurisdiction: int = FIRST) -> list[tuple[Any, ...]]:
    """Give (state, attempt, pages, received, kept) of every run."""
    return rows_of(
        hub,
        "SELECT state, attempt, pages, received, kept FROM ops.run WHERE jurisdiction = :j ORDER BY queued_at, run_id",
        j=jurisdiction,
    )


def source(hub: Database, jurisdiction: int = FIRST) -> Any:
    """Give (attention, failures, succeeded, has a cursor, is due later) of the only source."""
    return rows_of(
        hub,
        "SELECT attention, failures, succeeded_at IS NOT NULL, cursor IS NOT NULL, next_run_at > now()"
        " FROM ops.source WHERE jurisdiction = :j",
        j=jurisdiction,
    )[0]


def claim(hub: Database, jurisdiction: int = FIRST) -> Claimed:
    """Take the queued run as a worker does."""
    with hub.begin() as connection:
        run = runs.claim(connection, jurisdiction, 90)
    assert run is not None
    return run


def expire(hub: Database) -> None:
    """Let every lease end, as if the workers had been killed long ago."""
    with hub.begin() as connection:
        connection.execute(
            text("UPDATE ops.run SET lease_until = now() - interval '1 second' WHERE state = 'running'")
        )


def stop_after(calls: int) -> Callable[[], bool]:
    """Give a signal that says stop from the given question on."""
    asked = iter(range(10_000))
    return lambda: next(asked) >= calls - 1


def accept_event(hub: Database, jurisdiction: int, number: str) -> None:
    """Take in a pushed permit event, as the hook does."""
    body, headers = message([{"id": number, "permit": "P001", "on": "2024-10-01"}], number)
    with hub.begin() as connection:
        accept_push(connection, jurisdiction, "housing.events", number, headers, body, "housing")


def landed_pushes(hub: Database, jurisdiction: int) -> int:
    """Give how many pushed deliveries have landed."""
    [(landed,)] = rows_of(
        hub,
        "SELECT count(*) FROM memory.landing JOIN memory.delivery USING (jurisdiction, delivery_no)"
        " WHERE jurisdiction = :j AND channel = 'push'",
        j=jurisdiction,
    )
    return int(landed)
