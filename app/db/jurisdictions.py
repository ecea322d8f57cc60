"""The row of a jurisdiction: the one lock of its writers, and its counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from app.db.tables import COUNTERS
from app.db.texts import text
from app.errors import NotFound


class Stands(NamedTuple):
    """A jurisdiction as its row says it stands."""

    jurisdiction: int
    generation: int
    fingerprint: str
    common: str = ""


class Held(Stands):
    """A jurisdiction whose row this transaction holds."""

    __slots__ = ()


def ensure(connection: Connection, jurisdiction: int, name: str = "") -> None:
    """Make the jurisdiction known to the hub; nothing changes when it is."""
    connection.execute(
        text(
            "INSERT INTO ops.jurisdiction (jurisdiction, name) VALUES (:j, :name)"
            " ON CONFLICT (jurisdiction) DO NOTHING"
        ),
        {"j": jurisdiction, "name": name},
    )


def known(connection: Connection) -> list[int]:
    """Give every jurisdiction of this hub, in order."""
    return list(connection.execute(text("SELECT jurisdiction FROM ops.jurisdiction ORDER BY 1")).scalars())


def outdated(connection: Connection, fingerprint: str) -> set[int]:
    """Give the jurisdictions whose derived drawer was made under other rules than these."""
    return set(
        connection.execute(
            text("SELECT jurisdiction FROM ops.jurisdiction WHERE fingerprint NOT IN ('', :f)"),
            {"f": fingerprint},
        ).scalars()
    )


def generation(connection: Connection, jurisdiction: int) -> int:
    """Give how often the derived drawer was swapped or replayed into: what was computed on another one is void."""
    found: int = connection.execute(
        text("SELECT coalesce((SELECT generation FROM ops.jurisdiction WHERE jurisdiction = :j), 0)"),
        {"j": jurisdiction},
    ).scalar_one()
    return found


def stands(connection: Connection, jurisdiction: int) -> Stands:
    """Give how a jurisdiction stands, and hold nothing; one nobody knows stands under no rules."""
    row = connection.execute(
        text("SELECT generation, fingerprint, common FROM ops.jurisdiction WHERE jurisdiction = :j"),
        {"j": jurisdiction},
    ).one_or_none()
    return Stands(jurisdiction, *row) if row else Stands(jurisdiction, 0, "")


def hold(connection: Connection, jurisdiction: int) -> Held:
    """Take the jurisdiction's row until the transaction ends; writers of one jurisdiction queue here."""
    row = connection.execute(
        text(
            "SELECT generation, fingerprint, common FROM ops.jurisdiction WHERE jurisdiction = :j FOR UPDATE"
        ),
        {"j": jurisdiction},
    ).one_or_none()
    if row is None:
        raise NotFound(f"no jurisdiction {jurisdiction}: run `hub sources bind` first")
    return Held(jurisdiction, row.generation, row.fingerprint, row.common)


def take(connection: Connection, held: Held, counter: str, n: int = 1) -> Sequence[int]:
    """Give the next `n` numbers of a counter of the held row: no gaps, in commit order."""
    if counter not in COUNTERS:
        raise ValueError(f"no counter {counter!r} in a jurisdiction's row")
    last = connection.execute(
        text(
            # sql-lint: allow built-text — the name is one of COUNTERS, checked above
            f"UPDATE ops.jurisdiction SET {counter} = {counter} + :n WHERE jurisdiction = :j"
            f" RETURNING {counter}"
        ),
        {"j": held.jurisdiction, "n": n},
    ).scalar_one()
    return range(last - n + 1, last + 1)


def take_landing(connection: Connection, held: Held) -> tuple[int, int]:
    """Give the next numbers of a delivery and of its landing, in one question."""
    row = connection.execute(
        text(
            "UPDATE ops.jurisdiction SET delivery_no = delivery_no + 1, landing_no = landing_no + 1"
            " WHERE jurisdiction = :j RETURNING delivery_no, landing_no"
        ),
        {"j": held.jurisdiction},
    ).one()
    return row.delivery_no, row.landing_no


def mark(
    connection: Connection, held: Held, *, fingerprint: str, common: str = "", generation: int | None = None
) -> None:
    """Note under which rules the derived drawer stands, and its generation after a swap or a step of a replay."""
    connection.execute(
        text(
            "UPDATE ops.jurisdiction SET fingerprint = :f, common = :c, generation = :g WHERE jurisdiction = :j"
        ),
        {
            "j": held.jurisdiction,
            "f": fingerprint,
            "c": common,
            "g": held.generation if generation is None else generation,
        },
    )
