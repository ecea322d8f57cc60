"""Clusters of a whole city from scored pairs, component by component, as the hub makes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import Clustering, cluster
from app.pipeline.matching.score import FLOOR
from app.pipeline.region import Component, components
from bench.match.blocking import Pairs
from bench.match.city import Records
from bench.match.measures import Points


@dataclass(frozen=True, slots=True)
class Linked:
    """The clusters at both cuts, a number per record, and how many merges a person is asked about."""

    safe: NDArray[np.int32]
    together: NDArray[np.int32]
    reviews: int
    largest_component: int


def link(records: Records, pairs: Pairs, scores: Points) -> Linked:
    """Cluster a city: what merges above the safe cut, and what belongs together if every question is answered yes."""
    kept = scores >= FLOOR
    ids = records.ids
    scored = {
        (ids[a], ids[b]): int(s)
        for (a, b), s in zip(pairs[kept].tolist(), scores[kept].tolist(), strict=True)
    }
    place = {rid: i for i, rid in enumerate(ids)}
    safe, together = np.arange(len(records), dtype=np.int32), np.arange(len(records), dtype=np.int32)
    reviews = largest = 0
    for component in components(place.keys(), scored, ()):
        if len(component.records) < 2:
            continue
        largest = max(largest, len(component.records))
        clustering = _clustered(records, place, component)
        reviews += len(clustering.reviews)
        for project in clustering.projects:
            members = [place[rid] for rid in project]
            safe[members] = together[members] = members[0]
        for merge in clustering.merges:
            if not merge.safe:  # these come last, and each names both sides in full
                members = [place[rid] for rid in (*merge.left, *merge.right)]
                together[members] = min(members)
    return Linked(safe, together, reviews, largest)


def _clustered(records: Records, place: dict[str, int], component: Component) -> Clustering:
    live = {rid: records.normal(place[rid]) for rid in component.records}
    if agree(live, component.pairs):
        return Clustering((tuple(component.records),), (), {}, ())
    return cluster(live, {}, component.pairs, ())
