"""Callers with keys for tests of what the API gives, not of who may have it."""

from __future__ import annotations

from contextlib import closing

from app.db import keys
from app.db.accounts import rights
from app.db.session import Database
from tests.support.client import Client
from tests.support.database import JURISDICTIONS


def trusted(caller: Client, url: str) -> Client:
    """Give the caller with a key in each jurisdiction for all that one account may do."""
    held = trusted_keys(url)
    return caller.holding(held[JURISDICTIONS[0]], held)


def trusted_keys(url: str) -> dict[int, str]:
    """Make one account in each jurisdiction, which may do all that one may, and give its keys."""
    given = rights(["system_admin", "reviewer"], ["all"], ["all"])
    with closing(Database(url, pool_size=1)) as database, database.begin() as connection:
        return {j: keys.add(connection, j, "trusted", given, by="test") for j in JURISDICTIONS}
