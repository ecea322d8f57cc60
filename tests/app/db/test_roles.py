"""Memory is append-only by right, not by habit."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db import decisions
from app.db.tables import MEMORY, metadata
from tests.support.corridor import opened

assert decisions.decision.metadata is metadata  # loaded, so that it is among them
MEMORIES = sorted(table.name for table in metadata.tables.values() if table.schema == MEMORY)


def test_the_hub_works_as_the_role_without_rights_on_what_was_said(database_url: str) -> None:
    with opened(database_url) as database, database.begin() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == "hub_app"


@pytest.mark.parametrize("table", MEMORIES)
def test_nothing_said_or_decided_can_be_changed_or_deleted(database_url: str, table: str) -> None:
    attempts = [f"DELETE FROM memory.{table}", f"TRUNCATE memory.{table}", f"DROP TABLE memory.{table}"]
    if table != "head":
        attempts.append(f"UPDATE memory.{table} SET jurisdiction = jurisdiction")
    with opened(database_url) as database:
        for attempt in attempts:
            with pytest.raises(ProgrammingError), database.begin() as connection:
                connection.execute(text(attempt))


def test_only_heads_move(database_url: str) -> None:
    assert "head" in MEMORIES
    with opened(database_url) as database, database.begin() as connection:
        connection.execute(text("UPDATE memory.head SET version = version"))
