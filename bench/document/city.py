"""Projects with documents of a usual size, made in the database; and the requests that ask for them."""

from __future__ import annotations

import random
from pathlib import Path

from sqlalchemy import text

from app.db import derived, jurisdictions, keys
from app.db.accounts import rights
from app.db.session import Database

JURISDICTION = 430200
SIZE = 1800
DIGITS = 8
PROJECT = f"""
INSERT INTO project (jurisdiction, project_id, name, district, path, loop, status, departments, updated_at, etag, cells,
 golden, ledger)
SELECT {JURISDICTION}, '{JURISDICTION}-' || lpad(n::text, {DIGITS}, '0'), 'a project', '430204', 'granted', 'open', 'one',
 '{{housing}}', now(), md5(n::text), '{{}}', '{{}}',
 rpad('{{"project_id":"' || n || '","stages":"', {SIZE - 2}, md5(n::text)) || '"}}' FROM generate_series(1, :n) AS n
"""
MEMBER = "INSERT INTO member (jurisdiction, record_id, project_id, live) SELECT jurisdiction, project_id, project_id, true FROM project"


def build(database: Database, projects: int) -> str:
    """Fill the serving drawer with so many projects; gives a key that may read them."""
    with database.begin() as connection:
        jurisdictions.ensure(connection, JURISDICTION)
        token = keys.add(connection, JURISDICTION, "bench", rights(["reader"], ["all"], ["all"]), by="bench")
        if connection.execute(text("SELECT to_regclass('derived.project')")).scalar_one() is None:
            derived.create(connection)
        connection.execute(text(PROJECT), {"n": projects})
        connection.execute(text(MEMBER))
    return token


def write(file: Path, count: int, projects: int, token: str) -> int:
    """Write `count` requests for projects drawn among the first `projects`; gives the length of each."""
    dice = random.Random(7)  # noqa: S311 — a repeatable draw, no secret
    length = 0
    with file.open("wb") as out:
        for _ in range(count):
            project_id = f"{JURISDICTION}-{dice.randint(1, projects):0{DIGITS}d}"
            said = (
                f"GET /api/v1/projects/{project_id}/lifecycle HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {token}\r\n\r\n"
            ).encode()
            assert length in {0, len(said)}
            length = len(said)
            out.write(said)
    return length
