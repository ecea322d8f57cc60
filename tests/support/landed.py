"""The small city's feeds landed and derived in both jurisdictions alike, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from app.db.session import Database
from app.pipeline.land import Landed, land_page
from app.pipeline.rules import load_rules
from connectors.rows import RowReader
from schemas.ids import record_id
from schemas.records import Listing, Page, RawRecord, Unreadable
from tests.support.corridor import books, rows_of, same_as_rebuilt, walk
from tests.support.database import JURISDICTIONS
from tests.support.small_city import small_registry

REGISTRY = small_registry()
RULES = load_rules(REGISTRY)
FIRST = JURISDICTIONS[0]


def rows(source: str, *said: Mapping[str, str]) -> tuple[RawRecord | Unreadable, ...]:
    """Give rows as the connector of a source reads them."""
    reader = RowReader(REGISTRY.manifest(source))
    return tuple(reader.from_values(row) for row in said)


def land(hub: Database, source: str, *said: Mapping[str, str], run: str | None = None) -> Landed:
    """Land one page in both jurisdictions; with `run` it is a whole listing."""
    listing = Listing.CHANGES if run is None else Listing.FULL_END
    page = Page(rows(source, *said), "", listing)
    landed = []
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            landed.append(land_page(connection, jurisdiction, source, page, run_id=run))
    assert landed[0] == landed[1]
    return landed[0]


def derive(hub: Database, limit: int = 200) -> None:
    """Derive both jurisdictions, so many rows at a time."""
    for jurisdiction in JURISDICTIONS:
        walk(hub, RULES, jurisdiction, limit)


def as_rebuilt(hub: Database) -> None:
    """Hold the books, and what was derived in steps against a rebuild."""
    books(hub)
    same_as_rebuilt(hub, RULES)


def settle(hub: Database) -> None:
    """Derive both jurisdictions, hold the books, and hold what was derived against a rebuild."""
    derive(hub, 3)
    as_rebuilt(hub)


def live(hub: Database, jurisdiction: int = FIRST) -> dict[str, bool]:
    """Give which records stand, by key."""
    return dict(rows_of(hub, "SELECT key, live FROM record WHERE jurisdiction = :j", j=jurisdiction))


def name(hub: Database, source: str, key: str, jurisdiction: int = FIRST) -> str:
    """Give the name in a record's statement."""
    [(found,)] = rows_of(
        hub,
        "SELECT CAST(statement AS jsonb)->>'name' FROM record WHERE jurisdiction = :j AND record_id = :r",
        j=jurisdiction,
        r=record_id(jurisdiction, source, key),
    )
    return str(found)


def project(hub: Database, source: str, key: str, jurisdiction: int = FIRST) -> str | None:
    """Give the project a record is in, None for one that is in none."""
    found = rows_of(
        hub,
        "SELECT project_id FROM member WHERE jurisdiction = :j AND record_id = :r",
        j=jurisdiction,
        r=record_id(jurisdiction, source, key),
    )
    return found[0][0] if found else None
