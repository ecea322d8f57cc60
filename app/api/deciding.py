"""A decision by HTTP: planned on one view without a lock, then kept in one transaction if nothing it stands on moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Concatenate, ParamSpec

from app.api import teaching
from app.api.hub import Hub
from app.api.judging import sides_of
from app.db import decisions, judgements, jurisdictions, places, reviews, words
from app.db.judgements import Said
from app.db.session import Connection
from app.errors import BadRequest, Conflict, NotFound
from app.pipeline.review import deciding
from app.pipeline.review.deciding import NewWord, Plan
from schemas.api.decisions import Answer, DecisionView, Merge, Move, NewDecision, Split, View
from schemas.judgements import Judgement

P = ParamSpec("P")
Fault = tuple[str, str]
_SEEN = {
    "hash_a": "record {a} says something else now",
    "hash_b": "record {b} says something else now",
    "project_a": "record {a} is in another project now",
    "project_b": "record {b} is in another project now",
    "etag_a": "the project of record {a} reads otherwise now",
    "etag_b": "the project of record {b} reads otherwise now",
}


def answer(hub: Hub, jurisdiction: int, new: NewDecision, by: str) -> DecisionView:
    """Keep answers to questions, all or none; raise Conflict that names what changed since they were looked at."""
    upto = min(one.seen.upto for one in new.answers)
    return decide(
        hub,
        jurisdiction,
        new.reason,
        by,
        lambda connection, held: [
            *_newer(connection, held, upto, new.answers),
            *_moved(connection, held, new.answers),
        ],
        _answers,
        new.answers,
    )


def merge(hub: Hub, jurisdiction: int, project_id: str, new: Merge, by: str) -> DecisionView:
    """Make two projects one."""
    return decide(
        hub, jurisdiction, new.reason, by, _documents(new.seen), deciding.merge, project_id, new.other
    )


def split(hub: Hub, jurisdiction: int, project_id: str, new: Split, by: str) -> DecisionView:
    """Take records out of a project, to be one of their own."""
    return decide(
        hub, jurisdiction, new.reason, by, _documents(new.seen), deciding.split, project_id, new.records
    )


def move(hub: Hub, jurisdiction: int, record_id: str, new: Move, by: str) -> DecisionView:
    """Take a record out of its project and put it into another."""
    return decide(hub, jurisdiction, new.reason, by, _documents(new.seen), deciding.move, record_id, new.to)


def undo(hub: Hub, jurisdiction: int, number: int, reason: str, by: str) -> DecisionView:
    """Take a decision back."""
    return decide(hub, jurisdiction, reason, by, lambda _connection, _jurisdiction: [], deciding.undo, number)


def keep(connection: Connection, jurisdiction: int, plan: Plan, reason: str, by: str) -> int:
    """Write a plan down and give the decision's number; raise Conflict where somebody has spoken since it was made."""
    held = jurisdictions.hold(connection, jurisdiction)
    named = sorted({rid for word in plan.says for rid in (word.a, word.b)})
    if newer := words.newer_on(connection, jurisdiction, plan.upto, plan.projects, named):
        raise Conflict("somebody has just decided about these projects; look again", map(told, newer))
    sides = sides_of(connection, jurisdiction, named)
    if unknown := [rid for rid in named if rid not in sides]:
        raise NotFound(f"no project record {', '.join(unknown[:5])}")
    number = decisions.add(connection, held, plan.kind, reason, by, plan.changed, plan.undoes)
    says = [Said(sides[w.a], sides[w.b], w.verdict, w.confirms, w.drawn) for w in plan.says]
    judgements.take_back(connection, held, plan.takes_back, reason, by, number)
    judgements.say_again(connection, held, plan.says_again, reason, by, number)
    judgements.add_all(connection, held, says, reason, by, number)
    return number


