"""Projects, their summaries and the change feed: what assembling replaces, in sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.copy import copy_rows
from app.db.texts import text
from schemas.corrections import Correction


class ProjectRow(NamedTuple):
    """A project as it is served; summaries count the money `counted`, and those `within` another project not at all."""

    project_id: str
    name: str
    stage: str | None
    district: str | None
    path: str
    loop: str
    status: str
    departments: list[str]
    investment: Decimal | None
    within: str | None
    counted: Decimal | None
    updated_at: datetime
    etag: str
    cells: list[str]
    golden: str
    ledger: str


_TYPES = (
    "text",
    "text",
    "text",
    "text",
    "text",
    "text",
    "text",
    "text[]",
    "numeric",
    "text",
    "numeric",
    "timestamptz",
    "text",
    "text[]",
    "text",
    "text",
)
_COLUMNS = ", ".join(ProjectRow._fields)


class Change(NamedTuple):
    """An event of the change feed; `other_id` is the other project of a merge, split or rename."""

    kind: str
    project_id: str
    other_id: str | None
    etag: str | None
    districts: str = ""
    """Those the project lies in, before and after, with a comma between them."""


def read_projects(
    connection: Connection, jurisdiction: int, project_ids: Sequence[str]
) -> dict[str, ProjectRow]:
    """Give these projects as they are served now."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM project WHERE jurisdiction = :j AND project_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(project_ids)},
    )
    return {row[0]: ProjectRow(*row) for row in rows}


def replace_projects(
    connection: Connection, jurisdiction: int, old: Mapping[str, ProjectRow], new: Iterable[ProjectRow]
) -> None:
    """Put `new` in the place of `old`, and move every summary by the difference."""
    rows = list(new)
    connection.execute(
        text("DELETE FROM project WHERE jurisdiction = :j AND project_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list({*old, *(row.project_id for row in rows)})},
    )
    columns = [("jurisdiction", "int4"), *zip(ProjectRow._fields, _TYPES, strict=True)]
    copy_rows(connection, "project", columns, ((jurisdiction, *row) for row in rows))
    _move_funnel(connection, jurisdiction, old.values(), rows)
    _move_coverage(connection, jurisdiction, old.values(), rows)


def _move_funnel(
    connection: Connection, jurisdiction: int, old: Iterable[ProjectRow], new: Iterable[ProjectRow]
) -> None:
    count: Counter[tuple[str, str, str, str]] = Counter()
    money: dict[tuple[str, str, str, str], Decimal] = {}
    for sign, rows in ((-1, old), (1, new)):
        for row in rows:
            cell = (row.stage or "", row.district or "", row.path, row.loop)
            if row.within is None:
                count[cell] += sign
                money[cell] = money.get(cell, Decimal(0)) + sign * (row.counted or 0)
    moved = sorted(cell for cell in count if count[cell] or money[cell])
    if not moved:
        return
    connection.execute(
        text(
            "INSERT INTO funnel (jurisdiction, stage, district, path, loop, projects, investment)"
            " SELECT :j, a, b, c, d, n, trim_scale(m) FROM unnest(CAST(:a AS text[]), CAST(:b AS text[]),"
            " CAST(:c AS text[]), CAST(:d AS text[]), CAST(:n AS bigint[]), CAST(:m AS numeric[])) AS u(a, b, c, d, n, m)"
            # a sum is written as a sum made anew is, whatever was added and taken away before
            " ON CONFLICT (jurisdiction, stage, district, path, loop) DO UPDATE SET"
            " projects = funnel.projects + excluded.projects,"
            " investment = trim_scale(funnel.investment + excluded.investment)"
        ),
        {
            "j": jurisdiction,
            **{name: [cell[i] for cell in moved] for i, name in enumerate("abcd")},
            "n": [count[cell] for cell in moved],
            "m": [money[cell] for cell in moved],
        },
    )
    connection.execute(
        text("DELETE FROM funnel WHERE jurisdiction = :j AND projects = 0"), {"j": jurisdiction}
    )


def _move_coverage(
    connection: Connection, jurisdiction: int, old: Iterable[ProjectRow], new: Iterable[ProjectRow]
) -> None:
    count: Counter[str] = Counter()
    for sign, rows in ((-1, old), (1, new)):
        for row in rows:
            for cell in row.cells:
                count[cell] += sign
    moved = sorted(cell for cell in count if count[cell])
    if not moved:
        return
    parts = [cell.split("|") for cell in moved]
    connection.execute(
        text(
            "INSERT INTO coverage (jurisdiction, department, stage, state, projects)"
            " SELECT :j, * FROM unnest(CAST(:a AS text[]), CAST(:b AS text[]), CAST(:c AS text[]), CAST(:n AS bigint[]))"
            " ON CONFLICT (jurisdiction, department, stage, state) DO UPDATE SET"
            " projects = coverage.projects + excluded.projects"
        ),
        {
            "j": jurisdiction,
            **{name: [part[i] for part in parts] for i, name in enumerate("abc")},
            "n": [count[cell] for cell in moved],
        },
    )
    connection.execute(
        text("DELETE FROM coverage WHERE jurisdiction = :j AND projects = 0"), {"j": jurisdiction}
    )


def corrections_on(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str], upto: int
) -> list[Correction]:
    """Give the corrections in force anchored at these records, up to correction number `upto`."""
    rows = connection.execute(
        text(
            "SELECT c.correction_no, c.record_id AS anchor_record, c.field, c.value, c.seen, c.by, c.reason"
            " FROM memory.correction c WHERE c.jurisdiction = :j AND c.record_id = ANY(:ids)"
            " AND c.correction_no <= :upto AND c.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.correction w"
            " WHERE w.jurisdiction = c.jurisdiction AND w.withdraws = c.correction_no AND w.correction_no <= :upto)"
            " ORDER BY c.correction_no"
        ),
        {"j": jurisdiction, "ids": list(record_ids), "upto": upto},
    )
    return [Correction.model_validate(dict(row)) for row in rows.mappings()]


