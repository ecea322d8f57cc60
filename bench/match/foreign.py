"""Real departments' files read by manifests of their own (`feeds/`), through the same connectors as any department's.

The files are read where they lie and never copied: their origin states no licence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from app.learning.blocking import candidate_pairs
from app.learning.linking import Linked, Places, Points, link
from app.pipeline.evaluate import Score
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import score_pairs, shipped
from app.pipeline.matching.stated import stated
from app.pipeline.statements import write
from bench.match.blocking import Pairs
from bench.match.measures import score_of
from connectors.contract import Binding
from connectors.registry import Registry, source_in
from connectors.strict_json import loads
from schemas.ids import record_id
from schemas.records import Accepted, RawRecord

AREA = 100000
"""No city's code: the records are of many."""
_FEEDS = Path(__file__).with_name("feeds")


Name = tuple[str, str]
"""A feed and a record's key in it."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Records in the order of their ids, each with its name.

    `alike` are groups of one feed that nobody can tell apart: equal in every column but the key.
    """

    ids: list[str]
    names: list[Name]
    normals: list[Normal]
    alike: list[list[Name]]

    def candidates(self) -> Pairs:
        """Give every two records that the hub would compare."""
        return candidate_pairs(block_keys_of(self.normals))

    def scores(self, pairs: Pairs) -> Points:
        """Give the probability (10⁻⁶) of pairs by the shipped model."""
        left, right = (pairs[:, side].astype(np.intp) for side in (0, 1))
        return score_pairs(shipped(), project_vectors(self.normals), left, right).astype(np.int64)

    def linked(self) -> Linked:
        """Give the clusters at both cuts of the shipped model."""
        pairs = self.candidates()
        return link(self.ids, self.normals.__getitem__, pairs, self.scores(pairs)).linked()


def read(feeds: Sequence[str], folder: Path) -> Foreign:
    """Read all records of these feeds from the folder; raises ValueError where a row is not understood."""
    registry = Registry({key: source_in(_FEEDS.joinpath(*key.split("."))) for key in feeds}, [])
    found: dict[str, tuple[Name, Normal]] = {}
    saying: dict[tuple[str, str], list[Name]] = {}
    for feed in feeds:
        own = registry.manifest(feed).identity.columns
        for raw, text in _records(registry, feed, folder):
            rid, name = record_id(AREA, feed, raw.key), (feed, raw.key)
            found[rid] = name, normal(rid, stated(text))
            rest = sorted((column, told) for column, told in loads(raw.body).items() if column not in own)
            saying.setdefault((feed, str(rest)), []).append(name)
    ids = sorted(found)
    alike = [names for names in saying.values() if len(names) > 1]
    return Foreign(ids, [found[rid][0] for rid in ids], [found[rid][1] for rid in ids], alike)


def across(
    foreign: Foreign, truth: Mapping[Name, str], groups: Places, left_out: Iterable[Name] = ()
) -> Score:
    """Score the pairs of different feeds within groups; records left out count on neither side."""
    gone = frozenset(left_out)
    kept = [
        (name, group) for name, group in zip(foreign.names, groups.tolist(), strict=True) if name not in gone
    ]
    true = _across([(name, truth.get(name, "/".join(name))) for name, _ in kept])
    found = _across(kept)
    return score_of(len(true & found), len(found), len(true))


def _across(grouped: Iterable[tuple[Name, object]]) -> set[tuple[Name, Name]]:
    members: dict[object, list[Name]] = {}
    for name, group in grouped:
        members.setdefault(group, []).append(name)
    return {(a, b) for held in members.values() for a, b in combinations(sorted(held), 2) if a[0] != b[0]}


def _records(registry: Registry, feed: str, folder: Path) -> Iterator[tuple[RawRecord, str]]:
    connector = registry.open(feed, Binding(AREA, location=str(folder)))
    for page in connector.fetch(None):
        raws = [row for row in page.rows if isinstance(row, RawRecord)]
        for raw, outcome in zip(raws, connector.understand(raws), strict=True):
            if len(raws) < len(page.rows) or not isinstance(outcome, Accepted):
                raise ValueError(f"{feed} {raw.key}: not understood: {outcome}")
            for statement in outcome.statements:
                yield raw, write(statement).text
