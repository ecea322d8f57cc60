"""Words that contradict: each that cannot stand, with the words against it and those that lead there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.db import conflicts as stored
from app.db.session import Connection
from schemas.api.reviews import ConflictView, WordView
from schemas.judgements import Verdict

_REFUSED = frozenset(Verdict) - {Verdict.DIFFERENT, Verdict.UNSURE}
Sides = Mapping[str, str]
"""The project each record is in."""


def conflicts(
    connection: Connection, jurisdiction: int, after: tuple[str, str] | None, n: int
) -> list[ConflictView]:
    """Give up to `n` conflicts behind the place `after`, by their two records, with their words."""
    found = stored.conflicting(connection, jurisdiction, after, n)
    projects = {project for one in found for project in (one.project_a, one.project_b) if project}
    said, home = stored.words_among(connection, jurisdiction, projects)
    return [_conflict(one, said, home) for one in found]


def _conflict(one: stored.Conflicting, said: Iterable[WordView], home: Sides) -> ConflictView:
    sides = {one.project_a, one.project_b}
    words = [w for w in said if home.get(w.a) in sides and home.get(w.b) in sides]
    refused = [w for w in words if {w.a, w.b} == {one.a, one.b} and w.verdict in _REFUSED]
    against = [w for w in words if w.verdict is Verdict.DIFFERENT and home.get(w.a) != home.get(w.b)]
    same = [w for w in words if w.verdict is Verdict.SAME and w not in refused]
    # a relation is refused within one project, and there its own two records are what is put together
    ends = {rid for w in against for rid in (w.a, w.b)} if len(sides) > 1 else {one.b}
    path = path_to((one.a, one.b) if len(sides) > 1 else (one.a,), ends, same)
    return ConflictView(a=one.a, b=one.b, refused=tuple(refused), path=tuple(path), against=tuple(against))


def path_to(starts: Iterable[str], ends: Iterable[str], same: Iterable[WordView]) -> list[WordView]:
    """Give the fewest words that lead from the starts to every end that words lead to, by number."""
    links: dict[str, list[tuple[str, WordView]]] = {}
    for word in same:
        links.setdefault(word.a, []).append((word.b, word))
        links.setdefault(word.b, []).append((word.a, word))
    came: dict[str, tuple[str, WordView] | None] = dict.fromkeys(starts)
    waiting = list(came)
    for rid in waiting:
        for other, word in links.get(rid, ()):
            if other not in came:
                came[other] = (rid, word)
                waiting.append(other)
    found: dict[int, WordView] = {}
    for end in ends:
        step = came.get(end)
        while step is not None:
            found[step[1].judgement_no] = step[1]
            step = came[step[0]]
    return [found[number] for number in sorted(found)]
