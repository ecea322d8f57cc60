"""How a command gets the hub it works on: settings, a database at this version, and the rules of this installation."""

from __future__ import annotations

from dataclasses import dataclass

from app.address import database_url
from app.db import jurisdictions, migrate
from app.db.session import Database
from app.pipeline.rules import Rules, load_rules
from app.settings import Settings
from connectors.registry import discover


@dataclass(frozen=True, slots=True)
class Runtime:
    """A hub that a command may work on."""

    settings: Settings
    url: str
    database: Database
    rules: Rules


def open_runtime(settings: Settings) -> Runtime:
    """Open the hub: its database migrated, its jurisdiction known, its connectors found."""
    url = database_url(settings)
    migrate.upgrade(url)
    database = Database(url, pool_size=settings.pool_size)
    with database.begin() as connection:
        jurisdictions.ensure(connection, settings.jurisdiction)
    return Runtime(settings, url, database, load_rules(discover(), settings.connected_departments))
