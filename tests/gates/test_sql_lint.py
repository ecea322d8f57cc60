from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.sql_rules import lint, lint_sql
from tests.gates.tree import ROOT, python_files

FILES = python_files("app", "migrations")

BREAKS = {
    "trigger": ["op.execute('CREATE CONSTRAINT TRIGGER t AFTER INSERT ON x EXECUTE FUNCTION f()')"],
    "cascade": [
        "x = 'ALTER TABLE a ADD FOREIGN KEY (jurisdiction, b) REFERENCES c ON DELETE CASCADE'",
        "x = 'FOREIGN KEY (jurisdiction) REFERENCES c ON DELETE SET NULL'",
        "ForeignKeyConstraint(['jurisdiction', 'b'], ['c.jurisdiction', 'c.b'], ondelete='CASCADE')",
    ],
    "merge": ["x = 'MERGE INTO heads USING page ON heads.key = page.key WHEN MATCHED THEN DO NOTHING'"],
    "rollup": [
        "x = 'SELECT stage, count(*) FROM p GROUP BY ROLLUP (stage)'",
        "x = 'SELECT 1 FROM p GROUP BY GROUPING SETS ((a), (b))'",
        "select(x).group_by(func.rollup(a, b))",
    ],
    "lock": [
        "x = 'SELECT 1 FROM ops.runs WHERE due < now() FOR UPDATE SKIP LOCKED'",
        "x = 'SELECT jurisdiction FROM ops.runs WHERE due < now() FOR NO KEY UPDATE'",
        "x = 'FOR UPDATE'",
        "row = session.scalars(select(RunRow).where(RunRow.due < now).with_for_update(skip_locked=True))",
    ],
    "advisory": [
        "x = 'SELECT pg_try_advisory_xact_lock(1)'",
        "session.execute(select(func.pg_advisory_lock(1)))",
    ],
    "volatile": [
        "x = 'UPDATE ops.runs SET token = gen_random_uuid() WHERE jurisdiction = 1'",
        "x = 'INSERT INTO t (jurisdiction, a) VALUES (1, 2) ON CONFLICT (jurisdiction) DO UPDATE SET a = random()'",
        "x = 'WITH due AS (SELECT 1) UPDATE t SET at = clock_timestamp() FROM due'",
    ],
    "identity-order": ["x = 'SELECT body FROM memory.raw_records ORDER BY jurisdiction, id'"],
    "moved-jurisdiction": [
        "x = 'UPDATE t SET a = 1, jurisdiction = 2 WHERE jurisdiction = 1'",
        "session.execute(update(T).where(T.jurisdiction == 1).values(jurisdiction=2))",
    ],
    "unled-key": [
        "x = 'CREATE TABLE t (jurisdiction int, id text PRIMARY KEY)'",
        "x = 'CREATE TABLE t (jurisdiction int, id text, UNIQUE (id, jurisdiction))'",
        "x = 'CREATE UNIQUE INDEX i ON t (id)'",
        "UniqueConstraint('source', 'jurisdiction')",
        "op.create_unique_constraint('u', 't', ['source'])",
        "op.create_index('i', 't', ['source'], unique=True)",
        "mapped_column(unique=True)",
    ],
    "built-text": ["x = f'SELECT a FROM t WHERE name = {name}'", "x = f'DELETE FROM {request.path}'"],
}

KEEPS = [
    "x = 'SELECT 1 FROM ops.runs WHERE jurisdiction = %s AND due < now() FOR UPDATE SKIP LOCKED'",
    "x = 'SELECT 1 FROM ops.runs WHERE (jurisdiction, source) IN (SELECT a, b FROM p) FOR UPDATE'",
    "x = 'UPDATE t SET a = excluded.a, at = now() WHERE jurisdiction = 1 AND token = gen_random_uuid()'",
    "x = 'INSERT INTO t (jurisdiction, a) SELECT jurisdiction, random() FROM u'",
    "x = 'SELECT a FROM t ORDER BY jurisdiction, delivery, row'",
    "x = 'CREATE TABLE t (jurisdiction int NOT NULL, id text, PRIMARY KEY (jurisdiction, id))'",
    "x = 'CREATE TEMP TABLE page (key text PRIMARY KEY) ON COMMIT DROP'",
    "x = f'SELECT {COLUMNS} FROM {schema}.projects WHERE jurisdiction = %s'",
    "op.create_index('i', 't', ['jurisdiction', 'source'], unique=True)",
    "UniqueConstraint('jurisdiction', 'source')",
    "x = 'Please merge into one project, or update the set.'",
    "def f():\n    '''Select the row for update, never by pg_advisory_lock(1).'''",
    "session.execute(select(T).where(T.jurisdiction == j).with_for_update())",
    "UniqueConstraint('key')  # sql-lint: allow unled-key — a code list is the same in every city",
]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_hubs_sql_runs_on_a_cluster_spread_by_jurisdiction(path: Path) -> None:
    broken = [f"{path}:{v.line}: {v.rule}: {v.text}" for v in lint((ROOT / path).read_text(encoding="utf-8"))]
    assert not broken, "\n".join([*broken, "where it must be: # sql-lint: allow <rule> — <reason>"])


def test_sql_scripts_keep_the_same_rules() -> None:
    scripts = [path for room in ("app", "migrations") for path in (ROOT / room).rglob("*.sql")]
    broken = [
        f"{path}: {v.rule}: {v.text}" for path in scripts for v in lint_sql(path.read_text(encoding="utf-8"))
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "source"), [(rule, text) for rule, texts in BREAKS.items() for text in texts]
)
def test_each_rule_bites(rule: str, source: str) -> None:
    assert rule in {violation.rule for violation in lint(source)}


@pytest.mark.parametrize("source", KEEPS)
def test_what_a_cluster_runs_is_left_alone(source: str) -> None:
    assert lint(source) == []


def test_an_allowance_without_a_reason_is_none() -> None:
    assert lint("UniqueConstraint('key')  # sql-lint: allow unled-key")
    assert lint("UniqueConstraint('key')  # sql-lint: allow lock — a reason that is for another rule")
