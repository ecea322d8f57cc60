"""Bring a database to this version: migrations for memory and ops, an empty derived drawer where there is none."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.db import derived
from app.db.session import APP_ROLE


def _config(url: str) -> Config:
    root = Path(str(resources.files("app"))).parent
    config = Config(str(root / "alembic.ini"))
    config.set_main_option("script_location", str(root / "migrations"))
    config.attributes["url"] = make_url(url).set(drivername="postgresql+psycopg")
    return config


def upgrade(url: str) -> None:
    """Run every migration the database has not seen, and make the derived drawer if it is missing."""
    command.upgrade(_config(url), "head")
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        # rights on a database are not part of a dump or a template: a restored hub could not rebuild
        may = "SELECT has_database_privilege(:role, current_database(), 'CREATE')"
        if not connection.execute(text(may), {"role": APP_ROLE}).scalar_one():
            quoted = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
            connection.execute(text(f"GRANT CREATE, TEMPORARY ON DATABASE {quoted} TO {APP_ROLE}"))
        connection.execute(text(f"SET LOCAL ROLE {APP_ROLE}"))
        missing = "SELECT to_regnamespace(:s) IS NULL"
        if connection.execute(text(missing), {"s": derived.SERVING}).scalar_one():
            derived.create(connection)
    engine.dispose()


def check(url: str) -> None:
    """Raise when the tables in code and the migrated tables differ."""
    command.check(_config(url))
