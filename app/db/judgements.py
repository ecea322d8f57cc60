"""People's words on two records: appended under the jurisdiction's row, taken back by further rows."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from app.db import jurisdictions
from app.db.filters import where
from app.db.jurisdictions import Held
from app.errors import Conflict, NotFound
from schemas.api.desk import JudgementQuery
from schemas.judgements import Judgement, Verdict

JUDGEMENT_COLUMNS = (
    "j.judgement_no, j.a, j.b, j.verdict, j.reason, j.by, j.at, j.hash_a, j.hash_b, j.cores_a, j.cores_b,"
    " j.withdraws, j.confirms"
)
LATER_COLUMNS = (
    "(SELECT min(w.judgement_no) FROM memory.judgement w WHERE w.jurisdiction = j.jurisdiction AND w.a = j.a"
    "  AND w.withdraws = j.judgement_no) AS withdrawn_by,"
    " EXISTS (SELECT FROM memory.judgement c WHERE c.jurisdiction = j.jurisdiction AND c.a = j.a"
    "  AND c.confirms = coalesce(j.confirms, j.judgement_no) AND c.judgement_no > j.judgement_no) AS confirmed"
)
FILTERS = {"record": "(j.a = :record OR j.b = :record)", "after": "j.judgement_no < :after"}


class Side(NamedTuple):
    """One record as it was seen: its statement's hash, its owner cores and its name core."""

    record_id: str
    hash: str
    cores: tuple[str, str]


class Standing(NamedTuple):
    """A judgement and what was said after it."""

    judgement: Judgement
    withdrawn_by: int | None
    confirmed: bool

    @property
    def in_force(self) -> bool:
        """Whether the word counts: it takes nothing back and was not taken back."""
        return self.withdrawn_by is None and self.judgement.withdraws is None


def judgements(
    connection: Connection, jurisdiction: int, query: JudgementQuery, after: int | None, n: int
) -> list[Standing]:
    """Give up to `n` judgements, newest first, numbered below `after`."""
    values = {"record": query.record, "after": after}
    where_sql = where(FILTERS, values)
    rows = connection.execute(
        text(
            f"SELECT {JUDGEMENT_COLUMNS}, {LATER_COLUMNS} FROM memory.judgement j WHERE j.jurisdiction = :j{where_sql}"
            " ORDER BY j.judgement_no DESC LIMIT :n"
        ),
        {**values, "j": jurisdiction, "n": n},
    )
    return [_standing(dict(row)) for row in rows.mappings()]


