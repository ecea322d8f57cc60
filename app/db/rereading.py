"""What memory and the derived drawer hold of whole raw records, for reading them again from the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.db.records import ROW_COLUMNS, PendingRow, Progress, opened
from app.db.texts import text

_READ_SQL = (
    " (l.landing_no < :landing OR (l.landing_no = :landing AND r.row_no <= :row))"  # what the drawer has read
)
_ROWS_SQL = (
    f"SELECT {ROW_COLUMNS} FROM memory.raw_record r JOIN memory.landing l ON l.jurisdiction = r.jurisdiction"
    " AND l.delivery_no = r.delivery_no"
)


class Findings(NamedTuple):
    """What the drawer says of rows: the rejection of each, and the issues, as they are written."""

    rejections: dict[tuple[int, int], tuple[Any, ...]]
    issues: dict[tuple[int, int], tuple[tuple[Any, ...], ...]]


def raw_ids(
    connection: Connection, jurisdiction: int, source: str, after: str, most: int, most_rows: int
) -> list[str]:
    """Give the next raw records of a source by id, at most `most` and about `most_rows` rows, but at least one."""
    rows = connection.execute(
        text(
            "SELECT h.record_id, (SELECT count(*) FROM memory.raw_record r WHERE r.jurisdiction = h.jurisdiction"
            " AND r.record_id = h.record_id) AS n FROM memory.head h WHERE h.jurisdiction = :j AND h.source = :s"
            " AND h.record_id > :after ORDER BY h.record_id LIMIT :most"
        ),
        {"j": jurisdiction, "s": source, "after": after, "most": most},
    )
    found: list[str] = []
    for record_id, n in rows:
        most_rows -= n
        if found and most_rows < 0:
            break
        found.append(record_id)
    return found


def how_many(connection: Connection, jurisdiction: int, sources: Sequence[str], after: str = "") -> int:
    """Give how many raw records memory holds of these sources, of ids behind `after`."""
    n: int = connection.execute(
        text(
            "SELECT count(*) FROM memory.head WHERE jurisdiction = :j AND source = ANY(:s) AND record_id > :after"
        ),
        {"j": jurisdiction, "s": list(sources), "after": after},
    ).scalar_one()
    return n


def histories(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str], upto: Progress
) -> list[PendingRow]:
    """Give every row of these raw records that the drawer has read, in landing order."""
    rows = connection.execute(
        text(
            f"{_ROWS_SQL} WHERE r.jurisdiction = :j AND r.record_id = ANY(:ids) AND{_READ_SQL}"
            " ORDER BY l.landing_no, r.row_no"
        ),
        {"j": jurisdiction, "ids": list(record_ids), "landing": upto.landing_no, "row": upto.row_no},
    )
    return [opened(row) for row in rows]


def findings(connection: Connection, jurisdiction: int, places: Sequence[tuple[int, int]]) -> Findings:
    """Give what the drawer says of these rows (delivery, row)."""
    at = {"j": jurisdiction, "d": [d for d, _ in places], "r": [r for _, r in places]}
    rejections = connection.execute(
        text(
            "SELECT t.delivery_no, t.row_no, t.source, t.record_id, t.rule, t.field, t.value, t.responsible, t.zh, t.en"
            " FROM unnest(CAST(:d AS bigint[]), CAST(:r AS int[])) AS p(d, r)"
            " JOIN rejection t ON t.jurisdiction = :j AND t.delivery_no = p.d AND t.row_no = p.r"
        ),
        at,
    )
    issues = connection.execute(
        text(
            "SELECT t.delivery_no, t.row_no, t.issue_no, t.source, t.record_id, t.rule, t.field, t.value, t.severity,"
            " t.responsible, t.zh, t.en FROM unnest(CAST(:d AS bigint[]), CAST(:r AS int[])) AS p(d, r)"
            " JOIN issue t ON t.jurisdiction = :j AND t.delivery_no = p.d AND t.row_no = p.r"
            " ORDER BY t.delivery_no, t.row_no, t.issue_no"
        ),
        at,
    )
    said: dict[tuple[int, int], tuple[tuple[Any, ...], ...]] = {}
    for row in issues:
        said[row[0], row[1]] = (*said.get((row[0], row[1]), ()), tuple(row))
    return Findings({(row[0], row[1]): tuple(row) for row in rejections}, said)


def forget(
    connection: Connection, jurisdiction: int, places: Sequence[tuple[int, int]], back: Sequence[str]
) -> None:
    """Forget what the drawer says of these rows, and the deletes of raw records that have none any more."""
    if places:
        at = {"j": jurisdiction, "d": [d for d, _ in places], "r": [r for _, r in places]}
        of_sql = "USING unnest(CAST(:d AS bigint[]), CAST(:r AS int[])) AS p(d, r) WHERE t.jurisdiction = :j"
        on_sql = " AND t.delivery_no = p.d AND t.row_no = p.r"
        connection.execute(text(f"DELETE FROM rejection t {of_sql}{on_sql}"), at)
        connection.execute(text(f"DELETE FROM issue t {of_sql}{on_sql}"), at)
    if back:
        connection.execute(
            text("DELETE FROM gone WHERE jurisdiction = :j AND raw_id = ANY(:ids)"),
            {"j": jurisdiction, "ids": list(back)},
        )
