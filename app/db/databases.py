"""Whole databases on a server: made anew for a demo."""

from __future__ import annotations

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url


def recreate(url: str, name: str) -> str:
    """Drop the database `name` on the server of `url` if it is there, make it empty, and give its address."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    quoted = '"' + name.replace('"', '""') + '"'
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {quoted} TEMPLATE template0"))
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)
