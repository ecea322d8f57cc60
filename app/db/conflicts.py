"""Words that contradict, as the last resolving found them, and the words said among the projects they are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.judgements import IN_FORCE
from app.db.texts import text
from schemas.api.reviews import WordView

MOST_WORDS = 5_000
WORD_COLUMNS = "j.judgement_no, j.decision_no, j.a, j.b, j.verdict, j.by, j.at, j.reason"


class Conflicting(NamedTuple):
    """The records of a word `same` that cannot stand, and the projects they are in; None for one withdrawn."""

    a: str
    b: str
    project_a: str | None
    project_b: str | None


def conflicting(
    connection: Connection, jurisdiction: int, after: tuple[str, str] | None, n: int
) -> list[Conflicting]:
    """Give up to `n` words `same` that cannot stand, behind the place `after`, by their two records."""
    a, b = after or ("", "")
    rows = connection.execute(
        text(
            "SELECT r.a, r.b, ca.project_id, cb.project_id FROM review r"
            " LEFT JOIN cluster ca ON ca.jurisdiction = r.jurisdiction AND ca.record_id = r.a"
            " LEFT JOIN cluster cb ON cb.jurisdiction = r.jurisdiction AND cb.record_id = r.b"
            " WHERE r.jurisdiction = :j AND r.kind = 'words_conflict' AND (r.a, r.b) > (:a, :b)"
            " ORDER BY r.a, r.b LIMIT :n"
        ),
        {"j": jurisdiction, "a": a, "b": b, "n": n},
    )
    return [Conflicting(*row) for row in rows]


def words_among(
    connection: Connection, jurisdiction: int, projects: Iterable[str]
) -> tuple[list[WordView], dict[str, str]]:
    """Give the words in force between records of these projects, by number, and the project of each record named."""
    rows = connection.execute(
        text(
            f"SELECT {WORD_COLUMNS}, ca.project_id AS project_a, cb.project_id AS project_b FROM memory.judgement j"
            " JOIN cluster ca ON ca.jurisdiction = j.jurisdiction AND ca.record_id = j.a"
            " JOIN cluster cb ON cb.jurisdiction = j.jurisdiction AND cb.record_id = j.b"
            " WHERE j.jurisdiction = :j AND ca.project_id = ANY(:projects) AND cb.project_id = ANY(:projects)"
            f" AND {IN_FORCE} ORDER BY j.judgement_no LIMIT :n"
        ),
        {"j": jurisdiction, "projects": list(projects), "n": MOST_WORDS},
    )
    words: list[WordView] = []
    home: dict[str, str] = {}
    for row in rows.mappings():
        words.append(WordView.model_validate({name: row[name] for name in WordView.model_fields}))
        home |= {row["a"]: row["project_a"], row["b"]: row["project_b"]}
    return words, home
