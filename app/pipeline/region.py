"""What is clustered anew: every record of the components some records were in or are in now, and what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from app.db import resolution
from app.db.resolution import MemberRow, Supposed, WordRow
from app.db.session import Connection
from app.pipeline.matching.cluster import Scored, Word
from app.pipeline.matching.score import REVIEW_CUT

AT_ONCE = 1_000
"""Records whose pairs are read in one go: as rows they take twice the memory of what is kept of them."""


@dataclass(slots=True)
class Region:
    """Records that may be grouped anew, their pairs, the words on them, and where they were."""

    records: set[str] = field(default_factory=set)
    pairs: list[Scored] = field(default_factory=list)
    words: dict[int, WordRow] = field(default_factory=dict)
    before: dict[str, MemberRow] = field(default_factory=dict)


def region(
    connection: Connection,
    jurisdiction: int,
    seeds: Iterable[str],
    words_upto: int,
    supposed: Supposed | None = None,
) -> Region:
    """Give the closure of `seeds` over pairs above the review cut, words and common projects."""
    found = Region()
    known, frontier = found.records, set(seeds)
    one_of: dict[str, str] = {}
    while frontier:
        near: set[str] = set()
        rest = iter(frontier)
        while some := list(islice(rest, AT_ONCE)):
            for a, b, points in resolution.pairs_of(connection, jurisdiction, some):
                if a not in known and b not in known:  # those of whom it is were read with him
                    left, right = one_of.setdefault(a, a), one_of.setdefault(b, b)
                    found.pairs.append((left, right, points))
                    if points >= REVIEW_CUT:
                        near.add(left)
                        near.add(right)
            known.update(some)
        words = resolution.words_on(connection, jurisdiction, frontier, words_upto)
        for word in supposed.heard(words, frontier) if supposed else words:
            found.words[word.judgement_no] = word
            near |= {word.a, word.b}
        placed = resolution.members_of(connection, jurisdiction, frontier)
        found.before |= {member.record_id: member for member in placed}
        projects = {member.project_id for member in placed}
        near.update(m.record_id for m in resolution.members_in(connection, jurisdiction, projects))
        frontier = near - known
    return found


@dataclass(slots=True)
class Component:
    """Records that hang together by pairs above the review cut or by a person's word, with all said between them."""

    records: list[str] = field(default_factory=list)
    pairs: list[Scored] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


def components(records: Collection[str], pairs: Iterable[Scored], words: Iterable[Word]) -> list[Component]:
    """Part records into their components; a merge needs a pair above the cut, so clustering them apart is exact.

    Pairs and words that name another record are left out.
    """
    words = [word for word in words if word.a in records and word.b in records]
    inside = [scored for scored in pairs if scored[0] in records and scored[1] in records]
    links = ((a, b) for a, b, points in inside if points >= REVIEW_CUT)
    root = _roots(records, chain(links, ((word.a, word.b) for word in words)))
    home: dict[str, Component] = {}
    for rid in sorted(records):
        home.setdefault(root[rid], Component()).records.append(rid)
    for scored in inside:
        of = root[scored[0]]
        if of == root[scored[1]]:
            home[of].pairs.append(scored)
    for word in words:
        home[root[word.a]].words.append(word)
    return list(home.values())


def _roots(records: Iterable[str], links: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Give each record the one that names its component."""
    root = {rid: rid for rid in records}

    def find(rid: str) -> str:
        while (of := root[rid]) != rid:
            root[rid] = rid = root[of]
        return rid

    for a, b in links:
        root[find(a)] = find(b)
    return {rid: find(rid) for rid in root}
