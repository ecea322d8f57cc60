"""The review queue: questions in order of what is at stake, filtered, counted and assigned; and what was seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Column, Connection, DateTime, Integer, Table, Text

from app.access.reach import Reach
from app.db import words
from app.db.filters import answerable, where
from app.db.judgements import IN_FORCE
from app.db.tables import OPS, metadata
from app.db.texts import text
from app.errors import NotFound
from schemas.api.decisions import View
from schemas.api.reviews import ReviewCounts, ReviewFilter, ReviewView

assignment = Table(
    "review_assignment",
    metadata,
    Column("jurisdiction", Integer, primary_key=True, autoincrement=False),
    *(Column(name, Text(collation="C"), primary_key=True) for name in ("a", "b")),
    *(Column(name, Text, nullable=False) for name in ("assignee", "by")),
    Column("at", DateTime(timezone=True), nullable=False),
    schema=OPS,
)

Place = tuple[int, str, str]
"""Where a question stands in the queue: its priority and its two records."""
_ASSIGNED = "(SELECT s.assignee FROM ops.review_assignment s WHERE s.jurisdiction = r.jurisdiction AND s.a = r.a AND s.b = r.b)"
_WORD = (
    "EXISTS (SELECT FROM memory.judgement j WHERE j.jurisdiction = r.jurisdiction"
    f" AND ((j.a = r.a AND j.b = r.b) OR (j.a = r.b AND j.b = r.a)) AND {IN_FORCE})"
)
_SINCE = (
    "EXISTS (SELECT FROM memory.judgement j WHERE j.jurisdiction = r.jurisdiction"
    " AND ((j.a = r.a AND j.b = r.b) OR (j.a = r.b AND j.b = r.a)) AND j.judgement_no > coalesce("
    "(SELECT p.judgement_no FROM progress p WHERE p.jurisdiction = r.jurisdiction), 0))"
)
_OPEN = "review"
_EVERY = (
    "(SELECT v.* FROM review v WHERE v.jurisdiction = :j UNION ALL SELECT w.jurisdiction, w.a, w.b, 'answered',"
    " coalesce((SELECT p.score FROM pair p WHERE p.jurisdiction = w.jurisdiction AND p.a = w.a AND p.b = w.b), 0), 0,"
    " least(greatest(least(coalesce(pa.investment, pb.investment), coalesce(pb.investment, pa.investment)), 0), 1e16)::bigint,"
    " ARRAY(SELECT DISTINCT split_part(s, '.', 1) FROM unnest(ARRAY[ra.source, rb.source]) s ORDER BY 1),"
    " ARRAY(SELECT DISTINCT d FROM unnest(ARRAY[pa.district, pb.district]) d WHERE d IS NOT NULL ORDER BY 1),"
    " w.verdict, '', '', '' FROM (SELECT DISTINCT ON (least(j.a, j.b), greatest(j.a, j.b)) j.jurisdiction,"
    "  least(j.a, j.b) AS a, greatest(j.a, j.b) AS b, j.verdict FROM memory.judgement j JOIN memory.judgement o"
    "   ON o.jurisdiction = j.jurisdiction AND o.judgement_no = coalesce(j.again, j.judgement_no)"
    "  LEFT JOIN memory.decision d ON d.jurisdiction = o.jurisdiction AND d.decision_no = o.decision_no"
    f"  WHERE j.jurisdiction = :j AND {IN_FORCE} AND coalesce(d.kind, 'judge') NOT IN ('merge', 'split', 'move')"
    "  ORDER BY least(j.a, j.b), greatest(j.a, j.b), j.judgement_no DESC) w"
    " JOIN record ra ON ra.jurisdiction = :j AND ra.record_id = w.a JOIN record rb ON rb.jurisdiction = :j AND rb.record_id = w.b"
    " LEFT JOIN cluster ca ON ca.jurisdiction = :j AND ca.record_id = w.a"
    " LEFT JOIN cluster cb ON cb.jurisdiction = :j AND cb.record_id = w.b"
    " LEFT JOIN project pa ON pa.jurisdiction = :j AND pa.project_id = ca.project_id"
    " LEFT JOIN project pb ON pb.jurisdiction = :j AND pb.project_id = cb.project_id"
    " WHERE NOT EXISTS (SELECT FROM review v WHERE v.jurisdiction = :j AND v.a = w.a AND v.b = w.b))"
)
"""The questions that are asked, and those of before that people answered themselves: these are questions no more."""
FILTERS = {
    "kind": "r.kind = :kind",
    "department": "r.departments @> ARRAY[CAST(:department AS text)]",
    "district": "r.districts @> ARRAY[CAST(:district AS text)]",
    "amount": "r.stake >= :amount",
    "assigned": f"{_ASSIGNED} = :assigned",
    "project": (
        "EXISTS (SELECT FROM cluster c WHERE c.jurisdiction = r.jurisdiction AND c.record_id IN (r.a, r.b)"
        " AND c.project_id = (SELECT p.project_id FROM cluster p WHERE p.jurisdiction = :j AND p.record_id = :project))"
    ),
    "alike": "r.alike = :alike",
    "contents": "r.contents = :contents",
    "cause": "r.cause = :cause",
    # a word on the two records themselves counts from the moment it is said
    "open": (
        f"CASE r.kind WHEN 'confirm' THEN NOT {_SINCE} WHEN 'words_conflict' THEN r.said IS NULL"
        f" ELSE r.said IS NULL AND NOT {_WORD} END"
    ),
    "answered": f"(r.kind = 'answered' OR (r.kind <> 'confirm' AND (r.said IS NOT NULL OR (r.kind <> 'words_conflict' AND {_WORD}))))",
    "after_a": "(r.priority, r.a, r.b) < (:after_priority, :after_a, :after_b)",
}
_VIEW = (
    "ra.hash AS hash_a, rb.hash AS hash_b, ca.project_id AS project_a, cb.project_id AS project_b,"
    " pa.etag AS etag_a, pb.etag AS etag_b, pa.name AS name_a, pb.name AS name_b,"
    " coalesce((SELECT max(w.judgement_no) FROM memory.judgement w WHERE w.jurisdiction = :j), 0) AS upto"
)
_SIDES = " ".join(
    f"LEFT JOIN record r{x} ON r{x}.jurisdiction = :j AND r{x}.record_id = r.{x}"
    f" LEFT JOIN cluster c{x} ON c{x}.jurisdiction = :j AND c{x}.record_id = r.{x}"
    f" LEFT JOIN project p{x} ON p{x}.jurisdiction = :j AND p{x}.project_id = c{x}.project_id"
    for x in "ab"
)
_SHOWN = "r.a, r.b, r.kind, r.score, r.priority, r.stake, r.departments, r.districts, r.said, r.alike, r.contents, r.cause"


def questions(
    connection: Connection, jurisdiction: int, reach: Reach, query: ReviewFilter, after: Place | None, n: int
) -> list[tuple[Place, ReviewView]]:
    """Give up to `n` questions that are a reach's to answer, behind the place `after`, the most open and dearest first, each with its place."""
    meant_sql, values = _meant(jurisdiction, reach, query, after)
    rows = connection.execute(
        text(
            f"SELECT {_SHOWN}, {_ASSIGNED} AS assignee, {_VIEW} FROM (SELECT r.* FROM {meant_sql}"
            f" ORDER BY r.priority DESC, r.a DESC, r.b DESC LIMIT :n) r {_SIDES}"
            " ORDER BY r.priority DESC, r.a DESC, r.b DESC"
        ),
        values | {"n": n},
    )
    return [((row["priority"], row["a"], row["b"]), _shown(row)) for row in rows.mappings()]


