"""Keys, pairs, members and reviews: what resolving reads and replaces, in sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import starmap
from typing import Generic, Literal, NamedTuple, TypeVar

from sqlalchemy import Connection

from app.db.copy import array_of, copy_rows, fetch_rows
from app.db.texts import text

Places = Literal["cluster", "member"]
"""Where records are said to belong: as resolved last, or as the served documents have it."""
PLACES: tuple[Places, Places] = ("cluster", "member")


class MemberRow(NamedTuple):
    """A record's place: the project it is in now, and whether its department still stands by it."""

    record_id: str
    project_id: str
    live: bool


class WordRow(NamedTuple):
    """A person's word that is in force, with the cores of owner and name of both sides when it was said."""

    judgement_no: int
    a: str
    b: str
    verdict: str
    cores_a: Sequence[str] = ()
    cores_b: Sequence[str] = ()


class Supposed(NamedTuple):
    """What people might say: words taken as said, and numbers of words taken as withdrawn."""

    said: Sequence[WordRow] = ()
    unsaid: frozenset[int] = frozenset()

    def heard(self, words: Iterable[WordRow], record_ids: Collection[str]) -> list[WordRow]:
        """Give the words as they would stand, of those that name one of these records."""
        found = [word for word in words if word.judgement_no not in self.unsaid]
        return found + [word for word in self.said if word.a in record_ids or word.b in record_ids]


class NormalRow(NamedTuple):
    """What matching needs of a project record: whether it lives, the row that began it, its packed form.

    `common` are those of its numbers that say nothing, None where all speak.
    """

    record_id: str
    live: bool
    first_delivery: int
    first_row: int
    packed: bytes
    common: list[str] | None = None

    @property
    def began(self) -> tuple[int, int]:
        """Give the place in memory of the row that began it."""
        return self.first_delivery, self.first_row


class KeyRow(NamedTuple):
    """A block key that a record holds, and whether the record lives."""

    key: int
    record_id: str
    live: bool


class PairRow(NamedTuple):
    """Two records (a < b) and the probability (10⁻⁶) that they are one project."""

    a: str
    b: str
    score: int


class ReviewRow(NamedTuple):
    """A question for a person, named by the two records (a < b) that link its sides best; `stake` in yuan."""

    a: str
    b: str
    kind: str
    score: int
    priority: int
    stake: int
    departments: Sequence[str]
    districts: Sequence[str]
    said: str | None
    alike: str
    contents: str
    cause: str


_REVIEW_TYPES = (
    "text", "text", "text", "int4", "int8", "int8", "text[]", "text[]", "text", "text", "text", "text",
)  # fmt: skip
Key = tuple[int, str]
"""A block key and a record that holds it."""
Two = tuple[str, str]
"""Two records, the smaller id first."""
_K = TypeVar("_K")
_R = TypeVar("_R")


class Difference(NamedTuple, Generic[_K, _R]):
    """The names of rows that go, because they are no more or say something else now, and the rows that come."""

    gone: tuple[_K, ...]
    come: tuple[_R, ...]


def difference(before: Mapping[_K, _R], after: Mapping[_K, _R]) -> Difference[_K, _R]:
    """Give what makes the named rows `after` of those `before`: rows that stay as they are cost nothing to write."""
    return Difference(
        tuple(name for name, row in before.items() if after.get(name) != row),
        tuple(row for name, row in after.items() if before.get(name) != row),
    )


