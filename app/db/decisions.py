"""What people decided in one go: rows of memory that group the words they said and took back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, DateTime, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from app.db import jurisdictions
from app.db.filters import where
from app.db.judgements import IN_FORCE
from app.db.jurisdictions import Held
from app.db.tables import MEMORY, metadata
from app.db.texts import text
from app.errors import NotFound
from schemas.api.decisions import Changed, DecisionQuery, DecisionView
from schemas.judgements import DecisionKind

decision = Table(
    "decision",
    metadata,
    Column("jurisdiction", Integer, primary_key=True, autoincrement=False),
    Column("decision_no", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, Text, nullable=False) for name in ("kind", "reason", "by")),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("undoes", BigInteger),
    Column("changed", JSONB, nullable=False, comment="the projects before and after, as they stood then"),
    Index("uq_decision_undoes", "jurisdiction", "undoes", unique=True),
    schema=MEMORY,
)

MOST_WORDS = 200
_OF = "FROM memory.judgement w WHERE w.jurisdiction = d.jurisdiction AND w.decision_no = d.decision_no"
_COLUMNS = (
    "d.decision_no, d.kind, d.reason, d.by, d.at, d.undoes, d.changed,"
    " (SELECT u.decision_no FROM memory.decision u WHERE u.jurisdiction = d.jurisdiction AND u.undoes = d.decision_no)"
    "  AS undone_by,"
    f" ARRAY(SELECT w.judgement_no {_OF} AND w.withdraws IS NULL ORDER BY 1 LIMIT {MOST_WORDS}) AS said,"
    f" ARRAY(SELECT w.withdraws {_OF} AND w.withdraws IS NOT NULL ORDER BY 1 LIMIT {MOST_WORDS}) AS withdrew,"
    f" EXISTS (SELECT {_OF} AND (w.judgement_no > coalesce((SELECT p.judgement_no FROM progress p"
    "  WHERE p.jurisdiction = d.jurisdiction), 0) OR EXISTS (SELECT FROM touched t WHERE t.jurisdiction = d.jurisdiction"
    "  AND t.record_id IN (w.a, w.b)))) AS waits"
)
_FILTERS = {
    "record": f"EXISTS (SELECT {_OF} AND (w.a = :record OR w.b = :record))",
    "kind": "d.kind = :kind",
    "by": "d.by = :by",
    "after": "d.decision_no < :after",
}


class WordOf(NamedTuple):
    """A word that a decision said or took back; `root` is the word it says again, else itself."""

    judgement_no: int
    a: str
    b: str
    verdict: str
    root: int


def add(
    connection: Connection,
    held: Held,
    kind: DecisionKind,
    reason: str,
    by: str,
    changed: Changed,
    undoes: int | None = None,
) -> int:
    """Append a decision and give its number."""
    number = jurisdictions.take(connection, held, "decision_no")[0]
    connection.execute(
        text(
            "INSERT INTO memory.decision (jurisdiction, decision_no, kind, reason, by, at, undoes, changed)"
            " VALUES (:j, :no, :kind, :reason, :by, now(), :undoes, CAST(:changed AS jsonb))"
        ),
        {
            "j": held.jurisdiction,
            "no": number,
            "kind": kind.value,
            "reason": reason,
            "by": by,
            "undoes": undoes,
            "changed": json.dumps(changed.model_dump()),
        },
    )
    return number


def decisions(
    connection: Connection, jurisdiction: int, query: DecisionQuery, after: int | None, n: int
) -> list[DecisionView]:
    """Give up to `n` decisions that the query means, newest first, numbered below `after`."""
    values = {**query.model_dump(include={"record", "kind", "by"}), "after": after}
    where_sql = where(_FILTERS, values)
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM memory.decision d WHERE d.jurisdiction = :j{where_sql}"
            " ORDER BY d.decision_no DESC LIMIT :n"
        ),
        {**values, "j": jurisdiction, "n": n},
    )
    return [DecisionView.model_validate(dict(row)) for row in rows.mappings()]


def read(connection: Connection, jurisdiction: int, number: int) -> DecisionView:
    """Give one decision; raise NotFound."""
    row = (
        connection.execute(
            text(
                f"SELECT {_COLUMNS} FROM memory.decision d WHERE d.jurisdiction = :j AND d.decision_no = :no"
            ),
            {"j": jurisdiction, "no": number},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("no decision has this number")
    return DecisionView.model_validate(dict(row))


def words_said(connection: Connection, jurisdiction: int, number: int) -> list[WordOf]:
    """Give the words of a decision that are in force, also where a later row says them again."""
    return _words(
        connection,
        "SELECT j.judgement_no, j.a, j.b, j.verdict, coalesce(j.again, j.judgement_no) FROM memory.judgement j"
        f" WHERE j.jurisdiction = :j AND {IN_FORCE} AND (j.decision_no = :no OR j.again IN (SELECT"
        "  coalesce(o.again, o.judgement_no) FROM memory.judgement o WHERE o.jurisdiction = :j AND o.decision_no = :no"
        "  AND o.withdraws IS NULL)) ORDER BY 1",
        {"j": jurisdiction, "no": number},
    )


def words_withdrawn(connection: Connection, jurisdiction: int, number: int) -> list[WordOf]:
    """Give the words a decision took back and that nobody has said again; of a word and what confirms it the last."""
    return _words(
        connection,
        "SELECT DISTINCT ON (coalesce(b.again, b.judgement_no)) j.judgement_no, j.a, j.b, j.verdict,"
        " coalesce(b.again, b.judgement_no) FROM memory.judgement t JOIN memory.judgement o"
        "  ON o.jurisdiction = t.jurisdiction AND o.judgement_no = t.withdraws"
        " JOIN memory.judgement b ON b.jurisdiction = o.jurisdiction AND b.judgement_no = coalesce(o.confirms, o.judgement_no)"
        " JOIN memory.judgement j ON j.jurisdiction = o.jurisdiction AND j.judgement_no = o.judgement_no"
        " WHERE t.jurisdiction = :j AND t.decision_no = :no AND t.withdraws IS NOT NULL AND NOT EXISTS ("
        "  SELECT FROM memory.judgement s WHERE s.jurisdiction = t.jurisdiction AND s.withdraws IS NULL"
        "  AND coalesce(s.again, s.judgement_no) = coalesce(b.again, b.judgement_no) AND NOT EXISTS (SELECT"
        "   FROM memory.judgement w WHERE w.jurisdiction = s.jurisdiction AND w.withdraws = s.judgement_no))"
        " ORDER BY coalesce(b.again, b.judgement_no), j.judgement_no DESC",
        {"j": jurisdiction, "no": number},
    )


def taken_back_by(connection: Connection, jurisdiction: int, number: int) -> list[int]:
    """Give the decisions that took back words of this one, the last first."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT t.decision_no FROM memory.judgement j JOIN memory.judgement t"
            " ON t.jurisdiction = j.jurisdiction AND t.withdraws = j.judgement_no"
            " WHERE j.jurisdiction = :j AND j.decision_no = :no AND t.decision_no IS NOT NULL ORDER BY 1 DESC LIMIT 20"
        ),
        {"j": jurisdiction, "no": number},
    )
    return list(rows.scalars())