def question(connection: Connection, jurisdiction: int, a: str, b: str) -> ReviewView | None:
    """Give the question of two records, None where there is none."""
    row = (
        connection.execute(
            text(
                f"SELECT {_SHOWN}, {_ASSIGNED} AS assignee, {_VIEW} FROM review r {_SIDES}"
                " WHERE r.jurisdiction = :j AND r.a = :a AND r.b = :b"
            ),
            {"j": jurisdiction, "a": min(a, b), "b": max(a, b)},
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _shown(row)


def question_between(
    connection: Connection, jurisdiction: int, project_a: str, project_b: str
) -> ReviewView | None:
    """Give the question whose two records are in these two projects, None where there is none."""
    row = connection.execute(
        text(
            "SELECT r.a, r.b FROM review r JOIN cluster x ON x.jurisdiction = r.jurisdiction AND x.record_id = r.a"
            " JOIN cluster y ON y.jurisdiction = r.jurisdiction AND y.record_id = r.b WHERE r.jurisdiction = :j"
            " AND ((x.project_id = :p AND y.project_id = :q) OR (x.project_id = :q AND y.project_id = :p))"
            " ORDER BY r.priority DESC, r.a, r.b LIMIT 1"
        ),
        {"j": jurisdiction, "p": project_a, "q": project_b},
    ).one_or_none()
    return question(connection, jurisdiction, row[0], row[1]) if row else None


def views(
    connection: Connection, jurisdiction: int, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[View | None, str | None, str | None]]:
    """Give what stands now of each two records, with their projects' names; no view where a record is unknown."""
    pairs = list(pairs)
    rows = connection.execute(
        text(
            f"SELECT r.a, r.b, {_VIEW} FROM unnest(CAST(:a AS text[]), CAST(:b AS text[])) r(a, b) {_SIDES}"
        ),
        {"j": jurisdiction, "a": [a for a, _ in pairs], "b": [b for _, b in pairs]},
    )
    return {
        (row["a"], row["b"]): (
            _view(row) if row["hash_a"] is not None and row["hash_b"] is not None else None,
            row["name_a"],
            row["name_b"],
        )
        for row in rows.mappings()
    }


def counts(connection: Connection, jurisdiction: int, reach: Reach, query: ReviewFilter) -> ReviewCounts:
    """Count the questions that are a reach's to answer and the query means."""
    meant_sql, values = _meant(jurisdiction, reach, query)
    rows = connection.execute(
        text(
            f"WITH r AS MATERIALIZED (SELECT r.*, {_ASSIGNED} AS assignee FROM {meant_sql})"
            " SELECT 'questions' AS what, '' AS which, count(*) AS n, coalesce(sum(stake), 0) AS stake FROM r"
            " UNION ALL SELECT 'kinds', kind, count(*), 0 FROM r GROUP BY kind"
            " UNION ALL SELECT 'departments', u, count(*), 0 FROM r, unnest(departments) u GROUP BY u"
            " UNION ALL SELECT 'districts', u, count(*), 0 FROM r, unnest(districts) u GROUP BY u"
            " UNION ALL SELECT 'assignees', assignee, count(*), 0 FROM r WHERE assignee IS NOT NULL GROUP BY assignee"
        ),
        values,
    ).all()
    found: dict[str, dict[str, int]] = {}
    for what, which, n, _ in sorted(rows):
        found.setdefault(what, {})[which] = n
    return ReviewCounts(
        upto=words.last(connection, jurisdiction),
        seen=seen_of(connection, jurisdiction, reach, query),
        questions=found["questions"][""],
        stake=next(int(row.stake) for row in rows if row.what == "questions"),
        kinds=found.get("kinds", {}),
        departments=found.get("departments", {}),
        districts=found.get("districts", {}),
        assignees=found.get("assignees", {}),
    )


def case(
    connection: Connection, jurisdiction: int, reach: Reach, query: ReviewFilter, n: int
) -> list[tuple[str, str]]:
    """Give the two records of up to `n` questions of one case that are a reach's to answer."""
    meant_sql, values = _meant(jurisdiction, reach, query)
    rows = connection.execute(
        text(f"SELECT r.a, r.b FROM {meant_sql} ORDER BY r.a, r.b LIMIT :n"),
        values | {"n": n},
    )
    return [(row[0], row[1]) for row in rows]


def seen_of(connection: Connection, jurisdiction: int, reach: Reach, query: ReviewFilter) -> str | None:
    """Name the questions of one case as they stand: their records, what these say and the projects they are in."""
    if query.cause is None and query.alike is None and query.contents is None:
        return None
    meant_sql, values = _meant(jurisdiction, reach, query)
    found: str | None = connection.execute(
        text(
            "SELECT md5(string_agg(concat_ws(' ', r.a, r.b, ra.hash, rb.hash, ca.project_id, cb.project_id), ',' ORDER BY r.a, r.b))"
            f" FROM (SELECT r.* FROM {meant_sql}) r {_SIDES}"
        ),
        values,
    ).scalar_one()
    return found


def assign(connection: Connection, jurisdiction: int, a: str, b: str, assignee: str | None, by: str) -> None:
    """Say who is to answer a question, or that anybody may; raise NotFound where nothing is asked of the two."""
    if question(connection, jurisdiction, a, b) is None:
        raise NotFound(
            "nothing is asked of these two records: it was answered, or they say something else now"
        )
    two = {"j": jurisdiction, "a": min(a, b), "b": max(a, b)}
    if assignee is None:
        connection.execute(
            text("DELETE FROM ops.review_assignment WHERE jurisdiction = :j AND a = :a AND b = :b"), two
        )
        return
    # what is asked no more is nobody's
    connection.execute(
        text(
            "DELETE FROM ops.review_assignment s WHERE s.jurisdiction = :j AND NOT EXISTS (SELECT FROM review r"
            " WHERE r.jurisdiction = s.jurisdiction AND r.a = s.a AND r.b = s.b)"
        ),
        two,
    )
    connection.execute(
        text(
            "INSERT INTO ops.review_assignment (jurisdiction, a, b, assignee, by, at)"
            " VALUES (:j, :a, :b, :assignee, :by, now()) ON CONFLICT (jurisdiction, a, b)"
            " DO UPDATE SET assignee = excluded.assignee, by = excluded.by, at = excluded.at"
        ),
        {**two, "assignee": assignee, "by": by},
    )


def sample(connection: Connection, jurisdiction: int, begin: str, n: int) -> list[tuple[str, str, int]]:
    """Give up to `n` pairs of living records nobody has judged, from the record id `begin` on and round to the start."""
    rows = connection.execute(
        text(
            "SELECT r.a, r.b, r.score FROM (SELECT * FROM (SELECT p.*, false AS round FROM pair p WHERE p.jurisdiction = :j"
            "  AND p.a >= :begin ORDER BY p.a, p.b LIMIT :n) f UNION ALL SELECT * FROM (SELECT p.*, true FROM pair p"
            "  WHERE p.jurisdiction = :j AND p.a < :begin ORDER BY p.a, p.b LIMIT :n) s) r"
            " JOIN cluster x ON x.jurisdiction = :j AND x.record_id = r.a AND x.live"
            " JOIN cluster y ON y.jurisdiction = :j AND y.record_id = r.b AND y.live"
            f" WHERE NOT {_WORD} ORDER BY r.round, r.a, r.b LIMIT :n"
        ),
        {"j": jurisdiction, "begin": begin, "n": n},
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _meant(
    jurisdiction: int, reach: Reach, query: ReviewFilter, after: Place | None = None
) -> tuple[str, dict[str, Any]]:
    """Give where the questions `r` stand that are a reach's to answer and the query means (`… WHERE …`), and the values."""
    values = query.model_dump(include=set(FILTERS), exclude_none=True) | {
        query.state: True,
        "j": jurisdiction,
    }
    if after:
        values |= dict(zip(("after_priority", "after_a", "after_b"), after, strict=True))
    own_sql, own = answerable(reach)
    meant_sql = where(FILTERS, values) + own_sql
    from_sql = _OPEN if query.state == "open" else _EVERY
    return f"{from_sql} r WHERE r.jurisdiction = :j{meant_sql}", values | own


def _view(row: Mapping[Any, Any]) -> View:
    return View.model_validate({name: row[name] for name in View.model_fields})


def _shown(row: Mapping[Any, Any]) -> ReviewView:
    kept = {name: row[name] for name in ReviewView.model_fields if name in row}
    return ReviewView.model_validate({**kept, "seen": _view(row)})
