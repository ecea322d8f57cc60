"""Keys, pairs, members and reviews: what resolving reads and replaces, in sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, text

from app.db.copy import copy_rows

Places = Literal["cluster", "member"]
"""Where records are said to belong: as resolved last, or as the served documents have it."""
PLACES: tuple[Places, Places] = ("cluster", "member")


class MemberRow(NamedTuple):
    """A record's place: the project it is in now, and whether its department still stands by it."""

    record_id: str
    project_id: str
    live: bool


class WordRow(NamedTuple):
    """A person's word that is in force."""

    judgement_no: int
    a: str
    b: str
    verdict: str


def keys_of(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> dict[str, set[int]]:
    """Give the block keys stored for each of these records."""
    rows = connection.execute(
        text("SELECT record_id, key FROM block_key WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    found: dict[str, set[int]] = {}
    for record_id, key in rows:
        found.setdefault(record_id, set()).add(key)
    return found


def holders_of(
    connection: Connection, jurisdiction: int, keys: Sequence[int], most: int
) -> dict[int, dict[str, bool]]:
    """Give the records that hold each key, and whether each of them lives; of the living no more than `most`."""
    rows = connection.execute(
        text(
            "SELECT k.key, h.record_id, h.live FROM unnest(CAST(:keys AS bigint[])) k(key) CROSS JOIN LATERAL ("
            "(SELECT record_id, live FROM block_key b WHERE b.jurisdiction = :j AND b.key = k.key AND b.live LIMIT :n)"
            " UNION ALL SELECT record_id, live FROM block_key b WHERE b.jurisdiction = :j AND b.key = k.key"
            " AND NOT b.live) h"
        ),
        {"j": jurisdiction, "keys": list(keys), "n": most},
    )
    found: dict[int, dict[str, bool]] = {}
    for key, record_id, live in rows:
        found.setdefault(key, {})[record_id] = live
    return found


def pairs_of(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str]
) -> list[tuple[str, str, int]]:
    """Give every stored pair (a, b, score) with one of these records on either side."""
    rows = connection.execute(
        text(
            "SELECT a, b, score FROM pair WHERE jurisdiction = :j AND a = ANY(:ids)"
            " UNION SELECT a, b, score FROM pair WHERE jurisdiction = :j AND b = ANY(:ids)"
        ),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    return [(a, b, score) for a, b, score in rows]


def members_of(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str], places: Places = "cluster"
) -> list[MemberRow]:
    """Give the place of each of these records that has one."""
    rows = connection.execute(
        text(
            # sql-lint: allow built-text — the table is one of PLACES, as the type says
            f"SELECT record_id, project_id, live FROM {places} WHERE jurisdiction = :j AND record_id = ANY(:ids)"
        ),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
    return [MemberRow(*row) for row in rows]


def members_in(
    connection: Connection, jurisdiction: int, project_ids: Sequence[str], places: Places = "cluster"
) -> list[MemberRow]:
    """Give every record of these projects."""
    rows = connection.execute(
        text(
            # sql-lint: allow built-text — the table is one of PLACES, as the type says
            f"SELECT record_id, project_id, live FROM {places} WHERE jurisdiction = :j AND project_id = ANY(:ids)"
        ),
        {"j": jurisdiction, "ids": list(project_ids)},
    )
    return [MemberRow(*row) for row in rows]


def words_on(
    connection: Connection, jurisdiction: int, record_ids: Sequence[str], upto: int
) -> list[WordRow]:
    """Give the words in force that name one of these records, up to judgement number `upto`."""
    rows = connection.execute(
        text(
            "SELECT j.judgement_no, j.a, j.b, j.verdict FROM memory.judgement j WHERE j.jurisdiction = :j"
            " AND (j.a = ANY(:ids) OR j.b = ANY(:ids)) AND j.judgement_no <= :upto AND j.withdraws IS NULL"
            " AND NOT EXISTS (SELECT FROM memory.judgement w WHERE w.jurisdiction = j.jurisdiction"
            "  AND w.withdraws = j.judgement_no AND w.judgement_no <= :upto) ORDER BY j.judgement_no"
        ),
        {"j": jurisdiction, "ids": list(record_ids), "upto": upto},
    )
    return [WordRow(*row) for row in rows]


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


def replace_keys(
    connection: Connection, jurisdiction: int, keys: Mapping[str, tuple[Iterable[int], bool]]
) -> None:
    """Set the block keys of these records: record id → (keys, live)."""
    connection.execute(
        text("DELETE FROM block_key WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(keys)},
    )
    copy_rows(
        connection,
        "block_key",
        [("jurisdiction", "int4"), ("key", "int8"), ("record_id", "text"), ("live", "bool")],
        ((jurisdiction, key, rid, live) for rid, (held, live) in keys.items() for key in sorted(set(held))),
    )


def replace_pairs(
    connection: Connection, jurisdiction: int, judged: Sequence[str], pairs: Iterable[tuple[str, str, int]]
) -> None:
    """Forget every pair of the records judged anew, and keep these."""
    ids = {"j": jurisdiction, "ids": list(judged)}
    connection.execute(text("DELETE FROM pair WHERE jurisdiction = :j AND a = ANY(:ids)"), ids)
    connection.execute(text("DELETE FROM pair WHERE jurisdiction = :j AND b = ANY(:ids)"), ids)
    copy_rows(
        connection,
        "pair",
        [("jurisdiction", "int4"), ("a", "text"), ("b", "text"), ("score", "int4")],
        ((jurisdiction, *pair) for pair in pairs),
    )


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
    connection: Connection,
    jurisdiction: int,
    region: Sequence[str],
    reviews: Iterable[tuple[str, str, str, int]],
) -> None:
    """Set the review items (a, b, kind, score) of a region; an item is named by the smallest record of each side."""
    connection.execute(
        text("DELETE FROM review WHERE jurisdiction = :j AND a = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(region)},
    )
    copy_rows(
        connection,
        "review",
        [("jurisdiction", "int4"), ("a", "text"), ("b", "text"), ("kind", "text"), ("score", "int4")],
        ((jurisdiction, *review) for review in reviews),
    )


def touch(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> None:
    """Note records whose project's document has to be made anew."""
    connection.execute(
        text(
            "INSERT INTO touched (jurisdiction, record_id) SELECT :j, unnest(CAST(:ids AS text[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {"j": jurisdiction, "ids": sorted(set(record_ids))},
    )


def touched(connection: Connection, jurisdiction: int, limit: int) -> list[str]:
    """Give up to `limit` records whose project's document waits to be made anew, by id."""
    rows = connection.execute(
        text("SELECT record_id FROM touched WHERE jurisdiction = :j ORDER BY record_id LIMIT :n"),
        {"j": jurisdiction, "n": limit},
    )
    return list(rows.scalars())


def touched_upto(connection: Connection, jurisdiction: int, record_id: str) -> int:
    """Give how many records up to this id wait for their project's document."""
    n: int = connection.execute(
        text("SELECT count(*) FROM touched WHERE jurisdiction = :j AND record_id <= :id"),
        {"j": jurisdiction, "id": record_id},
    ).scalar_one()
    return n


def still_touched(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> bool:
    """Say whether the documents of all these records still wait."""
    n: int = connection.execute(
        text("SELECT count(*) FROM touched WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    ).scalar_one()
    return n == len(record_ids)


def more_touched_than(connection: Connection, jurisdiction: int, most: int) -> bool:
    """Say whether the documents of more than `most` records wait."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM touched WHERE jurisdiction = :j OFFSET :n)"),
            {"j": jurisdiction, "n": most},
        ).scalar_one()
    )


def settle(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> None:
    """Note that the documents of these records are up to date."""
    connection.execute(
        text("DELETE FROM touched WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
