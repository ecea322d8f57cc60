"""Whether the database is one this version of the hub can serve from."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.db import leases
from app.db.texts import text
from app.errors import RulesChanged, Unavailable
from schemas.api.sources import Ready


def ready(connection: Connection, jurisdiction: int, common: str) -> Ready:
    """Give what the hub serves from; raise Unavailable or RulesChanged with what a person must do first.

    `common` are the rules this process shares with all its sources; what differs in a source alone is served.
    """
    there = connection.execute(
        text(
            "SELECT to_regclass('public.alembic_version') IS NOT NULL AS versioned, to_regclass('project') IS NOT NULL AS"
            " derived"
        )
    ).one()
    if not there.versioned:
        raise Unavailable("the database is empty: run `hub db upgrade`")
    migration = connection.execute(text("SELECT version_num FROM public.alembic_version")).scalar_one()
    if migration != migration_head():
        raise Unavailable(
            f"the database is at migration {migration}, this hub at {migration_head()}: run `hub db upgrade`"
        )
    if not there.derived:
        raise Unavailable("there is no derived drawer: run `hub rebuild`")
    row = connection.execute(
        text("SELECT generation, fingerprint, common FROM ops.jurisdiction WHERE jurisdiction = :j"),
        {"j": jurisdiction},
    ).one_or_none()
    generation, stored = (row.generation, row.fingerprint) if row else (0, "")
    if row and stored and row.common != common:
        if leases.held_until(connection, leases.REBUILD):
            raise RulesChanged(
                "the rules changed, and a rebuild derives everything anew: it is under way, and this answers 200 when it ends"
            )
        raise RulesChanged
    rule_set: int = connection.execute(
        text("SELECT coalesce((SELECT rule_set_no FROM progress WHERE jurisdiction = :j), 0)"),
        {"j": jurisdiction},
    ).scalar_one()
    return Ready(migration=migration, generation=generation, fingerprint=stored, rule_set=rule_set)


@lru_cache(maxsize=1)
def migration_head() -> str:
    """Give the newest migration this version of the hub knows."""
    root = Path(str(resources.files("app"))).parent
    return ScriptDirectory(str(root / "migrations")).get_current_head() or ""
