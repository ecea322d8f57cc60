"""The feed of changes, read in the order its numbers were given: by the holder of the jurisdiction's row, without gaps."""

from __future__ import annotations

from sqlalchemy import Connection, text

from schemas.api.deliveries import ChangeView


def changes(connection: Connection, jurisdiction: int, since: int, n: int) -> list[ChangeView]:
    """Give up to `n` changes numbered above `since`, oldest first."""
    rows = connection.execute(
        text(
            "SELECT change_no, at, kind, project_id, other_id, etag, rebuilt FROM ops.change"
            " WHERE jurisdiction = :j AND change_no > :since ORDER BY change_no LIMIT :n"
        ),
        {"j": jurisdiction, "since": since, "n": n},
    )
    return [ChangeView.model_validate(dict(row)) for row in rows.mappings()]
