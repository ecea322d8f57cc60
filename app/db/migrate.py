"""Bring a database to this version: migrations for memory and ops, an empty derived drawer where there is none."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from app.db import derived
from app.db.session import APP_ROLE
from app.db.texts import text
from app.errors import NotPermitted, Unavailable

OLDEST_SERVER = 15


def _config(url: str) -> Config:
    root = Path(str(resources.files("app"))).parent
    config = Config(str(root / "alembic.ini"))
    config.set_main_option("script_location", str(root / "migrations"))
    config.attributes["url"] = make_url(url).set(drivername="postgresql+psycopg")
    return config


def upgrade(url: str) -> None:
    """Run every migration the database has not seen, and make the derived drawer if it is missing.

    Raises NotPermitted, with the two statements a database administrator must run, where the role may not be made.
    """
    _refuse_old_server(url)
    try:
        command.upgrade(_config(url), "head")
        _make_derived(url)
    except ProgrammingError as error:
        if isinstance(error.orig, InsufficientPrivilege):
            user = make_url(url).username or "<user>"
            raise NotPermitted(
                f"数据库账号权限不足，请管理员执行 / the database account may not do this: {error.orig}\n"
                f"An administrator runs once: CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO {user};"
                f" GRANT CREATE, TEMPORARY ON DATABASE {make_url(url).database} TO {APP_ROLE};"
            ) from error
        raise


def _refuse_old_server(url: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    engine.dispose()
    if number < OLDEST_SERVER * 10_000:
        raise Unavailable(f"PostgreSQL {number // 10_000} is too old: the hub needs {OLDEST_SERVER} or newer")


def _make_derived(url: str) -> None:
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
