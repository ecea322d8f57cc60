"""What the migrated database itself says: every key is led by jurisdiction, no foreign key crosses drawers, nothing triggers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

DRAWERS = {"memory", "ops", "derived"}
# Alembic's own note of the revision; it is the database's, not a city's.
EXCEPTIONS = {"public.alembic_version"}

UNLED_KEYS = text("""
    SELECT n.nspname || '.' || t.relname AS holder, i.relname AS name
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
    WHERE x.indisunique AND a.attname IS DISTINCT FROM 'jurisdiction'
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
""")
FOREIGN_KEYS = text("""
    SELECT n.nspname || '.' || t.relname AS holder, c.conname AS name,
           a.attname AS leads, b.attname AS target, n.nspname AS here, m.nspname AS there, c.confdeltype AS on_delete
    FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_class u ON u.oid = c.confrelid
    JOIN pg_namespace m ON m.oid = u.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
    WHERE c.contype = 'f'
""")
TRIGGERS = text("""
    SELECT n.nspname || '.' || t.relname AS holder, g.tgname AS name
    FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE NOT g.tgisinternal
    UNION ALL SELECT 'database', evtname FROM pg_event_trigger
""")
TABLES = text("""
    SELECT n.nspname AS drawer, t.relname AS name, a.attname IS NOT NULL AS spread
    FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'jurisdiction' AND a.attnotnull
    WHERE t.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
""")


def broken(connection: Connection) -> set[str]:
    """Every key, foreign key and trigger of the database that a cluster spread by jurisdiction could not have."""
    found = {f"{r.holder} {r.name}: not led by jurisdiction" for r in connection.execute(UNLED_KEYS)}
    for key in connection.execute(FOREIGN_KEYS):
        if "jurisdiction" not in {key.leads} & {key.target}:
            found.add(f"{key.holder} {key.name}: not led by jurisdiction")
        if key.here != key.there:
            found.add(f"{key.holder} {key.name}: crosses from {key.here} to {key.there}")
        if key.on_delete not in {"a", "r", b"a", b"r"}:
            found.add(f"{key.holder} {key.name}: deletes or changes rows by itself")
    found |= {f"{row.holder} {row.name}: a trigger" for row in connection.execute(TRIGGERS)}
    for table in connection.execute(TABLES):
        if not table.spread:
            found.add(f"{table.drawer}.{table.name} : has no jurisdiction")
    return {line for line in found if line.split()[0] not in EXCEPTIONS}


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(database_url)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def test_every_key_is_led_by_jurisdiction_and_no_foreign_key_crosses_drawers(connection: Connection) -> None:
    assert not broken(connection)


def test_the_database_has_the_three_drawers_and_no_other(connection: Connection) -> None:
    held = {row.drawer for row in connection.execute(TABLES) if f"{row.drawer}.{row.name}" not in EXCEPTIONS}
    assert held == DRAWERS


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "CREATE TABLE ops.bad (id bigint PRIMARY KEY, jurisdiction int NOT NULL)",
            "ops.bad bad_pkey: not led by jurisdiction",
        ),
        (
            "CREATE TABLE ops.bad (jurisdiction int, id int, PRIMARY KEY (jurisdiction, id), UNIQUE (id, jurisdiction))",
            "ops.bad bad_id_jurisdiction_key: not led by jurisdiction",
        ),
        (
            "CREATE TABLE ops.bad (jurisdiction int NOT NULL, t text); CREATE UNIQUE INDEX by_t ON ops.bad (lower(t))",
            "ops.bad by_t: not led by jurisdiction",
        ),
        (
            (
                "CREATE TABLE memory.a (jurisdiction int, id int, PRIMARY KEY (jurisdiction, id)); "
                "CREATE TABLE ops.bad (jurisdiction int NOT NULL, id int, FOREIGN KEY (jurisdiction, id) REFERENCES memory.a)"
            ),
            "ops.bad bad_jurisdiction_id_fkey: crosses from ops to memory",
        ),
        (
            (
                "CREATE TABLE ops.a (jurisdiction int, id int, PRIMARY KEY (jurisdiction, id)); "
                "CREATE TABLE ops.bad (jurisdiction int NOT NULL, id int, "
                "FOREIGN KEY (id, jurisdiction) REFERENCES ops.a (id, jurisdiction) ON DELETE CASCADE)"
            ),
            "ops.bad bad_id_jurisdiction_fkey: not led by jurisdiction",
        ),
        ("CREATE TABLE ops.bad (a int)", "ops.bad : has no jurisdiction"),
        (
            (
                "CREATE TABLE ops.bad (jurisdiction int NOT NULL); "
                "CREATE FUNCTION ops.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
                "CREATE TRIGGER t BEFORE INSERT ON ops.bad FOR EACH ROW EXECUTE FUNCTION ops.f()"
            ),
            "ops.bad t: a trigger",
        ),
    ],
    ids=["primary", "unique", "index", "crossing", "foreign", "unspread", "trigger"],
)
def test_each_rule_bites(connection: Connection, script: str, told: str) -> None:
    connection.exec_driver_sql(script)
    assert told in broken(connection)
