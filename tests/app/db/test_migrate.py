"""Upgrading brings any database to this version, also one that was restored or copied."""

from __future__ import annotations

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.db import derived
from app.db.migrate import upgrade
from tests.support.corridor import opened


def test_a_restored_database_gets_back_the_right_to_rebuild(database_url: str) -> None:
    """Rights on a database are in no dump of it; without them the first rebuild would fail."""
    engine = create_engine(make_url(database_url))
    with engine.begin() as connection:
        name = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
        connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC, hub_app"))
    engine.dispose()
    upgrade(database_url)
    with opened(database_url) as database, database.begin() as connection:
        derived.create(connection, derived.NEXT)
