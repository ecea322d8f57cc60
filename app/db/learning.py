"""Everything matching learns from: read whole, for a command a person runs and waits for."""

from __future__ import annotations

from typing import NamedTuple

from app.db.copy import fetch_rows
from app.db.session import Connection


class Word(NamedTuple):
    """A judgement in force; `drawn` is the chance (10⁻⁶) with which its pair was drawn to teach, where it was."""

    number: int
    a: str
    b: str
    verdict: str
    drawn: int | None


def living(connection: Connection, jurisdiction: int) -> list[tuple[str, bytes, list[str] | None]]:
    """Give every living project record as matching packed it, and its common numbers, in order of ids."""
    return fetch_rows(
        connection,
        'SELECT record_id, packed, common FROM normal WHERE jurisdiction = %(j)s AND live ORDER BY record_id COLLATE "C"',
        {"j": jurisdiction},
    )


def words(connection: Connection, jurisdiction: int) -> list[Word]:
    """Give every judgement in force, in order."""
    rows = fetch_rows(
        connection,
        "SELECT j.judgement_no, j.a, j.b, j.verdict, j.drawn FROM memory.judgement j WHERE j.jurisdiction = %(j)s"
        " AND j.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.judgement w"
        "  WHERE w.jurisdiction = j.jurisdiction AND w.withdraws = j.judgement_no) ORDER BY j.judgement_no",
        {"j": jurisdiction},
    )
    return [Word(*row) for row in rows]
