"""The ways of scoring that the report sets side by side, each with cuts chosen on a city that is not the one told of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from app.learning.calibrate import capped
from app.learning.isotonic import Floats
from app.learning.linking import SHIPPED, Cuts, Points, link
from app.learning.train import MOST_PAIRS, from_codes, from_labels
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import Model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL
from bench.match.answering import taught
from bench.match.measures import clusters_score, curve
from bench.match.scoring import City

SAFE = 0.998
"""The precision asked of what merges by itself on the tuning city: a little more than is promised, for cities differ."""
_REVIEW = (200_000, 300_000, 400_000, 500_000, 600_000)
_SAFE = (450_000, 500_000, 600_000, 700_000, 800_000, 850_000, 900_000, 950_000, 980_000)


@dataclass(frozen=True, slots=True)
class Method:
    """A model, the pair score and the cuts that suit it."""

    model: Model
    threshold: int
    cuts: Cuts


def shipped(tuning: City) -> Method:
    """Give the model the hub ships, with its own cuts."""
    return Method(MODEL, _threshold(tuning, tuning.scores(MODEL)), SHIPPED)


def corrected(told: City, tuning: City, answers: int) -> Method:
    """Give the model the hub ships as `hub match train --answers-only` corrects it, cuts as they are."""
    model = taught(told, MODEL, answers, seed=1)
    return Method(model, _threshold(tuning, tuning.scores(model)), SHIPPED)


def without_labels(told: City, tuning: City) -> Method:
    """Give a model learned on the told city itself, from pairs whose records both state a project code."""
    return suited(from_codes(PROJECT, _all_levels(told), MODEL, "the city itself"), tuning)


def with_answers(told: City, tuning: City, before: Method, answers: int) -> Method:
    """Give such a model corrected by answers about pairs of the told city."""
    return suited(taught(told, before.model, answers, seed=1), tuning)


def trained(cities: Iterable[City], tuning: City) -> Method:
    """Give a model learned on the truth of other cities."""
    return suited(from_labels(PROJECT, *labelled(cities), MODEL, "other simulated cities"), tuning)


def labelled(cities: Iterable[City]) -> tuple[Levels, Floats]:
    """Give the levels and the truth of all pairs of these cities that no hard rule decides."""
    levels, labels = [], []
    for city in cities:
        open_ = np.flatnonzero(~city.ruled)
        levels.append(city.levels(open_))
        labels.append(city.labels(open_))
    return np.concatenate(levels, axis=1), np.concatenate(labels)


def suited(model: Model, tuning: City) -> Method:
    """Choose the pair score and the cuts of a model on the tuning city; its caps follow the cuts."""
    cuts = _cuts(tuning, tuning.scores(model))
    cut = capped(replace(model, review=cuts.review, safe=cuts.safe))
    return Method(cut, _threshold(tuning, tuning.scores(cut)), cuts)


def _all_levels(city: City) -> Levels:
    every = max(1, len(city.pairs) // (10 * MOST_PAIRS))
    return city.levels(np.arange(0, len(city.pairs), every))


def _threshold(city: City, scores: Points) -> int:
    return curve(city.records, city.pairs, np.where(city.ruled, 0, scores)).best()


def _cuts(city: City, scores: Points) -> Cuts:
    """Give the lower cut with the best clusters, and the lowest upper one that is right often enough."""
    records, pairs = city.records, city.pairs

    def together(review: int) -> float:
        return clusters_score(
            records, link(records.ids, records.normal, pairs, scores, Cuts(review, 900_000)).linked().together
        )[0].f1

    review = max(_REVIEW, key=together)
    for safe in _SAFE:
        if safe > review:
            linked = link(records.ids, records.normal, pairs, scores, Cuts(review, safe)).linked()
            if clusters_score(records, linked.safe)[0].precision >= SAFE:
                return Cuts(review, safe)
    return Cuts(review, 990_000)
