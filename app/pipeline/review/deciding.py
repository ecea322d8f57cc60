"""What a decision would say and what it would change, computed on one view of the hub and without a lock.

A decision is words on records. Merging, splitting and moving are said of projects, so this looks for the words that
bring it about as resolving hears them; nothing is written here, and nobody waits while it is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.db import decisions, judgements, places, queued, words
from app.db.decisions import WordOf
from app.db.resolution import MemberRow, Supposed, WordRow
from app.db.session import Connection
from app.errors import BadRequest, Conflict
from app.pipeline.resolve import Resolution, resolve
from schemas.api.decisions import Changed, ProjectPlace
from schemas.judgements import DecisionKind, Verdict

MOST_WORDS = 2_000
"""Words of one decision: a record that is near more records than this is no matter of a split."""
MOST_TOLD, MOST_RECORDS = 100, 20
"""Projects, and records of each, that an answer tells of."""


class NewWord(NamedTuple):
    """A word to be said of two records; `confirms` repeats another, `drawn` is the pair's chance to be taught."""

    a: str
    b: str
    verdict: Verdict
    confirms: int | None = None
    drawn: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision that is ready to be said: its words, the words it takes back or says again, and what it changes.

    It stands on what was said up to judgement `upto`; a later word on one of `projects` makes it void.
    """

    kind: DecisionKind
    says: tuple[NewWord, ...]
    takes_back: tuple[int, ...]
    says_again: tuple[int, ...]
    undoes: int | None
    upto: int
    projects: frozenset[str]
    changed: Changed


def judge(
    connection: Connection,
    jurisdiction: int,
    says: Sequence[NewWord],
    takes_back: Sequence[int] = (),
    kind: DecisionKind = DecisionKind.JUDGE,
) -> Plan:
    """Plan words as they are given."""
    return _Table(connection, jurisdiction).plan(kind, says, takes_back)


def merge(connection: Connection, jurisdiction: int, one: str, other: str) -> Plan:
    """Plan that the projects of two records become one; raise Conflict where they are, or a word keeps them apart."""
    p, q = (places.place_of(connection, jurisdiction, rid) for rid in (one, other))
    if p == q:
        raise Conflict(f"both are in project {p} already")
    _check_heard(connection, jurisdiction, (p, q))
    _check_not_apart(connection, jurisdiction, (p,), q)
    table = _Table(connection, jurisdiction)
    plan = table.plan(
        DecisionKind.MERGE, [NewWord(*places.closest(connection, jurisdiction, p, q), Verdict.SAME)]
    )
    word = plan.says[0]
    table.check(table.now[word.a].project_id == table.now[word.b].project_id)
    return plan


def split(connection: Connection, jurisdiction: int, project: str, record_ids: Collection[str]) -> Plan:
    """Plan that these records leave their project and are one of their own; raise BadRequest where they cannot."""
    place = places.place_of(connection, jurisdiction, project)
    _check_heard(connection, jurisdiction, (place,))
    members = places.living(connection, jurisdiction, place)
    leaving = sorted(set(record_ids))
    if strange := sorted(set(leaving) - set(members)):
        raise BadRequest(f"not in project {place}, or withdrawn: {', '.join(strange[:5])}")
    if len(leaving) == len(members):
        raise BadRequest("these are all records of the project; name those that leave it")
    table = _Table(connection, jurisdiction, leaving)
    rest = sorted(set(members) - set(leaving))
    back = words.between(connection, jurisdiction, Verdict.SAME, leaving, rest)
    parting = table.part((), back, leaving, rest)
    return table.plan(DecisionKind.SPLIT, parting, back)


def move(connection: Connection, jurisdiction: int, record_id: str, to: str) -> Plan:
    """Plan that a record leaves its project for that of `to`; raise Conflict where a word keeps it out of there."""
    place, target = (places.place_of(connection, jurisdiction, rid) for rid in (record_id, to))
    if place == target:
        raise Conflict(f"the record is in project {target} already")
    members = places.living(connection, jurisdiction, place)
    if record_id not in members:
        raise BadRequest("the record was withdrawn: it follows what stands and cannot be moved")
    _check_heard(connection, jurisdiction, (place, target))
    _check_not_apart(connection, jurisdiction, (record_id,), target)
    table = _Table(connection, jurisdiction, [record_id])
    rest = [rid for rid in members if rid != record_id]
    back = words.between(connection, jurisdiction, Verdict.SAME, [record_id], rest)
    near = places.closest_to(connection, jurisdiction, record_id, target)
    parting = table.part([NewWord(*near, Verdict.SAME)], back, [record_id], rest)
    return table.plan(DecisionKind.MOVE, parting, back)


def undo(connection: Connection, jurisdiction: int, number: int) -> Plan:
    """Plan that a decision is taken back: its words go, and those it took back are said again.

    Raises Conflict where nothing of it stands, and where later decisions build on it, which are named.
    """
    found = decisions.read(connection, jurisdiction, number)
    if found.undone_by is not None:
        raise Conflict(f"decision {number} was undone already, by decision {found.undone_by}")
    said = decisions.words_said(connection, jurisdiction, number)
    withdrawn = decisions.words_withdrawn(connection, jurisdiction, number)
    if not said and not withdrawn:
        by = decisions.taken_back_by(connection, jurisdiction, number)
        raise Conflict(f"nothing of decision {number} is in force: its words were taken back", _named(by))
    if by := decisions.undone(connection, jurisdiction, [word.root for word in withdrawn], number):
        raise Conflict(
            "the words this would say again are of a decision that was undone; undo that undoing", _named(by)
        )
    named = {rid for word in (*said, *withdrawn) for rid in (word.a, word.b)}
    later = decisions.building_on(
        connection, jurisdiction, number, named, [word.judgement_no for word in said]
    )
    if later:
        raise Conflict(
            "later decisions build on this one; undo them first, the last one first",
            _named_words(reversed(later)),
        )
    table = _Table(connection, jurisdiction)
    confirmed = found.kind is not DecisionKind.CONFIRM
    numbers = [word.judgement_no for word in said]
    back = judgements.chain(connection, jurisdiction, numbers) if confirmed else numbers
    return table.plan(DecisionKind.UNDO, (), back, withdrawn, undoes=number)


class _Table:
    """What one view holds, and how projects would stand if more were said; every question is put to resolving itself."""

    def __init__(self, connection: Connection, jurisdiction: int, near: Iterable[str] = ()) -> None:
        """Look at these records, besides those that words name."""
        self.connection, self.jurisdiction, self.near = connection, jurisdiction, frozenset(near)
        self.upto = words.last(connection, jurisdiction)
        self.before: Mapping[str, MemberRow] = {}
        self.now: Mapping[str, MemberRow] = {}
        self._supposed: tuple[frozenset[str], Supposed] | None = None

    def suppose(
        self, says: Iterable[NewWord], takes_back: Iterable[int], again: Iterable[WordOf] = ()
    ) -> frozenset[str]:
        """Put every record where it would be; gives the records that are named."""
        said = [(word.a, word.b, word.verdict.value) for word in says]
        said += [(word.a, word.b, word.verdict) for word in again]
        rows = [WordRow(no, *word) for no, word in enumerate(said, self.upto + 1)]
        unsaid = frozenset(takes_back)
        named = self.near.union(rid for row in rows for rid in (row.a, row.b))
        named |= words.named_in(self.connection, self.jurisdiction, unsaid)
        supposed = Supposed(rows, unsaid)
        if self._supposed != (named, supposed):
            found = self._resolved(named, supposed)
            self.before, self.now, self._supposed = found.before, found.members, (named, supposed)
        return named

    def _resolved(self, named: Collection[str], supposed: Supposed) -> Resolution:
        return resolve(self.connection, self.jurisdiction, sorted(named), self.upto, supposed)

    def plan(
        self,
        kind: DecisionKind,
        says: Sequence[NewWord],
        takes_back: Sequence[int] = (),
        again: Sequence[WordOf] = (),
        undoes: int | None = None,
    ) -> Plan:
        """Give the plan of these words, with what it changes."""
        named = self.suppose(says, takes_back, again)
        if words.waiting(self.connection, self.jurisdiction) or queued.more_than(
            self.connection, self.jurisdiction, "unclustered", 0
        ):
            # what was said before and is not resolved yet is not this decision's doing
            self.before = self._resolved(named, Supposed()).members
        before, after = _projects(self.before), _projects(self.now)
        gone = {p: ids for p, ids in before.items() if after.get(p) != ids}
        come = {p: ids for p, ids in after.items() if before.get(p) != ids}
        involved = {*gone, *(self.before[rid].project_id for rid in named if rid in self.before)}
        numbers = tuple(word.judgement_no for word in again)
        changed = Changed(before=_told(gone), after=_told(come))
        return Plan(
            kind, tuple(says), tuple(takes_back), numbers, undoes, self.upto, frozenset(involved), changed
        )

    def part(
        self, says: Sequence[NewWord], back: Sequence[int], leaving: Sequence[str], rest: Sequence[str]
    ) -> list[NewWord]:
        """Say `different` until none of those who leave is with any of the rest, best pairs first, ever more at once.

        Both sides stay whole, whatever held them together before: where they fall apart, `same` is said within.
        """
        said = list(says)
        scores = places.scores_between(self.connection, self.jurisdiction, leaving, rest)
        step = 1
        while True:
            self.suppose(said, back)
            left = self._groups(leaving)
            stuck = [rid for rid in rest if self.now[rid].project_id in left]
            if not stuck:
                pieces = [
                    (one[0], other[0])
                    for one, *others in map(self._apart, (leaving, rest))
                    for other in others
                ]
                if not pieces:
                    return said
                new = [NewWord(one, other, Verdict.SAME) for one, other in pieces]
            else:
                best = sorted(
                    min((-scores.get((min(s, r), max(s, r)), 0), s, r) for s in left[self.now[r].project_id])
                    for r in stuck
                )
                new = [NewWord(s, r, Verdict.DIFFERENT) for _, s, r in best[:step]]
                step *= 4
            known = set(said)
            new = [word for word in new if word not in known]
            self.check(bool(new) and len(said) + len(new) <= MOST_WORDS)
            said += new

    def _groups(self, record_ids: Iterable[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for rid in record_ids:
            found.setdefault(self.now[rid].project_id, []).append(rid)
        return found

    def _apart(self, record_ids: Sequence[str]) -> list[list[str]]:
        """Give the groups these records fall into, the one of the first record first."""
        return list(self._groups(record_ids).values()) or [[]]

    def check(self, reached: bool) -> None:
        """Raise Conflict where words that stand, or too many records, keep a decision from what it is for."""
        if not reached:
            raise Conflict(
                "words that stand, or too many close records, keep this from coming about: judge the records themselves"
            )


def _check_heard(connection: Connection, jurisdiction: int, projects: Sequence[str]) -> None:
    """Raise Conflict while words on these projects wait: who is in them is what an earlier decision is about to change."""
    if unheard := words.unheard_on(connection, jurisdiction, projects):
        raise Conflict(
            "an earlier decision on these projects is still being taken in; look again in a few seconds",
            _named_words(unheard),
        )


def _check_not_apart(connection: Connection, jurisdiction: int, left: Sequence[str], project: str) -> None:
    against = words.apart(connection, jurisdiction, left, project)
    if against:
        raise Conflict(
            "people said that these are different; undo that first",
            _named_words(against),
        )


def _named(numbers: Iterable[int]) -> list[tuple[str, str]]:
    return [("decision", str(number)) for number in numbers]


def _named_words(found: Iterable[tuple[int | None, int]]) -> list[tuple[str, str]]:
    return [("decision", str(no)) if no else ("judgement", str(word)) for no, word in found]


def _projects(members: Mapping[str, MemberRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rid in sorted(members):
        found.setdefault(members[rid].project_id, []).append(rid)
    return found


def _told(projects: Mapping[str, Sequence[str]]) -> tuple[ProjectPlace, ...]:
    return tuple(
        ProjectPlace(project_id=p, records=len(projects[p]), record_ids=tuple(projects[p][:MOST_RECORDS]))
        for p in sorted(projects)[:MOST_TOLD]
    )
