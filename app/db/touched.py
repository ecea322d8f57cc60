"""The records whose project's document is older than what was said of them: what composing works off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text


def add(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> None:
    """Note records whose project's document has to be made anew."""
    connection.execute(
        text(
            "INSERT INTO touched (jurisdiction, record_id) SELECT :j, unnest(CAST(:ids AS text[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {"j": jurisdiction, "ids": sorted(set(record_ids))},
    )


def first(connection: Connection, jurisdiction: int, limit: int, after: str = "") -> list[str]:
    """Give up to `limit` records behind `after` whose project's document waits to be made anew, by id."""
    rows = connection.execute(
        text(
            "SELECT record_id FROM touched WHERE jurisdiction = :j AND record_id > :after"
            " ORDER BY record_id LIMIT :n"
        ),
        {"j": jurisdiction, "n": limit, "after": after},
    )
    return list(rows.scalars())


def count_upto(connection: Connection, jurisdiction: int, record_id: str) -> int:
    """Give how many records up to this id wait for their project's document."""
    n: int = connection.execute(
        text("SELECT count(*) FROM touched WHERE jurisdiction = :j AND record_id <= :id"),
        {"j": jurisdiction, "id": record_id},
    ).scalar_one()
    return n


def still_waits(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> bool:
    """Say whether the documents of all these records still wait."""
    n: int = connection.execute(
        text("SELECT count(*) FROM touched WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    ).scalar_one()
    return n == len(record_ids)


def more_than(connection: Connection, jurisdiction: int, most: int) -> bool:
    """Say whether the documents of more than `most` records wait."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT FROM touched WHERE jurisdiction = :j OFFSET :n)"),
            {"j": jurisdiction, "n": most},
        ).scalar_one()
    )


def remove(connection: Connection, jurisdiction: int, record_ids: Sequence[str]) -> None:
    """Note that the documents of these records are up to date."""
    connection.execute(
        text("DELETE FROM touched WHERE jurisdiction = :j AND record_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(record_ids)},
    )
