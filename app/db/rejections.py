"""What would not normalize, and what was changed, doubted or dropped."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.db.filters import where
from schemas.api.deliveries import FindQuery, IssueView, RejectionView

FILTERS = {"source": "source = :source", "rule": "rule = :rule"}
REJECTION_COLUMNS = "delivery_no, row_no, source, record_id, rule, field, value, responsible, zh, en"


def rejections(
    connection: Connection, jurisdiction: int, query: FindQuery, after: tuple[int, int] | None, n: int
) -> list[RejectionView]:
    """Give up to `n` rejections, newest first, behind the place `after` (delivery, row)."""
    clauses = {**FILTERS, "row": "(delivery_no, row_no) < (:delivery, :row)"}
    delivery, row = after or (None, None)
    values = {"source": query.source, "rule": query.rule, "delivery": delivery, "row": row}
    where_sql = where(clauses, values)
    rows = connection.execute(
        text(
            f"SELECT {REJECTION_COLUMNS} FROM rejection WHERE jurisdiction = :j{where_sql}"
            " ORDER BY delivery_no DESC, row_no DESC LIMIT :n"
        ),
        {**values, "j": jurisdiction, "n": n},
    )
    return [RejectionView.model_validate(dict(row)) for row in rows.mappings()]


def issues(
    connection: Connection, jurisdiction: int, query: FindQuery, after: tuple[int, int, int] | None, n: int
) -> list[IssueView]:
    """Give up to `n` issues, newest first, behind the place `after` (delivery, row, issue)."""
    clauses = {**FILTERS, "issue": "(delivery_no, row_no, issue_no) < (:delivery, :row, :issue)"}
    delivery, row, issue = after or (None, None, None)
    values = {"source": query.source, "rule": query.rule, "delivery": delivery, "row": row, "issue": issue}
    where_sql = where(clauses, values)
    rows = connection.execute(
        text(
            f"SELECT {REJECTION_COLUMNS}, issue_no, severity FROM issue WHERE jurisdiction = :j{where_sql}"
            " ORDER BY delivery_no DESC, row_no DESC, issue_no DESC LIMIT :n"
        ),
        {**values, "j": jurisdiction, "n": n},
    )
    return [IssueView.model_validate(dict(row)) for row in rows.mappings()]
