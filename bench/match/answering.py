"""A simulated reviewer who knows the truth: answers that teach a model, and answers to the questions of the queue."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import replace

import numpy as np

from app.learning.isotonic import Floats
from app.learning.labels import draw_chances
from app.learning.linking import Linking
from app.learning.train import from_answers
from app.pipeline.matching.cluster import Review, Word
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import Model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.scorer import Scorer
from bench.match.city import Records
from bench.match.scoring import City
from schemas.judgements import Verdict


def taught(city: City, model: Model, answers: int, seed: int) -> Model:
    """Give a model corrected by so many answers about pairs of the city, drawn where the model is torn."""
    levels, labels, chances = answers_to(city, model, answers, seed)
    return from_answers(PROJECT, levels, labels, chances, model, "simulated reviewer")


def answers_to(city: City, model: Model, answers: int, seed: int) -> tuple[Levels, Floats, Floats]:
    """Give the levels of so many pairs of the city, drawn where the model is torn, the truth of them and their chances."""
    open_ = np.flatnonzero(~city.ruled)
    levels = city.levels(open_)
    odds: Floats = Scorer(replace(model, caps=()), PROJECT).points(levels) / 1e6
    rng = np.random.default_rng(seed)
    chances = draw_chances(odds, answers)
    drawn = np.flatnonzero(rng.random(len(chances)) < chances)[:answers]
    return levels[:, drawn], city.labels(open_[drawn]), chances[drawn]


def answered(records: Records, linking: Linking, answers: int) -> int:
    """Answer the questions that move most records first, until so many are answered; give how many were.

    Every answer is a word on two records; its component is clustered anew, and may ask anew.
    """
    truth = {rid: int(project) for rid, project in zip(records.ids, records.truth.tolist(), strict=True)}
    waiting = [
        (_weight(review), number, review.left[0], review.right[0]) for number, review in linking.questions()
    ]
    heapq.heapify(waiting)
    done, known = 0, set[tuple[str, str]]()
    while waiting and done < answers:
        _, number, left, right = heapq.heappop(waiting)
        review = next(
            (
                one
                for one in linking.clusterings[number].reviews
                if (one.left[0], one.right[0]) == (left, right)
            ),
            None,
        )
        if review is None:
            continue
        word = _word(review, truth, done)
        if (word.a, word.b) in known:
            continue
        known.add((word.a, word.b))
        done += 1
        before = {(one.left[0], one.right[0]) for one in linking.clusterings[number].reviews}
        linking.speak(number, [word])
        for one in linking.clusterings[number].reviews:
            if (one.left[0], one.right[0]) not in before or one.left[0] == left or one.right[0] == right:
                heapq.heappush(waiting, (_weight(one), number, one.left[0], one.right[0]))
    return done


def _weight(review: Review) -> int:
    return -len(review.left) * len(review.right)


def _word(review: Review, truth: dict[str, int], number: int) -> Word:
    """Judge two groups by what most of each is, and say it of two records that are that."""
    sides = []
    for side in (review.left, review.right):
        most = Counter(truth[rid] for rid in side).most_common(1)[0][0]
        sides.append((min(rid for rid in side if truth[rid] == most), most))
    (a, one), (b, other) = sides
    verdict = Verdict.SAME if one == other else Verdict.DIFFERENT
    return Word(min(a, b), max(a, b), verdict, number)
