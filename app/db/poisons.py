"""Raw records set aside because processing them fails: verdicts of the hub in memory, under the rules they were found by.

A verdict holds for one content of one record (its operation and hash, whichever row says it again) and only under the
rules under which it failed; a later row that withdraws it lets the content be tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.db import jurisdictions
from app.db.copy import array_of, storable
from app.db.jurisdictions import Held
from app.db.texts import text

Content = tuple[str, str, bytes]
"""(record id, operation, hash) of a raw row."""


class Verdict(NamedTuple):
    """One content set aside: its number, what it is, and the error it was met with."""

    poison_no: int
    source: str
    record_id: str
    op: str
    hash: bytes
    rules: str
    error_class: str
    error_text: str


_COLUMNS = ", ".join(f"p.{name}" for name in Verdict._fields)
_STANDING_SQL = (
    " AND p.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.poison w WHERE w.jurisdiction = p.jurisdiction"
    " AND w.record_id = p.record_id AND w.withdraws = p.poison_no)"
)


def some(connection: Connection, jurisdiction: int) -> bool:
    """Say whether there ever was a verdict: nearly everywhere there never was one."""
    asked = text("SELECT EXISTS (SELECT FROM memory.poison WHERE jurisdiction = :j)")
    return bool(connection.execute(asked, {"j": jurisdiction}).scalar_one())


def in_force(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str], rules_of: Callable[[str], str]
) -> dict[Content, Verdict]:
    """Give the verdicts on these raw records that hold under the rules of their sources."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM memory.poison p WHERE p.jurisdiction = :j AND p.record_id = ANY(CAST(:ids AS text[]))"
            f"{_STANDING_SQL}"
        ),
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )
    found = (Verdict(*row)._replace(hash=bytes(row.hash)) for row in rows)
    return {(v.record_id, v.op, v.hash): v for v in found if v.rules == rules_of(v.source)}


def after(connection: Connection, jurisdiction: int, poison_no: int, limit: int) -> list[tuple[int, str]]:
    """Give (number, record id) of verdicts found or withdrawn after this number."""
    rows = connection.execute(
        text(
            "SELECT poison_no, record_id FROM memory.poison WHERE jurisdiction = :j AND poison_no > :after"
            " ORDER BY poison_no LIMIT :n"
        ),
        {"j": jurisdiction, "after": poison_no, "n": limit},
    )
    return [(row[0], row[1]) for row in rows]


def add(
    connection: Connection, held: Held, source: str, content: Content, rules: str, error: BaseException
) -> int:
    """Set a content aside under these rules and give the verdict's number."""
    return _append(connection, held, (source, *content, rules), (type(error).__name__, str(error)), None)


def withdraw(connection: Connection, held: Held, verdict: Verdict) -> int:
    """Let the content of a verdict be tried again."""
    said = (verdict.source, verdict.record_id, verdict.op, verdict.hash, verdict.rules)
    return _append(connection, held, said, (verdict.error_class, verdict.error_text), verdict.poison_no)


def _append(
    connection: Connection,
    held: Held,
    said: tuple[str, str, str, bytes, str],
    error: tuple[str, str],
    withdraws: int | None,
) -> int:
    number = jurisdictions.take(connection, held, "poison_no")[0]
    names = ("source", "record", "op", "hash", "rules")
    connection.execute(
        text(
            "INSERT INTO memory.poison (jurisdiction, poison_no, source, record_id, op, hash, rules, error_class,"
            " error_text, at, withdraws) VALUES (:j, :n, :source, :record, :op, :hash, :rules, :class, :text, now(), :w)"
        ),
        {
            "j": held.jurisdiction,
            "n": number,
            "w": withdraws,
            "class": storable(error[0])[:200],
            "text": storable(error[1])[:500],
            **dict(zip(names, said, strict=True)),
        },
    )
    return number