def undone(connection: Connection, jurisdiction: int, words: Iterable[int], but: int) -> list[int]:
    """Give the decisions in force, `but` one, that undid a decision which said some of these words, the last first."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT u.decision_no FROM memory.judgement j JOIN memory.decision u"
            " ON u.jurisdiction = j.jurisdiction AND u.undoes = j.decision_no"
            " WHERE j.jurisdiction = :j AND j.judgement_no = ANY(:words) AND u.decision_no <> :but"
            " AND NOT EXISTS (SELECT FROM memory.decision r"
            "  WHERE r.jurisdiction = u.jurisdiction AND r.undoes = u.decision_no) ORDER BY 1 DESC LIMIT 20"
        ),
        {"j": jurisdiction, "words": list(words), "but": but},
    )
    return list(rows.scalars())


def _words(connection: Connection, statement: str, values: dict[str, Any]) -> list[WordOf]:
    return [WordOf(*row) for row in connection.execute(text(statement), values)]


def building_on(
    connection: Connection, jurisdiction: int, number: int, record_ids: Iterable[str], roots: Iterable[int]
) -> list[tuple[int | None, int]]:
    """Give (decision, word) of what was said later, and moves projects, on a project one of these records is in.

    Words that only confirm those of `roots` are none.
    """
    rows = connection.execute(
        text(
            "WITH known AS (SELECT DISTINCT c.project_id FROM cluster c WHERE c.jurisdiction = :j"
            "  AND c.record_id = ANY(:ids)), last AS (SELECT coalesce(max(w.judgement_no), 0) AS no"
            "  FROM memory.judgement w WHERE w.jurisdiction = :j AND w.decision_no = :no)"
            " SELECT j.decision_no, min(j.judgement_no) FROM memory.judgement j, last WHERE j.jurisdiction = :j"
            f" AND coalesce(j.again, j.judgement_no) > last.no AND j.verdict IN ('same', 'different') AND {IN_FORCE}"
            " AND (j.confirms IS NULL OR j.confirms <> ALL(:roots)) AND (j.a = ANY(:ids) OR j.b = ANY(:ids)"
            "  OR EXISTS (SELECT FROM cluster c JOIN known USING (project_id) WHERE c.jurisdiction = j.jurisdiction"
            "   AND c.record_id IN (j.a, j.b)))"
            " GROUP BY j.decision_no, CASE WHEN j.decision_no IS NULL THEN j.judgement_no END ORDER BY 2 LIMIT 20"
        ),
        {"j": jurisdiction, "no": number, "ids": list(record_ids), "roots": list(roots)},
    )
    return [(row[0], row[1]) for row in rows]
