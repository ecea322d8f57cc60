"""What leaves the hub in bulk, streamed: memory does not grow with the city."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text


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
