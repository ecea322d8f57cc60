"""Clusters of many records at once from scored pairs, component by component, as the hub makes them, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, Review, Word, cluster
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.score import FLOOR, REVIEW_CUT, SAFE_CUT, WHOLE
from app.pipeline.region import Component, components

Places = NDArray[np.int32]
Points = NDArray[np.int64]


class Cuts(NamedTuple):
    """The two cuts as probabilities (10⁻⁶): below the first nothing belongs together, above the second it is safe."""

    review: int
    safe: int


SHIPPED = Cuts(REVIEW_CUT, SAFE_CUT)


@dataclass(frozen=True, slots=True)
class Linked:
    """The clusters at both cuts, a number per record, and what a person is asked."""

    safe: Places
    together: Places
    reviews: int
    largest_component: int


@dataclass(slots=True)
class Linking:
    """The components of these records, each clustered under the words spoken so far."""

    ids: Sequence[str]
    normal: Callable[[int], Normal]
    parts: list[Component]
    clusterings: list[Clustering] = field(default_factory=list)
    _place: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Cluster every component."""
        self._place = {rid: i for i, rid in enumerate(self.ids)}
        self.clusterings = [self._clustered(part) for part in self.parts]

    def speak(self, number: int, words: Iterable[Word]) -> None:
        """Cluster one component anew under more words."""
        part = self.parts[number]
        part.words.extend(words)
        self.clusterings[number] = self._clustered(part)

    def questions(self) -> Iterator[tuple[int, Review]]:
        """Give every question with the number of its component."""
        for number, clustering in enumerate(self.clusterings):
            for review in clustering.reviews:
                yield number, review

    def linked(self) -> Linked:
        """Give the clusters as they stand."""
        n = len(self.ids)
        safe, together = np.arange(n, dtype=np.int32), np.arange(n, dtype=np.int32)
        for clustering in self.clusterings:
            for project in clustering.projects:
                members = [self._place[rid] for rid in project]
                safe[members] = together[members] = min(members)
            for merge in clustering.merges:
                if not merge.safe:  # these come last, and each names both sides in full
                    members = [self._place[rid] for rid in (*merge.left, *merge.right)]
                    together[members] = min(members)
        reviews = sum(len(one.reviews) for one in self.clusterings)
        return Linked(safe, together, reviews, max((len(one.records) for one in self.parts), default=0))

    def _clustered(self, component: Component) -> Clustering:
        live = {rid: self.normal(self._place[rid]) for rid in component.records}
        if not component.words and agree(live, component.pairs):
            return Clustering((tuple(component.records),), (), {}, ())
        return cluster(live, {}, component.pairs, component.words)


def link(
    ids: Sequence[str],
    normal: Callable[[int], Normal],
    pairs: Places,
    scores: Points,
    cuts: Cuts = SHIPPED,
    words: Iterable[Word] = (),
) -> Linking:
    """Cluster living records (in order of their ids) from the probabilities (10⁻⁶) of pairs of their places."""
    scores = laid(scores, cuts)
    kept = scores >= FLOOR
    scored = [
        (ids[a], ids[b], int(s))
        for (a, b), s in zip(pairs[kept].tolist(), scores[kept].tolist(), strict=True)
    ]
    parts = [one for one in components(frozenset(ids), scored, words) if len(one.records) > 1]
    return Linking(ids, normal, parts)


def laid(scores: Points, cuts: Cuts) -> Points:
    """Give scores on the scale of the hub's own cuts, which are those of its model file; `cuts` are another model's."""
    scale = (0, *cuts, WHOLE), (0, *SHIPPED, WHOLE)
    return scores if cuts == SHIPPED else np.interp(scores, *scale).astype(np.int64)
