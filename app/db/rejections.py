"""What would not normalize, and what was changed, doubted or dropped."""

from __future__ import annotations

from sqlalchemy import Connection

from app.access.reach import Reach
from app.db.filters import owned, where
from app.db.texts import text
from schemas.api.deliveries import FindQuery, IssueView, RejectionQuery, RejectionView

FILTERS = {"source": "source = :source", "rule": "rule = :rule"}
REJECTION_COLUMNS = "delivery_no, row_no, source, record_id, rule, field, value, responsible, zh, en"
KINDS = {
    "rejected": f"SELECT 'rejected' AS kind, {REJECTION_COLUMNS} FROM rejection WHERE jurisdiction = :j",
    # where no connector could be asked, the department has sent nothing wrong
    "unreadable": (
        "SELECT 'unreadable' AS kind, delivery_no, row_no, source, NULL AS record_id, rule, NULL AS field,"
        " NULL AS value, CASE WHEN rule IN ('connector.failed', 'source.unknown', 'hub.poison') THEN 'hub' ELSE 'department' END"
        " AS responsible, zh, en FROM memory.unreadable WHERE jurisdiction = :j"
    ),
}


def rejections(
    connection: Connection,
    jurisdiction: int,
    reach: Reach,
    query: RejectionQuery,
    after: tuple[int, int] | None,
    n: int,
) -> list[RejectionView]:
    """Give up to `n` rows that are a reach's own and unreadable or rejected, newest first, behind the place `after` (delivery, row)."""
    clauses = {**FILTERS, "row": "(delivery_no, row_no) < (:delivery, :row)"}
    delivery, row = after or (None, None)
    values = {"source": query.source, "rule": query.rule, "delivery": delivery, "row": row}
    own_sql, own = owned(reach)
    where_sql = where(clauses, values) + own_sql
    wanted = [sql for kind, sql in KINDS.items() if query.kind in {None, kind}]
    order_sql = " ORDER BY delivery_no DESC, row_no DESC LIMIT :n"
    # each arm ends early by its own key; a union alone would be sorted whole
    union_sql = " UNION ALL ".join(f"({sql}{where_sql}{order_sql})" for sql in wanted)
    rows = connection.execute(
        text(f"SELECT * FROM ({union_sql}) AS found{order_sql}"),
        {**values, **own, "j": jurisdiction, "n": n},
    )
    return [RejectionView.model_validate(dict(row)) for row in rows.mappings()]


def issues(
    connection: Connection,
    jurisdiction: int,
    reach: Reach,
    query: FindQuery,
    after: tuple[int, int, int] | None,
    n: int,
) -> list[IssueView]:
    """Give up to `n` issues that are a reach's own, newest first, behind the place `after` (delivery, row, issue)."""
    clauses = {**FILTERS, "issue": "(delivery_no, row_no, issue_no) < (:delivery, :row, :issue)"}
    delivery, row, issue = after or (None, None, None)
    values = {"source": query.source, "rule": query.rule, "delivery": delivery, "row": row, "issue": issue}
    own_sql, own = owned(reach)
    where_sql = where(clauses, values) + own_sql
    rows = connection.execute(
        text(
            f"SELECT {REJECTION_COLUMNS}, issue_no, severity FROM issue WHERE jurisdiction = :j{where_sql}"
            " ORDER BY delivery_no DESC, row_no DESC, issue_no DESC LIMIT :n"
        ),
        {**values, **own, "j": jurisdiction, "n": n},
    )
    return [IssueView.model_validate(dict(row)) for row in rows.mappings()]