def in_force(connection: Connection, jurisdiction: int, number: int) -> Standing:
    """Give one word in force; raise NotFound, or Conflict when it was taken back or takes back another."""
    row = (
        connection.execute(
            text(
                f"SELECT {JUDGEMENT_COLUMNS}, {LATER_COLUMNS} FROM memory.judgement j"
                " WHERE j.jurisdiction = :j AND j.judgement_no = :no"
            ),
            {"j": jurisdiction, "no": number},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("no judgement has this number")
    standing = _standing(dict(row))
    if not standing.in_force:
        raise Conflict("this word is not in force: it was taken back, or takes back another")
    return standing


def add(
    connection: Connection,
    held: Held,
    a: Side,
    b: Side,
    verdict: Verdict,
    reason: str,
    by: str,
    confirms: int | None = None,
) -> int:
    """Append a word on two records and give its number."""
    number = jurisdictions.take(connection, held, "judgement_no")[0]
    connection.execute(
        text(
            "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
            " cores_a, cores_b, confirms) VALUES (:j, :no, :a, :b, :verdict, :reason, :by, now(), :hash_a, :hash_b,"
            " :cores_a, :cores_b, :confirms)"
        ),
        {
            "j": held.jurisdiction,
            "no": number,
            "a": a.record_id,
            "b": b.record_id,
            "verdict": verdict.value,
            "reason": reason,
            "by": by,
            "hash_a": a.hash,
            "hash_b": b.hash,
            "cores_a": list(a.cores),
            "cores_b": list(b.cores),
            "confirms": confirms,
        },
    )
    return number


def withdraw(connection: Connection, held: Held, number: int, reason: str, by: str) -> int:
    """Take back a word with everything that confirms it, one row each; give the number that takes back `number`."""
    named = in_force(connection, held.jurisdiction, number).judgement
    chain = connection.execute(
        text(
            "SELECT j.judgement_no FROM memory.judgement j WHERE j.jurisdiction = :j AND j.a = :a"
            " AND (j.judgement_no = :root OR j.confirms = :root) AND NOT EXISTS (SELECT FROM memory.judgement w"
            "  WHERE w.jurisdiction = j.jurisdiction AND w.a = j.a AND w.withdraws = j.judgement_no)"
            " ORDER BY j.judgement_no"
        ),
        {"j": held.jurisdiction, "a": named.a, "root": named.confirms or number},
    ).scalars()
    words: list[int] = list(chain)
    numbers = list(jurisdictions.take(connection, held, "judgement_no", len(words)))
    connection.execute(
        text(
            "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
            " cores_a, cores_b, withdraws) SELECT j.jurisdiction, n.no, j.a, j.b, j.verdict, :reason, :by, now(),"
            " j.hash_a, j.hash_b, j.cores_a, j.cores_b, j.judgement_no FROM memory.judgement j"
            " JOIN unnest(CAST(:words AS bigint[]), CAST(:numbers AS bigint[])) AS n(word, no)"
            "  ON n.word = j.judgement_no WHERE j.jurisdiction = :j"
        ),
        {"j": held.jurisdiction, "reason": reason, "by": by, "words": words, "numbers": numbers},
    )
    return numbers[words.index(number)]


def follow(connection: Connection, held: Held, was: str, now: str, by: str) -> None:
    """Say every word in force on the record `was` again on `now`, in the name of who said it, and take it back there.

    A word between the two themselves is only taken back.
    """
    found = connection.execute(
        text(
            "SELECT j.judgement_no, j.a, j.b FROM memory.judgement j WHERE j.jurisdiction = :j AND (j.a = :r OR j.b = :r)"
            " AND j.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.judgement w"
            "  WHERE w.jurisdiction = j.jurisdiction AND w.a = j.a AND w.withdraws = j.judgement_no)"
            " ORDER BY j.judgement_no"
        ),
        {"j": held.jurisdiction, "r": was},
    ).all()
    rows = [(word, a, b, word) for word, a, b in found]
    moved = [(word, now if a == was else a, now if b == was else b) for word, a, b in found]
    rows += [(word, a, b, None) for word, a, b in moved if a != b]
    if not rows:
        return
    numbers = jurisdictions.take(connection, held, "judgement_no", len(rows))
    connection.execute(
        text(
            "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
            " cores_a, cores_b, withdraws) SELECT j.jurisdiction, n.no, n.a, n.b, j.verdict, j.reason,"
            " CASE WHEN n.withdraws IS NULL THEN j.by ELSE :by END, now(), j.hash_a, j.hash_b, j.cores_a, j.cores_b,"
            " n.withdraws FROM memory.judgement j JOIN unnest(CAST(:words AS bigint[]), CAST(:numbers AS bigint[]),"
            " CAST(:a AS text[]), CAST(:b AS text[]), CAST(:withdraws AS bigint[])) AS n(word, no, a, b, withdraws)"
            "  ON n.word = j.judgement_no WHERE j.jurisdiction = :j"
        ),
        {
            "j": held.jurisdiction,
            "by": by,
            "numbers": list(numbers),
            **{name: [row[i] for row in rows] for i, name in enumerate(("words", "a", "b", "withdraws"))},
        },
    )


def _standing(row: dict[str, object]) -> Standing:
    withdrawn_by, confirmed = row.pop("withdrawn_by"), row.pop("confirmed")
    return Standing(Judgement.model_validate(row), withdrawn_by, confirmed)  # type: ignore[arg-type]  # a row is untyped
