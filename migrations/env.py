"""How migrations run: memory and ops only, one transaction, short locks."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from app.db import decisions, reviews, told
from app.db.tables import metadata

SCHEMAS = ("memory", "ops")
# a table that stands beside its queries is known once they are loaded
assert all(t.metadata is metadata for t in (told.told, decisions.decision, reviews.assignment))


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return name in SCHEMAS if kind == "schema" else True


def _offline() -> None:
    context.configure(
        dialect_name="postgresql", target_metadata=metadata, include_schemas=True, literal_binds=True
    )
    with context.begin_transaction():
        context.run_migrations()


def _online() -> None:
    engine = create_engine(context.config.attributes["url"])
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_schemas=True,
            include_name=_ours,
            compare_server_default=True,
            version_table_schema="public",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    _offline()
else:
    _online()
