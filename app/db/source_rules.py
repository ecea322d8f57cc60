"""Under which rules each source's records stand in the derived drawer, and how far a replay of them has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.texts import text


class SourceRules(NamedTuple):
    """What the drawer says of one source: the rules it is read under, and whether older readings are left.

    While `due`, records up to the id `after` stand under these rules, and so does every row read since they were
    taken up; other records stand as former rules read them.
    """

    fingerprint: str
    due: bool
    after: str


def read(connection: Connection, jurisdiction: int) -> dict[str, SourceRules]:
    """Give what the drawer says of each of its sources."""
    rows = connection.execute(
        text("SELECT source, fingerprint, due, after FROM ops.source_rules WHERE jurisdiction = :j"),
        {"j": jurisdiction},
    )
    return {row[0]: SourceRules(*row[1:]) for row in rows}


def set_all(connection: Connection, jurisdiction: int, fingerprints: Mapping[str, str]) -> None:
    """Note that the whole drawer stands under these rules: source → fingerprint."""
    connection.execute(text("DELETE FROM ops.source_rules WHERE jurisdiction = :j"), {"j": jurisdiction})
    set_some(connection, jurisdiction, fingerprints, due=())


def set_some(
    connection: Connection, jurisdiction: int, fingerprints: Mapping[str, str], due: Iterable[str]
) -> None:
    """Let these sources be read under these rules from now on; what was read before is left in those `due`."""
    left = set(due)
    connection.execute(
        text(
            "INSERT INTO ops.source_rules (jurisdiction, source, fingerprint, due, after)"
            " SELECT :j, source, fingerprint, due, '' FROM unnest(CAST(:s AS text[]), CAST(:f AS text[]),"
            " CAST(:d AS boolean[])) AS s(source, fingerprint, due)"
            " ON CONFLICT (jurisdiction, source) DO UPDATE SET fingerprint = excluded.fingerprint, due = excluded.due,"
            " after = excluded.after"
        ),
        {
            "j": jurisdiction,
            "s": list(fingerprints),
            "f": list(fingerprints.values()),
            "d": [source in left for source in fingerprints],
        },
    )


def move(connection: Connection, jurisdiction: int, source: str, after: str, *, due: bool) -> None:
    """Note how far the replay of a source has come; belongs in the transaction of what it wrote."""
    connection.execute(
        text(
            "UPDATE ops.source_rules SET after = :after, due = :due WHERE jurisdiction = :j AND source = :s"
        ),
        {"j": jurisdiction, "s": source, "after": after, "due": due},
    )


def heard(connection: Connection, jurisdiction: int, sources: Iterable[str]) -> set[str]:
    """Give those of these sources of which the derived drawer has read anything."""
    return set(
        connection.execute(
            text(
                "SELECT s FROM unnest(CAST(:s AS text[])) AS s WHERE EXISTS (SELECT FROM memory.delivery d"
                " JOIN memory.landing l ON l.jurisdiction = d.jurisdiction AND l.delivery_no = d.delivery_no"
                " JOIN progress p ON p.jurisdiction = d.jurisdiction WHERE d.jurisdiction = :j AND d.source = s"
                " AND l.landing_no <= p.landing_no)"
            ),
            {"j": jurisdiction, "s": list(sources)},
        ).scalars()
    )


def remembered(connection: Connection, jurisdiction: int, sources: Iterable[str]) -> set[str]:
    """Give those of these sources that memory holds records of."""
    return set(
        connection.execute(
            text(
                "SELECT s FROM unnest(CAST(:s AS text[])) AS s WHERE EXISTS (SELECT FROM memory.head h"
                " WHERE h.jurisdiction = :j AND h.source = s)"
            ),
            {"j": jurisdiction, "s": list(sources)},
        ).scalars()
    )