def read_normals(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> list[NormalRow]:
    """Give these project records as matching sees them."""
    rows = fetch_rows(
        connection,
        "SELECT record_id, live, first_delivery, first_row, packed, common FROM normal"
        " WHERE jurisdiction = %(j)s AND record_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )
    return list(starmap(NormalRow, rows))


def read_said(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str], begin: int
) -> list[NormalRow]:
    """Give these project records with what stands in their packed form from byte `begin` (the first is 1) on."""
    rows = fetch_rows(
        connection,
        "SELECT record_id, live, first_delivery, first_row, substr(packed, %(begin)s), common FROM normal"
        " WHERE jurisdiction = %(j)s AND record_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids), "begin": begin},
    )
    return list(starmap(NormalRow, rows))


def common_of(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> dict[str, list[str]]:
    """Give the common numbers of each of these records, none of one that was not resolved yet."""
    ids = list(record_ids)
    rows = {row.record_id: row for row in read_normals(connection, jurisdiction, ids)}
    return {rid: (rows[rid].common or []) if rid in rows else [] for rid in ids}


def count_holders(connection: Connection, jurisdiction: int, keys: Iterable[int]) -> dict[int, int]:
    """Give how many living records hold each of these keys; keys of nobody are left out."""
    rows = fetch_rows(
        connection,
        "SELECT key, count(*) FROM block_key WHERE jurisdiction = %(j)s AND live"
        " AND key = ANY(CAST(%(keys)s AS bigint[])) GROUP BY key",
        {"j": jurisdiction, "keys": array_of(keys)},
    )
    return dict(rows)


def holders_of(
    connection: Connection, jurisdiction: int, most: Mapping[int, int]
) -> dict[int, tuple[list[str] | None, list[str]]]:
    """Give the (living, dead) records that hold each key, None for the living of a key that more than `most[key]` hold.

    Keys that nobody holds are left out.
    """
    rows = fetch_rows(
        connection,
        "SELECT k.key, CASE WHEN cardinality(l.ids) <= k.most THEN l.ids END, d.ids"
        " FROM unnest(CAST(%(keys)s AS bigint[]), CAST(%(most)s AS bigint[])) k(key, most)"
        " CROSS JOIN LATERAL (SELECT coalesce(array_agg(h.record_id), '{}') AS ids FROM (SELECT record_id"
        "  FROM block_key b WHERE b.jurisdiction = %(j)s AND b.key = k.key AND b.live LIMIT k.most + 1) h) l"
        " CROSS JOIN LATERAL (SELECT coalesce(array_agg(b.record_id), '{}') AS ids"
        "  FROM block_key b WHERE b.jurisdiction = %(j)s AND b.key = k.key AND NOT b.live) d"
        " WHERE cardinality(l.ids) + cardinality(d.ids) > 0",
        {"j": jurisdiction, "keys": array_of(most.keys()), "most": array_of(most.values())},
    )
    return {key: (live, dead) for key, live, dead in rows}


def pairs_of(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str]
) -> list[tuple[str, str, int]]:
    """Give every stored pair (a, b, score) with one of these records on either side, each once."""
    return fetch_rows(
        connection,
        "SELECT a, b, score FROM pair WHERE jurisdiction = %(j)s AND a = ANY(CAST(%(ids)s AS text[]))"
        " UNION ALL SELECT a, b, score FROM pair WHERE jurisdiction = %(j)s AND b = ANY(CAST(%(ids)s AS text[]))"
        "  AND a <> ALL(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )


def members_of(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str], places: Places = "cluster"
) -> list[MemberRow]:
    """Give the place of each of these records that has one."""
    rows = fetch_rows(
        connection,
        # sql-lint: allow built-text — the table is one of PLACES, as the type says
        f"SELECT record_id, project_id, live FROM {places}"
        " WHERE jurisdiction = %(j)s AND record_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )
    return list(starmap(MemberRow, rows))


def members_in(
    connection: Connection, jurisdiction: int, project_ids: Iterable[str], places: Places = "cluster"
) -> list[MemberRow]:
    """Give every record of these projects."""
    rows = fetch_rows(
        connection,
        # sql-lint: allow built-text — the table is one of PLACES, as the type says
        f"SELECT record_id, project_id, live FROM {places}"
        " WHERE jurisdiction = %(j)s AND project_id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(project_ids)},
    )
    return list(starmap(MemberRow, rows))


def asked_about(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> set[str]:
    """Give those of these records whose project is a side of a review item, or of which somebody has said a word."""
    ids = array_of(record_ids)
    if ids == "{}":
        return set()
    rows = fetch_rows(
        connection,
        "SELECT c.record_id FROM cluster c WHERE c.jurisdiction = %(j)s AND c.record_id = ANY(CAST(%(ids)s AS text[]))"
        " AND EXISTS (SELECT FROM cluster m WHERE m.jurisdiction = c.jurisdiction AND m.project_id = c.project_id"
        "  AND (EXISTS (SELECT FROM review r WHERE r.jurisdiction = m.jurisdiction AND r.a = m.record_id)"
        "   OR EXISTS (SELECT FROM review r WHERE r.jurisdiction = m.jurisdiction AND r.b = m.record_id)))"
        " UNION ALL SELECT j.a FROM memory.judgement j WHERE j.jurisdiction = %(j)s AND j.a = ANY(CAST(%(ids)s AS text[]))"
        " UNION ALL SELECT j.b FROM memory.judgement j WHERE j.jurisdiction = %(j)s AND j.b = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": ids},
    )
    return {row[0] for row in rows}


def words_on(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str], upto: int
) -> list[WordRow]:
    """Give the words in force that name one of these records, up to judgement number `upto`."""
    rows = fetch_rows(
        connection,
        "SELECT j.judgement_no, j.a, j.b, j.verdict, j.cores_a, j.cores_b FROM memory.judgement j WHERE j.jurisdiction = %(j)s"
        " AND (j.a = ANY(CAST(%(ids)s AS text[])) OR j.b = ANY(CAST(%(ids)s AS text[])))"
        " AND j.judgement_no <= %(upto)s AND j.withdraws IS NULL"
        " AND NOT EXISTS (SELECT FROM memory.judgement w WHERE w.jurisdiction = j.jurisdiction"
        "  AND w.withdraws = j.judgement_no AND w.judgement_no <= %(upto)s)",
        {"j": jurisdiction, "ids": array_of(record_ids), "upto": upto},
    )
    return list(starmap(WordRow, rows))


def words_after(
    connection: Connection, jurisdiction: int, after: int, limit: int
) -> list[tuple[int, str, str]]:
    """Give the records of words said (or taken back) after judgement number `after`: (number, a, b)."""
    rows = connection.execute(
        text(
            "SELECT judgement_no, a, b FROM memory.judgement WHERE jurisdiction = :j AND judgement_no > :after"
            " ORDER BY judgement_no LIMIT :n"
        ),
        {"j": jurisdiction, "after": after, "n": limit},
    )
    return [(row[0], row[1], row[2]) for row in rows]


def change_keys(connection: Connection, jurisdiction: int, keys: Difference[Key, KeyRow]) -> None:
    """Take block keys from records and give them others."""
    if keys.gone:
        connection.execute(
            text(
                "DELETE FROM block_key k USING unnest(CAST(:keys AS bigint[]), CAST(:ids AS text[])) g(key, record_id)"
                " WHERE k.jurisdiction = :j AND k.key = g.key AND k.record_id = g.record_id"
            ),
            {"j": jurisdiction, "keys": [k for k, _ in keys.gone], "ids": [rid for _, rid in keys.gone]},
        )
    if keys.come:
        columns = [("jurisdiction", "int4"), ("key", "int8"), ("record_id", "text"), ("live", "bool")]
        copy_rows(connection, "block_key", columns, ((jurisdiction, *row) for row in keys.come))


def change_normals(connection: Connection, jurisdiction: int, normals: Difference[str, NormalRow]) -> None:
    """Forget how matching saw records, and keep how it sees them now."""
    if normals.gone:
        connection.execute(
            text("DELETE FROM normal WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
            {"j": jurisdiction, "ids": list(normals.gone)},
        )
    if normals.come:
        columns = [
            ("jurisdiction", "int4"),
            ("record_id", "text"),
            ("live", "bool"),
            ("first_delivery", "int8"),
            ("first_row", "int4"),
            ("packed", "bytea"),
            ("common", "text[]"),
        ]
        copy_rows(connection, "normal", columns, ((jurisdiction, *row) for row in normals.come))


def change_pairs(connection: Connection, jurisdiction: int, pairs: Difference[Two, PairRow]) -> None:
    """Forget pairs and keep others."""
    if pairs.gone:
        connection.execute(
            text(
                "DELETE FROM pair p USING unnest(CAST(:a AS text[]), CAST(:b AS text[])) g(a, b)"
                " WHERE p.jurisdiction = :j AND p.a = g.a AND p.b = g.b"
            ),
            {"j": jurisdiction, "a": [a for a, _ in pairs.gone], "b": [b for _, b in pairs.gone]},
        )
    if pairs.come:
        columns = [("jurisdiction", "int4"), ("a", "text"), ("b", "text"), ("score", "int4")]
        copy_rows(connection, "pair", columns, ((jurisdiction, *row) for row in pairs.come))


def change_clusters(connection: Connection, jurisdiction: int, places: Difference[str, MemberRow]) -> None:
    """Take records out of the projects they were resolved into, and put others, or the same, where they are now."""
    if places.gone or places.come:
        replace_members(connection, jurisdiction, places.gone, places.come, "cluster")


def replace_members(
    connection: Connection,
    jurisdiction: int,
    region: Sequence[str],
    members: Iterable[MemberRow],
    places: Places = "cluster",
) -> None:
    """Set the place of every record of a region."""
    connection.execute(
        # sql-lint: allow built-text — the table is one of PLACES, as the type says
        text(f"DELETE FROM {places} WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(region)},
    )
    copy_rows(
        connection,
        places,
        [("jurisdiction", "int4"), ("record_id", "text"), ("project_id", "text"), ("live", "bool")],
        ((jurisdiction, *member) for member in members),
    )


def replace_reviews(
    connection: Connection, jurisdiction: int, region: Sequence[str], reviews: Iterable[ReviewRow]
) -> None:
    """Set the review items of a region."""
    connection.execute(
        text("DELETE FROM review WHERE jurisdiction = :j AND a = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(region)},
    )
    columns = [("jurisdiction", "int4"), *zip(ReviewRow._fields, _REVIEW_TYPES, strict=True)]
    rows = (
        (jurisdiction, *row._replace(departments=[*row.departments], districts=[*row.districts]))
        for row in reviews
    )
    copy_rows(connection, "review", columns, rows)
