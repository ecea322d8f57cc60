"""People's words on two records: appended under the jurisdiction's row, taken back by further rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, TextClause

from app.db import jurisdictions
from app.db.filters import where
from app.db.jurisdictions import Held
from app.db.texts import text
from app.errors import Conflict, NotFound
from schemas.api.desk import JudgementQuery
from schemas.judgements import Judgement, Verdict

JUDGEMENT_COLUMNS = (
    "j.judgement_no, j.a, j.b, j.verdict, j.reason, j.by, j.at, j.hash_a, j.hash_b, j.cores_a, j.cores_b,"
    " j.withdraws, j.confirms, j.again, j.decision_no, j.drawn"
)
IN_FORCE = (
    "j.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.judgement w WHERE w.jurisdiction = j.jurisdiction"
    " AND w.withdraws = j.judgement_no)"
)
_LATER = (
    "EXISTS (SELECT FROM memory.judgement c WHERE c.jurisdiction = j.jurisdiction"
    " AND ((c.a = j.a AND c.b = j.b) OR (c.a = j.b AND c.b = j.a)) AND c.judgement_no > j.judgement_no"
    " AND c.withdraws IS NULL AND NOT EXISTS (SELECT FROM memory.judgement w WHERE w.jurisdiction = c.jurisdiction"
    "  AND w.withdraws = c.judgement_no))"
)
"""Somebody has spoken of the two records again."""
LATER_COLUMNS = (
    "(SELECT min(w.judgement_no) FROM memory.judgement w WHERE w.jurisdiction = j.jurisdiction AND w.a = j.a"
    "  AND w.withdraws = j.judgement_no) AS withdrawn_by,"
    f" {_LATER} AS confirmed"
)
FILTERS = {
    "record": "(j.a = :record OR j.b = :record)",
    "after": "j.judgement_no < :after",
    "confirm": (
        f"{IN_FORCE} AND NOT {_LATER} AND EXISTS (SELECT FROM record r WHERE r.jurisdiction = j.jurisdiction"
        " AND ((r.record_id = j.a AND r.hash <> j.hash_a) OR (r.record_id = j.b AND r.hash <> j.hash_b)))"
    ),
}

_TAKEN_BACK = text(
    "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
    " cores_a, cores_b, withdraws, decision_no) SELECT j.jurisdiction, n.no, j.a, j.b, j.verdict, :reason, :by,"
    " now(), j.hash_a, j.hash_b, j.cores_a, j.cores_b, j.judgement_no, :decision FROM memory.judgement j"
    " JOIN unnest(CAST(:words AS bigint[]), CAST(:numbers AS bigint[])) AS n(word, no)"
    "  ON n.word = j.judgement_no WHERE j.jurisdiction = :j"
)
_SAID_AGAIN = text(
    "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
    " cores_a, cores_b, drawn, decision_no, again) SELECT j.jurisdiction, n.no, j.a, j.b, j.verdict, :reason, :by,"
    " now(), j.hash_a, j.hash_b, j.cores_a, j.cores_b, j.drawn, :decision, coalesce(b.again, b.judgement_no)"
    " FROM memory.judgement j JOIN memory.judgement b ON b.jurisdiction = j.jurisdiction"
    "  AND b.judgement_no = coalesce(j.confirms, j.judgement_no)"
    " JOIN unnest(CAST(:words AS bigint[]), CAST(:numbers AS bigint[])) AS n(word, no)"
    "  ON n.word = j.judgement_no WHERE j.jurisdiction = :j"
)


class Side(NamedTuple):
    """One record as it was seen: its statement's hash, its owner cores and its name core."""

    record_id: str
    hash: str
    cores: tuple[str, str]


class Said(NamedTuple):
    """A word to be kept: both records as they were seen; `confirms` repeats another, `drawn` is the pair's chance."""

    a: Side
    b: Side
    verdict: Verdict
    confirms: int | None = None
    drawn: int | None = None


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
    """Give up to `n` judgements, newest first, numbered below `after`.

    With `confirm` those last words of which a side says something else by now: a few more than ask to be confirmed.
    """
    values = {"record": query.record, "after": after, "confirm": query.confirm or None}
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


def of_decision(connection: Connection, jurisdiction: int, number: int) -> list[Standing]:
    """Give every row of a decision, by number."""
    rows = connection.execute(
        text(
            f"SELECT {JUDGEMENT_COLUMNS}, {LATER_COLUMNS} FROM memory.judgement j WHERE j.jurisdiction = :j"
            " AND j.decision_no = :no ORDER BY j.judgement_no"
        ),
        {"j": jurisdiction, "no": number},
    )
    return [_standing(dict(row)) for row in rows.mappings()]


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
    return add_all(connection, held, [Said(a, b, verdict, confirms)], reason, by)[0]


