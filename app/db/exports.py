"""What leaves the hub in bulk, streamed: memory does not grow with the city."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.projects import SUMMARY, meant
from app.db.texts import text
from schemas.api.projects import ExportQuery


def clusters(connection: Connection, jurisdiction: int) -> Iterator[tuple[str, str, str]]:
    """Give (source, key, project id) of every record in a project, parts with their parent, by source and key."""
    rows = connection.execution_options(stream_results=True, yield_per=5_000).execute(
        text(
            "SELECT r.source, r.key, m.project_id FROM record r JOIN member m ON m.jurisdiction = r.jurisdiction"
            " AND m.record_id = coalesce(r.parent_id, r.record_id) WHERE r.jurisdiction = :j ORDER BY r.source, r.key"
        ),
        {"j": jurisdiction},
    )
    return ((row[0], row[1], row[2]) for row in rows)


def project_codes(connection: Connection, jurisdiction: int) -> Iterator[tuple[str, str, str]]:
    """Give (source, key, project code) of every project record that states a code, valid or not, borne or cited."""
    rows = connection.execution_options(stream_results=True, yield_per=5_000).execute(
        text(
            "SELECT r.source, r.key, min(code->>'value') FROM record r CROSS JOIN LATERAL (SELECT code FROM"
            " jsonb_array_elements(coalesce(CAST(r.statement AS jsonb)->'bears', '[]')"
            "  || coalesce(CAST(r.statement AS jsonb)->'cites', '[]')) code) c"
            " WHERE r.jurisdiction = :j AND r.kind = 'project' AND code->>'scheme' = 'project_code'"
            " GROUP BY r.source, r.key"
        ),
        {"j": jurisdiction},
    )
    return ((row[0], row[1], row[2]) for row in rows)


def summaries(
    connection: Connection, jurisdiction: int, reach: Reach, query: ExportQuery
) -> Iterator[tuple[Any, ...]]:
    """Give the summaries of the projects a query means, as tuples in the order of SUMMARY, by id."""
    meant_sql, values = meant(jurisdiction, reach, query)
    rows = connection.execution_options(stream_results=True, yield_per=5_000).execute(
        text(f"SELECT {SUMMARY} FROM project WHERE jurisdiction = :j{meant_sql} ORDER BY project_id"), values
    )
    return (tuple(row) for row in rows)


def documents(connection: Connection, jurisdiction: int, reach: Reach, query: ExportQuery) -> Iterator[str]:
    """Give the stored documents (golden record or ledger) of the projects a query means, by id."""
    meant_sql, values = meant(jurisdiction, reach, query)
    column = {"golden": "golden", "lifecycle": "ledger"}[query.document]
    rows = connection.execution_options(stream_results=True, yield_per=500).execute(
        text(f"SELECT {column} FROM project WHERE jurisdiction = :j{meant_sql} ORDER BY project_id"),
        values,
    )
    return (row[0] for row in rows)
