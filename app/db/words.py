"""What a decision has to know of the words said before it: which stand between two sides, and which came since."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.db.judgements import IN_FORCE, JUDGEMENT_COLUMNS
from app.db.texts import text
from schemas.judgements import Judgement, Verdict


def last(connection: Connection, jurisdiction: int) -> int:
    """Give the number of the last word said, 0 where nobody has said one."""
    found: int = connection.execute(
        text("SELECT coalesce(max(judgement_no), 0) FROM memory.judgement WHERE jurisdiction = :j"),
        {"j": jurisdiction},
    ).scalar_one()
    return found


def named_in(connection: Connection, jurisdiction: int, numbers: Iterable[int]) -> set[str]:
    """Give the records these words are about."""
    rows = connection.execute(
        text("SELECT a, b FROM memory.judgement WHERE jurisdiction = :j AND judgement_no = ANY(:numbers)"),
        {"j": jurisdiction, "numbers": list(numbers)},
    )
    return {rid for row in rows for rid in row}


def between(
    connection: Connection, jurisdiction: int, verdict: Verdict, left: Iterable[str], right: Iterable[str]
) -> list[int]:
    """Give the numbers of the words of this verdict in force between two sets of records."""
    rows = connection.execute(
        text(
            "SELECT j.judgement_no FROM memory.judgement j WHERE j.jurisdiction = :j AND j.verdict = :verdict"
            " AND ((j.a = ANY(:l) AND j.b = ANY(:r)) OR (j.b = ANY(:l) AND j.a = ANY(:r)))"
            f" AND {IN_FORCE} ORDER BY j.judgement_no"
        ),
        {"j": jurisdiction, "verdict": verdict.value, "l": list(left), "r": list(right)},
    )
    return list(rows.scalars())


def apart(
    connection: Connection, jurisdiction: int, left: Iterable[str], project: str
) -> list[tuple[int | None, int]]:
    """Give (decision, word) of `different` in force between records or projects `left` and a project, newest first."""
    rows = connection.execute(
        text(
            "SELECT j.decision_no, max(j.judgement_no) FROM memory.judgement j"
            " JOIN cluster ca ON ca.jurisdiction = j.jurisdiction AND ca.record_id = j.a"
            " JOIN cluster cb ON cb.jurisdiction = j.jurisdiction AND cb.record_id = j.b"
            f" WHERE j.jurisdiction = :j AND j.verdict = 'different' AND {IN_FORCE}"
            " AND (((ca.project_id = ANY(:l) OR j.a = ANY(:l)) AND cb.project_id = :p)"
            "  OR ((cb.project_id = ANY(:l) OR j.b = ANY(:l)) AND ca.project_id = :p))"
            " GROUP BY j.decision_no, CASE WHEN j.decision_no IS NULL THEN j.judgement_no END ORDER BY 2 DESC LIMIT 20"
        ),
        {"j": jurisdiction, "l": list(left), "p": project},
    )
    return [(row[0], row[1]) for row in rows]


_IN_A, _IN_B = (
    f"(j.{x} = ANY(:ids) OR EXISTS (SELECT FROM cluster c WHERE c.jurisdiction = j.jurisdiction AND c.record_id = j.{x}"
    " AND c.project_id = ANY(:projects)))"
    for x in "ab"
)


def newer_on(
    connection: Connection, jurisdiction: int, upto: int, projects: Iterable[str], record_ids: Iterable[str]
) -> list[Judgement]:
    """Give up to 20 words said or taken back after number `upto` that matter to these records and projects.

    `same` with anybody does, `different` between two of them, and whatever is said of two of the records themselves.
    """
    rows = connection.execute(
        text(
            f"SELECT {JUDGEMENT_COLUMNS} FROM memory.judgement j WHERE j.jurisdiction = :j AND j.judgement_no > :upto"
            f" AND ((j.verdict = 'same' AND ({_IN_A} OR {_IN_B})) OR (j.verdict = 'different' AND {_IN_A} AND {_IN_B})"
            "  OR (j.a = ANY(:ids) AND j.b = ANY(:ids))) ORDER BY j.judgement_no LIMIT 20"
        ),
        {"j": jurisdiction, "upto": upto, "ids": list(record_ids), "projects": list(projects)},
    )
    return [Judgement.model_validate(dict(row)) for row in rows.mappings()]


def unheard_on(
    connection: Connection, jurisdiction: int, projects: Iterable[str]
) -> list[tuple[int | None, int]]:
    """Give up to 20 (decision, word) said of records of these projects that resolving has not heard yet, newest first."""
    rows = connection.execute(
        text(
            "SELECT j.decision_no, j.judgement_no FROM memory.judgement j WHERE j.jurisdiction = :j AND j.judgement_no >"
            " coalesce((SELECT p.judgement_no FROM progress p WHERE p.jurisdiction = :j), 0)"
            f" AND ({_IN_A} OR {_IN_B}) ORDER BY j.judgement_no DESC LIMIT 20"
        ),
        {"j": jurisdiction, "ids": [], "projects": list(projects)},
    )
    return [(row[0], row[1]) for row in rows]


def waiting(connection: Connection, jurisdiction: int) -> bool:
    """Say whether a word was said that resolving has not heard yet."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM memory.judgement j WHERE j.jurisdiction = :j AND j.judgement_no > coalesce("
                "(SELECT p.judgement_no FROM progress p WHERE p.jurisdiction = :j), 0))"
            ),
            {"j": jurisdiction},
        ).scalar_one()
    )
