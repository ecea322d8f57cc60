"""Callers with keys for tests of what the API gives, not of who may have it."""

from __future__ import annotations

from app.db import keys
from app.db.accounts import rights
from app.db.session import Database
from tests.support.client import Client
from tests.support.database import JURISDICTIONS


def trusted(caller: Client, url: str) -> Client:
    """Give the caller with a key in each jurisdiction for all that one account may do."""
    given = rights(["system_admin", "reviewer"], ["all"], ["all"])
    database = Database(url, pool_size=1)
    with database.begin() as connection:
        held = {j: keys.add(connection, j, "trusted", given, by="test") for j in JURISDICTIONS}
    database.close()
    return caller.holding(held[JURISDICTIONS[0]], held)
