"""A person's word on two records, with what both looked like when it was said."""

from __future__ import annotations

from collections.abc import Iterable

from app.db import judgements, records
from app.db.judgements import Side, Standing
from app.db.session import Connection
from app.errors import BadRequest, Conflict, NotFound
from app.pipeline.matching.items import cores_of
from app.pipeline.matching.normal import normal
from app.pipeline.matching.stated import stated
from app.pipeline.review import deciding
from app.pipeline.review.deciding import NewWord, Plan
from schemas.api.desk import JudgementQuery, JudgementView, NewJudgement
from schemas.ids import jurisdiction_of
from schemas.judgements import DecisionKind, Judgement


def plan(connection: Connection, jurisdiction: int, new: NewJudgement) -> Plan:
    """Plan a word; raise NotFound for an unknown record or word and Conflict when the person saw another content."""
    if new.withdraws is not None:
        judgements.in_force(connection, jurisdiction, new.withdraws)
        words = judgements.chain(connection, jurisdiction, [new.withdraws])
        return deciding.judge(connection, jurisdiction, (), words, DecisionKind.WITHDRAW)
    word = _meant(connection, jurisdiction, new)
    _check_seen(connection, jurisdiction, word, new)
    kind = DecisionKind.JUDGE if word.confirms is None else DecisionKind.CONFIRM
    return deciding.judge(connection, jurisdiction, [word], kind=kind)


def said(
    connection: Connection, jurisdiction: int, query: JudgementQuery, after: int | None, n: int
) -> list[JudgementView]:
    """Give up to `n` words, newest first, numbered below `after`; those that no longer fit ask to be confirmed."""
    views: list[JudgementView] = []
    # of those that may ask most do: a second portion is rare
    while len(views) < n:
        found = judgements.judgements(connection, jurisdiction, query, after, n)
        sides = sides_of(connection, jurisdiction, {r for s in found for r in (s.judgement.a, s.judgement.b)})
        told = [_view(standing, sides) for standing in found]
        views += [view for view in told if view.confirm or not query.confirm]
        if len(found) < n:
            break
        after = found[-1].judgement.judgement_no
    return views[:n]


def of_decision(connection: Connection, jurisdiction: int, number: int, new: NewJudgement) -> JudgementView:
    """Give the word that a decision of one said: of a withdrawal the row that takes back the word named."""
    found = judgements.of_decision(connection, jurisdiction, number)
    meant = next(s for s in found if new.withdraws in {None, s.judgement.withdraws})
    return _view(meant, {})


def sides_of(connection: Connection, jurisdiction: int, record_ids: Iterable[str]) -> dict[str, Side]:
    """How these records look now, parts and unknown ones left out."""
    found = records.read_records(connection, jurisdiction, sorted(set(record_ids)))
    sides = {}
    for row in found:
        if row.kind == "project":
            seen = normal(row.record_id, stated(row.statement))
            sides[row.record_id] = Side(row.record_id, row.hash, cores_of(seen))
    return sides


def _meant(connection: Connection, jurisdiction: int, new: NewJudgement) -> NewWord:
    if new.confirms is not None:
        earlier = judgements.in_force(connection, jurisdiction, new.confirms).judgement
        return NewWord(earlier.a, earlier.b, earlier.verdict, earlier.confirms or earlier.judgement_no)
    assert new.a is not None
    assert new.b is not None
    assert new.verdict is not None
    if {jurisdiction_of(new.a), jurisdiction_of(new.b)} != {jurisdiction}:
        raise BadRequest(f"both records must be of jurisdiction {jurisdiction}")
    return NewWord(new.a, new.b, new.verdict)


def _check_seen(connection: Connection, jurisdiction: int, word: NewWord, new: NewJudgement) -> None:
    sides = sides_of(connection, jurisdiction, [word.a, word.b])
    for record_id, seen in ((word.a, new.hash_a), (word.b, new.hash_b)):
        if record_id not in sides:
            raise NotFound(f"no project record {record_id}")
        if seen is not None and seen != sides[record_id].hash:
            raise Conflict(f"record {record_id} has changed since it was looked at; look again")


def _view(standing: Standing, sides: dict[str, Side]) -> JudgementView:
    said = standing.judgement
    confirm = standing.in_force and not standing.confirmed and _changed(said, sides)
    kept = said.model_dump(include=set(JudgementView.model_fields))
    return JudgementView.model_validate({**kept, "withdrawn_by": standing.withdrawn_by, "confirm": confirm})


def _changed(said: Judgement, sides: dict[str, Side]) -> bool:
    """Whether on one side both the owner core and the name core are others than when the word was said."""
    then = ((said.a, said.cores_a), (said.b, said.cores_b))
    return any(
        record_id in sides and all(old != new for old, new in zip(cores, sides[record_id].cores, strict=True))
        for record_id, cores in then
    )