def decide(
    hub: Hub,
    jurisdiction: int,
    reason: str,
    by: str,
    faults: Callable[[Connection, int], list[Fault]],
    plan: Callable[Concatenate[Connection, int, P], Plan],
    *args: P.args,
    **kwargs: P.kwargs,
) -> DecisionView:
    """Plan and keep; `faults` tells under the lock what is no longer as the person saw it."""
    # what cannot be planned is often what has changed: that is said first
    hub.read(_check, jurisdiction, faults)
    planned = hub.read(plan, jurisdiction, *args, **kwargs)

    def write(connection: Connection) -> DecisionView:
        jurisdictions.hold(connection, jurisdiction)
        _check(connection, jurisdiction, faults)
        return decisions.read(connection, jurisdiction, keep(connection, jurisdiction, planned, reason, by))

    return hub.write(write)


def _check(
    connection: Connection, jurisdiction: int, faults: Callable[[Connection, int], list[Fault]]
) -> None:
    if found := faults(connection, jurisdiction):
        raise Conflict("this is not as it was when you looked at it; look again and decide anew", found)


def _answers(connection: Connection, jurisdiction: int, answers: tuple[Answer, ...]) -> Plan:
    """Plan answers; one counts as drawn where this hub drew it, whatever is said of it."""
    # pairs that were drawn are shown together, on one view
    upto = max((one.seen.upto for one in answers if one.drawn), default=None)
    chances = {} if upto is None else teaching.chances(connection, jurisdiction, upto)
    says = [
        NewWord(one.a, one.b, one.verdict, drawn=chances.get(_pair(one)) if one.drawn else None)
        for one in answers
    ]
    return deciding.judge(connection, jurisdiction, says)


def _pair(one: Answer) -> tuple[str, str]:
    return min(one.a, one.b), max(one.a, one.b)


def _newer(connection: Connection, jurisdiction: int, upto: int, answers: Iterable[Answer]) -> list[Fault]:
    """Tell what was said of the records, and of the projects they were seen in, since they were looked at.

    Raises BadRequest for a view of words that nobody has said yet: it would hide those that are said meanwhile.
    """
    answers = tuple(answers)
    check_upto(connection, jurisdiction, max(one.seen.upto for one in answers))
    seen = {p for one in answers for p in (one.seen.project_a, one.seen.project_b) if p}
    named = {rid for one in answers for rid in (one.a, one.b)}
    return [told(word) for word in words.newer_on(connection, jurisdiction, upto, seen, named)]


def check_upto(connection: Connection, jurisdiction: int, upto: int) -> None:
    """Raise BadRequest for a view of words that nobody has said yet."""
    if upto > (last := words.last(connection, jurisdiction)):
        raise BadRequest(f"`upto` is beyond judgement {last}, the last: give it back as it was shown")


def told(said: Judgement) -> Fault:
    """Tell of a word: the decision it is of, who said what of which records."""
    what = f"took back judgement {said.withdraws}" if said.withdraws else f"said {said.verdict}"
    where = ("decision", said.decision_no) if said.decision_no else ("judgement", said.judgement_no)
    return where[0], f"{where[1]}: {said.by} {what} of {said.a} and {said.b}"


def _moved(connection: Connection, jurisdiction: int, answers: Iterable[Answer]) -> list[Fault]:
    """Tell what of each view is another now."""
    answers = tuple(answers)
    now = reviews.views(connection, jurisdiction, [(one.a, one.b) for one in answers])
    faults = []
    for i, one in enumerate(answers):
        view: View | None = now[one.a, one.b][0]
        if view is None:
            raise NotFound(f"no project record {one.a} or {one.b}")
        faults += [
            (f"answers.{i}.seen.{name}", told.format(a=one.a, b=one.b))
            for name, told in _SEEN.items()
            if getattr(view, name) != getattr(one.seen, name)
        ]
    return faults


def _documents(seen: Mapping[str, str]) -> Callable[[Connection, int], list[Fault]]:
    """Give the check of documents that were looked at."""

    def faults(connection: Connection, jurisdiction: int) -> list[Fault]:
        now = places.etags(connection, jurisdiction, seen) if seen else {}
        return [
            (f"seen.{project}", f"project {project} reads otherwise now, or is no more")
            for project, etag in seen.items()
            if now.get(project) != etag
        ]

    return faults
