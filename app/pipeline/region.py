"""What a batch touches: every record of the components its records were in or are in now, and what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from app.db import resolution
from app.db.resolution import MemberRow, Supposed, WordRow
from app.db.session import Connection
from app.pipeline.matching.cluster import Scored, Scores, Word
from app.pipeline.matching.score import REVIEW_CUT


@dataclass(slots=True)
class Region:
    """Records that may be grouped anew, their pairs that still hold, the words on them, and where they were."""

    records: set[str] = field(default_factory=set)
    pairs: Scores = field(default_factory=dict)
    words: dict[int, WordRow] = field(default_factory=dict)
    before: dict[str, MemberRow] = field(default_factory=dict)


class Judged:
    """The records judged anew and those of whom nothing is stored yet, with their pairs as found and those that were other."""

    def __init__(
        self, records: AbstractSet[str], fresh: Scores, former: Scores, new: AbstractSet[str]
    ) -> None:
        """Lay the pairs out by their records, once for all the regions that are asked for."""
        self.records, self.new = records, new
        every = ((a, b, points) for scores in (fresh, former) for (a, b), points in scores.items())
        self.links = _links(every)
        self.fresh: dict[str, list[Scored]] = {}
        for (a, b), points in fresh.items():
            self.fresh.setdefault(a, []).append((a, b, points))


def region(
    connection: Connection,
    jurisdiction: int,
    seeds: Iterable[str],
    judged: Judged,
    words_upto: int,
    supposed: Supposed | None = None,
) -> Region:
    """Give the closure of `seeds` over pairs above the review cut, old and fresh, words and common projects.

    Stored pairs of records that were judged anew lead on and are left out.
    """
    found = Region()
    links = judged.links
    frontier = _reached(seeds, links, found.records)
    while frontier:
        found.records |= frontier
        near: set[str] = set()
        for a, b, points in resolution.pairs_of(connection, jurisdiction, frontier - judged.records):
            if a not in judged.records and b not in judged.records:
                found.pairs[a, b] = points
            if points >= REVIEW_CUT:
                near.add(a)
                near.add(b)
        words = resolution.words_on(connection, jurisdiction, frontier, words_upto)
        for word in supposed.heard(words, frontier) if supposed else words:
            found.words[word.judgement_no] = word
            near |= {word.a, word.b}
        placed = resolution.members_of(connection, jurisdiction, frontier - judged.new)
        found.before |= {member.record_id: member for member in placed}
        projects = {member.project_id for member in placed}
        near.update(m.record_id for m in resolution.members_in(connection, jurisdiction, projects))
        frontier = _reached(near - found.records, links, found.records)
    for rid in found.records & judged.fresh.keys():
        found.pairs.update(((a, b), points) for a, b, points in judged.fresh[rid])
    return found


def _links(pairs: Iterable[Scored]) -> dict[str, list[str]]:
    links: dict[str, list[str]] = {}
    for a, b, points in pairs:
        if points >= REVIEW_CUT:
            links.setdefault(a, []).append(b)
            links.setdefault(b, []).append(a)
    return links


def _reached(start: Iterable[str], links: Mapping[str, Iterable[str]], known: Collection[str]) -> set[str]:
    """Give what is reached from `start` along the links without entering what is known."""
    reached = set(start)
    waiting = list(reached)
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in reached and other not in known:
                reached.add(other)
                waiting.append(other)
    return reached


@dataclass(slots=True)
class Component:
    """Records that hang together by pairs above the review cut or by a person's word, with all said between them."""

    records: list[str] = field(default_factory=list)
    pairs: list[Scored] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


def components(records: Collection[str], pairs: Scores, words: Iterable[Word]) -> list[Component]:
    """Part records into their components; a merge needs a pair above the cut, so clustering them apart is exact.

    Pairs and words that name another record are left out.
    """
    words = [word for word in words if word.a in records and word.b in records]
    inside = [(a, b, points) for (a, b), points in pairs.items() if a in records and b in records]
    links = _links(inside)
    for word in words:
        links.setdefault(word.a, []).append(word.b)
        links.setdefault(word.b, []).append(word.a)
    home: dict[str, Component] = {}
    found: list[Component] = []
    for rid in sorted(records):
        if rid not in home:
            component = Component(sorted(_reached((rid,), links, ())) if rid in links else [rid])
            home.update(dict.fromkeys(component.records, component))
            found.append(component)
    for pair in inside:
        component = home[pair[0]]
        if component is home[pair[1]]:
            component.pairs.append(pair)
    for word in words:
        home[word.a].words.append(word)
    return found
