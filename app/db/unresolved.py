"""What normalizing has changed and resolving has not taken up: batches of names, in the order of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.db import queued
from app.db.copy import array_of, fetch_rows
from app.db.records import Progress
from app.db.texts import text


class Resolved(NamedTuple):
    """How far a derived drawer has resolved: the place in memory of the last batch taken up, and people's words."""

    landing_no: int = 0
    row_no: int = 0
    poison_no: int = 0
    judgement_no: int = 0
    correction_no: int = 0


class Names(NamedTuple):
    """What one batch changed, by the place in memory it had read up to."""

    place: Progress
    record_ids: list[str]
    """Project records that say something else, or went."""
    parent_ids: list[str]
    """Records of which a part says something else, or went."""


class Standing(NamedTuple):
    """How far resolving has come, the first batch that waits, and the first record: what a step was computed on."""

    resolved: Resolved
    first: Progress | None
    record_id: str | None
    """The first that waits to be clustered anew."""


_PLACE = "landing_no, row_no, poison_no"
_AT_SQL = "landing_no = :landing_no AND row_no = :row_no AND poison_no = :poison_no"


def read_resolved(connection: Connection, jurisdiction: int) -> Resolved:
    """Give how far this drawer has resolved; the start when it has resolved nothing."""
    row = connection.execute(
        text(
            "SELECT resolved_landing, resolved_row, resolved_poison, judgement_no, correction_no FROM progress"
            " WHERE jurisdiction = :j"
        ),
        {"j": jurisdiction},
    ).one_or_none()
    return Resolved(*row) if row else Resolved()


def set_resolved(connection: Connection, jurisdiction: int, resolved: Resolved) -> None:
    """Note how far this drawer has resolved; belongs in the transaction of what was resolved."""
    connection.execute(
        text(
            "INSERT INTO progress (jurisdiction, resolved_landing, resolved_row, resolved_poison, judgement_no,"
            " correction_no) VALUES (:j, :landing_no, :row_no, :poison_no, :judgement_no, :correction_no)"
            " ON CONFLICT (jurisdiction) DO UPDATE SET resolved_landing = excluded.resolved_landing,"
            " resolved_row = excluded.resolved_row, resolved_poison = excluded.resolved_poison,"
            " judgement_no = excluded.judgement_no, correction_no = excluded.correction_no"
        ),
        {"j": jurisdiction, **resolved._asdict()},
    )


def add(
    connection: Connection,
    jurisdiction: int,
    place: Progress,
    record_ids: Iterable[str],
    parent_ids: Iterable[str],
) -> None:
    """Note what a batch changed that has read memory up to `place`; a replay adds to what was read there before."""
    names, parents = sorted(set(record_ids)), sorted(set(parent_ids))
    connection.execute(
        text(
            f"INSERT INTO unresolved (jurisdiction, {_PLACE}, names, record_ids, parent_ids)"
            " VALUES (:j, :landing_no, :row_no, :poison_no, :n, CAST(:records AS text[]), CAST(:parents AS text[]))"
            f" ON CONFLICT (jurisdiction, {_PLACE}) DO UPDATE SET names = unresolved.names + excluded.names,"
            " record_ids = unresolved.record_ids || excluded.record_ids,"
            " parent_ids = unresolved.parent_ids || excluded.parent_ids"
        ),
        {
            "j": jurisdiction,
            **place._asdict(),
            "n": len(names) + len(parents),
            "records": array_of(names),
            "parents": array_of(parents),
        },
    )


