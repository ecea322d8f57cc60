from __future__ import annotations

from app.db.copy import array_of, copy_rows, fetch_rows
from app.db.resolution import NormalRow, read_normals
from tests.support.corridor import opened
from tests.support.database import JURISDICTIONS

COLUMNS = [
    ("jurisdiction", "int4"),
    ("record_id", "text"),
    ("live", "bool"),
    ("first_delivery", "int8"),
    ("first_row", "int4"),
    ("packed", "bytea"),
    ("common", "text[]"),
]


def test_what_is_copied_in_is_fetched_as_it_was_and_of_one_jurisdiction(database_url: str) -> None:
    first, second = JURISDICTIONS
    told = [
        NormalRow(f"{first}-{n}", n % 2 == 0, 2**40 + n, n, bytes([0, 255, n]), [str(n)] * n or None)
        for n in range(3)
    ]
    with opened(database_url) as database, database.begin() as connection:
        for jurisdiction in (first, second):
            copy_rows(connection, "normal", COLUMNS, [(jurisdiction, *row) for row in told])
        wanted = [row.record_id for row in told[1:]]
        assert sorted(read_normals(connection, first, wanted)) == told[1:]
        assert read_normals(connection, second, []) == []
        echoed = fetch_rows(
            connection, "SELECT CAST(%(n)s AS bigint[])", {"n": array_of([-(2**63), 0, 2**63 - 1])}
        )
        assert echoed == [([-(2**63), 0, 2**63 - 1],)]