def corrections_after(
    connection: Connection, jurisdiction: int, after: int, limit: int
) -> list[tuple[int, str]]:
    """Give (number, anchor record) of corrections made or withdrawn after number `after`."""
    rows = connection.execute(
        text(
            "SELECT correction_no, record_id FROM memory.correction WHERE jurisdiction = :j AND correction_no > :after"
            " ORDER BY correction_no LIMIT :n"
        ),
        {"j": jurisdiction, "after": after, "n": limit},
    )
    return [(row[0], row[1]) for row in rows]


def add_changes(
    connection: Connection,
    jurisdiction: int,
    numbers: Sequence[int],
    changes: Sequence[Change],
    *,
    rebuilt: bool = False,
) -> None:
    """Append events to the change feed under numbers taken from the jurisdiction's row."""
    connection.execute(
        text(
            "INSERT INTO ops.change (jurisdiction, change_no, at, kind, project_id, other_id, etag, rebuilt, districts)"
            " SELECT :j, n, now(), kind, project, other, etag, :rebuilt, string_to_array(districts, ',')"
            " FROM unnest(CAST(:n AS bigint[]), CAST(:kind AS text[]), CAST(:project AS text[]), CAST(:other AS text[]),"
            " CAST(:etag AS text[]), CAST(:districts AS text[])) AS c(n, kind, project, other, etag, districts)"
        ),
        {
            "j": jurisdiction,
            "rebuilt": rebuilt,
            "n": list(numbers),
            "kind": [change.kind for change in changes],
            "project": [change.project_id for change in changes],
            "other": [change.other_id for change in changes],
            "etag": [change.etag for change in changes],
            "districts": [change.districts for change in changes],
        },
    )


def districts_of(*said: str | None) -> str:
    """Give what a change keeps of the districts its project lies in, before and after."""
    return ",".join(sorted({district for district in said if district}))