def add_all(
    connection: Connection,
    held: Held,
    words: Sequence[Said],
    reason: str,
    by: str,
    decision_no: int | None = None,
) -> Sequence[int]:
    """Append words of one decision and give their numbers."""
    if not words:
        return ()
    numbers = jurisdictions.take(connection, held, "judgement_no", len(words))
    sides = {f"{f}_{x}": [s[i] for s in ss] for x, ss in _sides(words) for i, f in enumerate(("id", "hash"))}
    cores = {
        f"{f}_{x}": [s.cores[i] for s in ss]
        for x, ss in _sides(words)
        for i, f in enumerate(("owner", "name"))
    }
    connection.execute(
        text(
            "INSERT INTO memory.judgement (jurisdiction, judgement_no, a, b, verdict, reason, by, at, hash_a, hash_b,"
            " cores_a, cores_b, confirms, drawn, decision_no) SELECT :j, n.no, n.a, n.b, n.verdict, :reason, :by, now(),"
            " n.hash_a, n.hash_b, ARRAY[n.owner_a, n.name_a], ARRAY[n.owner_b, n.name_b], n.confirms, n.drawn, :decision"
            " FROM unnest(CAST(:numbers AS bigint[]), CAST(:id_a AS text[]), CAST(:id_b AS text[]),"
            " CAST(:verdicts AS text[]), CAST(:hash_a AS text[]), CAST(:hash_b AS text[]), CAST(:owner_a AS text[]),"
            " CAST(:name_a AS text[]), CAST(:owner_b AS text[]), CAST(:name_b AS text[]), CAST(:confirms AS bigint[]),"
            " CAST(:drawn AS int[])) AS n(no, a, b, verdict, hash_a, hash_b, owner_a, name_a, owner_b, name_b, confirms,"
            " drawn)"
        ),
        {
            "j": held.jurisdiction,
            "reason": reason,
            "by": by,
            "decision": decision_no,
            "numbers": list(numbers),
            "verdicts": [word.verdict.value for word in words],
            "confirms": [word.confirms for word in words],
            "drawn": [word.drawn for word in words],
            **sides,
            **cores,
        },
    )
    return numbers


def _sides(words: Sequence[Said]) -> tuple[tuple[str, list[Side]], tuple[str, list[Side]]]:
    return ("a", [word.a for word in words]), ("b", [word.b for word in words])


def chain(connection: Connection, jurisdiction: int, numbers: Iterable[int]) -> list[int]:
    """Give the words in force among these and all that confirm them or are confirmed by them, each once."""
    rows = connection.execute(
        text(
            "SELECT j.judgement_no FROM memory.judgement r JOIN memory.judgement j ON j.jurisdiction = r.jurisdiction"
            "  AND j.a = r.a AND coalesce(j.confirms, j.judgement_no) = coalesce(r.confirms, r.judgement_no)"
            f" WHERE r.jurisdiction = :j AND r.judgement_no = ANY(:numbers) AND {IN_FORCE}"
            " GROUP BY j.judgement_no ORDER BY j.judgement_no"
        ),
        {"j": jurisdiction, "numbers": list(numbers)},
    )
    return list(rows.scalars())


def take_back(
    connection: Connection,
    held: Held,
    words: Sequence[int],
    reason: str,
    by: str,
    decision_no: int | None = None,
) -> Sequence[int]:
    """Take back exactly these words, one row each; give the numbers of the rows that do."""
    return _more(connection, held, words, _TAKEN_BACK, (reason, by, decision_no))


def say_again(
    connection: Connection,
    held: Held,
    words: Sequence[int],
    reason: str,
    by: str,
    decision_no: int | None = None,
) -> Sequence[int]:
    """Say words that were taken back once more, about what they were said of then; give their new numbers."""
    return _more(connection, held, words, _SAID_AGAIN, (reason, by, decision_no))


def _more(
    connection: Connection,
    held: Held,
    words: Sequence[int],
    statement: TextClause,
    said: tuple[str, str, int | None],
) -> Sequence[int]:
    """Add a row for each of these words; give their numbers."""
    if not words:
        return ()
    numbers = jurisdictions.take(connection, held, "judgement_no", len(words))
    reason, by, decision_no = said
    connection.execute(
        statement,
        {
            "j": held.jurisdiction,
            "reason": reason,
            "by": by,
            "words": list(words),
            "numbers": list(numbers),
            "decision": decision_no,
        },
    )
    return numbers


def withdraw(
    connection: Connection, held: Held, number: int, reason: str, by: str, decision_no: int | None = None
) -> int:
    """Take back a word with everything that confirms it, one row each; give the number that takes back `number`."""
    in_force(connection, held.jurisdiction, number)
    words = chain(connection, held.jurisdiction, [number])
    return take_back(connection, held, words, reason, by, decision_no)[words.index(number)]


def follow(connection: Connection, held: Held, was: str, now: str, by: str) -> None:
    """Say every word in force on the record `was` again on `now`, in the name of who said it, and take it back there.

    A word between the two themselves is only taken back.
    """
    found = connection.execute(
        text(
            "SELECT j.judgement_no, j.a, j.b FROM memory.judgement j WHERE j.jurisdiction = :j AND (j.a = :r OR j.b = :r)"
            f" AND {IN_FORCE} ORDER BY j.judgement_no"
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
            " cores_a, cores_b, withdraws, decision_no, drawn, again) SELECT j.jurisdiction, n.no, n.a, n.b, j.verdict, j.reason,"
            " CASE WHEN n.withdraws IS NULL THEN j.by ELSE :by END, now(), j.hash_a, j.hash_b, j.cores_a, j.cores_b,"
            " n.withdraws, CASE WHEN n.withdraws IS NULL THEN j.decision_no END, j.drawn,"
            " CASE WHEN n.withdraws IS NULL THEN coalesce(j.again, j.judgement_no) END"
            " FROM memory.judgement j JOIN unnest(CAST(:words AS bigint[]), CAST(:numbers AS bigint[]),"
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