def first(connection: Connection, jurisdiction: int, most: int, projects: int) -> list[Names]:
    """Give the first batches that wait.

    They have at most `most` names together, `projects` of them of project records; the first is given however many it has.
    """
    rows = fetch_rows(
        connection,
        "SELECT landing_no, row_no, poison_no, record_ids, parent_ids FROM (SELECT landing_no, row_no, poison_no,"
        " record_ids, parent_ids, row_number() OVER place AS n, sum(names) OVER place AS upto,"
        " sum(cardinality(record_ids)) OVER place AS records"
        " FROM unresolved WHERE jurisdiction = %(j)s WINDOW place AS (ORDER BY landing_no, row_no, poison_no)) u"
        " WHERE n = 1 OR (upto <= %(most)s AND records <= %(projects)s) ORDER BY landing_no, row_no, poison_no",
        {"j": jurisdiction, "most": most, "projects": projects},
    )
    return [Names(Progress(*row[:3]), row[3], row[4]) for row in rows]


def at(connection: Connection, jurisdiction: int, place: Progress) -> list[Names]:
    """Give the batch of this place, if it waits."""
    rows = connection.execute(
        text(f"SELECT record_ids, parent_ids FROM unresolved WHERE jurisdiction = :j AND {_AT_SQL}"),
        {"j": jurisdiction, **place._asdict()},
    )
    return [Names(place, row.record_ids, row.parent_ids) for row in rows]


def standing(connection: Connection, jurisdiction: int) -> Standing:
    """Give what no other resolving step leaves as it is."""
    row = connection.execute(
        text(f"SELECT {_PLACE} FROM unresolved WHERE jurisdiction = :j ORDER BY {_PLACE} LIMIT 1"),
        {"j": jurisdiction},
    ).one_or_none()
    some = queued.first(connection, jurisdiction, "unclustered", 1)
    resolved = read_resolved(connection, jurisdiction)
    return Standing(resolved, Progress(*row) if row else None, some[0] if some else None)


def still_stands(connection: Connection, jurisdiction: int, before: Standing) -> bool:
    """Say whether nobody resolved anything since; whoever normalizes meanwhile disturbs nobody.

    Whoever resolves takes the first batch or the first record, if one waits; of batches that came later, or words, the
    progress tells.
    """
    if read_resolved(connection, jurisdiction) != before.resolved:
        return False
    if before.record_id and not queued.among(connection, jurisdiction, "unclustered", [before.record_id]):
        return False
    return before.first is None or bool(
        connection.execute(
            text(f"SELECT EXISTS (SELECT FROM unresolved WHERE jurisdiction = :j AND {_AT_SQL})"),
            {"j": jurisdiction, **before.first._asdict()},
        ).scalar_one()
    )


def waiting_names(connection: Connection, jurisdiction: int) -> int:
    """Give how many names wait, those that wait twice counted twice."""
    n: int = connection.execute(
        text("SELECT coalesce(sum(names), 0) FROM unresolved WHERE jurisdiction = :j"), {"j": jurisdiction}
    ).scalar_one()
    return n


def among(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> set[str]:
    """Give those of these records that wait to be resolved."""
    rows = fetch_rows(
        connection,
        "SELECT DISTINCT n.id FROM unresolved u CROSS JOIN LATERAL unnest(u.record_ids) n(id)"
        " WHERE u.jurisdiction = %(j)s AND n.id = ANY(CAST(%(ids)s AS text[]))",
        {"j": jurisdiction, "ids": array_of(record_ids)},
    )
    return {row[0] for row in rows}


def remove(connection: Connection, jurisdiction: int, places: Sequence[Progress]) -> None:
    """Note that the batches of these places are resolved."""
    connection.execute(
        text(
            "DELETE FROM unresolved u USING unnest(CAST(:l AS bigint[]), CAST(:r AS bigint[]), CAST(:p AS bigint[]))"
            " g(landing_no, row_no, poison_no) WHERE u.jurisdiction = :j AND u.landing_no = g.landing_no"
            " AND u.row_no = g.row_no AND u.poison_no = g.poison_no"
        ),
        {
            "j": jurisdiction,
            "l": [place.landing_no for place in places],
            "r": [place.row_no for place in places],
            "p": [place.poison_no for place in places],
        },
    )
