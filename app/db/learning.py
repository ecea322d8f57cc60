"""Everything matching learns from: read whole, for a command a person runs and waits for."""

from __future__ import annotations

from typing import NamedTuple

from app.db.copy import fetch_rows
from app.db.session import Connection


class Word(NamedTuple):
    """A judgement in force; `drawn` is the chance (10⁻⁶) with which its pair was drawn to teach, where it was.

    `asked` says that a person judged these two records: not that merging, splitting or moving needed the word. Of those
    one a side is what the person chose: the first of its kind.
    """

    number: int
    a: str
    b: str
    verdict: str
    drawn: int | None
    asked: bool


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
        "SELECT j.judgement_no, j.a, j.b, j.verdict, j.drawn, coalesce(d.kind, 'judge') NOT IN ('merge', 'move', 'split')"
        "  OR ((d.kind <> 'split' OR j.verdict <> 'same') AND NOT EXISTS (SELECT FROM memory.judgement e"
        "   WHERE e.jurisdiction = r.jurisdiction AND e.decision_no = r.decision_no AND e.verdict = r.verdict"
        "   AND e.withdraws IS NULL AND e.judgement_no < r.judgement_no))"
        " FROM memory.judgement j JOIN memory.judgement r ON r.jurisdiction = j.jurisdiction"
        "  AND r.judgement_no = coalesce(j.again, j.judgement_no)"
        " LEFT JOIN memory.decision d ON d.jurisdiction = r.jurisdiction AND d.decision_no = r.decision_no"
        " WHERE j.jurisdiction = %(j)s AND j.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.judgement w"
        "  WHERE w.jurisdiction = j.jurisdiction AND w.withdraws = j.judgement_no) ORDER BY j.judgement_no",
        {"j": jurisdiction},
    )
    return [Word(*row) for row in rows]
