from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.learning.held_out import held_out
from app.learning.hub import Answers
from app.learning.linking import link
from app.learning.train import corrected, from_answers
from app.pipeline.matching.model import Model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL
from bench.match.answering import answers_to
from bench.match.city import Wanted
from bench.match.measures import clusters_score
from bench.match.scoring import City, made_ready

TIMID = replace(
    MODEL, prior=MODEL.prior - 2_000_000, table={**MODEL.table, "owner": (0,) * len(MODEL.table["owner"])}
)


@pytest.fixture(scope="module")
def city() -> City:
    return made_ready(Wanted(7, 2500))


def given(city: City, model: Model, n: int, seed: int = 1) -> Answers:
    levels, labels, chances = answers_to(city, model, n, seed)
    return Answers(levels, labels, chances, np.arange(1, len(labels) + 1))


def learned(answers: Answers, base: Model) -> Model:
    return from_answers(PROJECT, answers.levels, answers.labels, answers.chances, base, "test")


def f1(city: City, model: Model) -> float:
    records = city.records
    linked = link(records.ids, records.normal, city.pairs, city.scores(model)).linked()
    return clusters_score(records, linked.safe)[0].f1


def test_five_hundred_answers_mend_a_model_that_does_not_suit_the_city(city: City) -> None:
    answers = given(city, TIMID, 500)
    told = held_out(PROJECT, answers, TIMID, TIMID)
    assert told.better
    assert told.answers == len(answers.labels)
    assert told.loss[1] < 0.9 * told.loss[0]
    assert f1(city, learned(answers, TIMID)) > f1(city, TIMID) + 0.005


def test_a_handful_is_refused_and_would_hardly_move_the_model_if_it_were_not(city: City) -> None:
    answers = given(city, MODEL, 23)
    with pytest.raises(ValueError, match=r"too few answers to learn from: \d+ same and \d+ different"):
        learned(answers, MODEL)
    moved = corrected(PROJECT, answers.levels, answers.labels, answers.chances, MODEL, "test")
    assert abs(f1(city, moved) - f1(city, MODEL)) < 0.002


def test_answers_at_random_are_found_out(city: City) -> None:
    answers = given(city, MODEL, 300)
    dice = np.random.default_rng(5)
    false = answers._replace(labels=dice.integers(0, 2, len(answers.labels)).astype(np.float64))
    told = held_out(PROJECT, answers._replace(labels=false.labels), MODEL, learned(false, MODEL))
    honest = held_out(PROJECT, answers, MODEL, learned(false, MODEL))
    assert not honest.better
    assert told.f1[1] < 0.75


def test_answers_that_the_model_in_force_was_learned_from_say_nothing_of_it(city: City) -> None:
    answers = given(city, MODEL, 100)
    last = int(answers.numbers[-1])
    seen = replace(MODEL, answers_upto=last - 30)
    assert held_out(PROJECT, answers, seen, MODEL).answers == 30
    with pytest.raises(ValueError, match="only 5 answers were given since"):
        held_out(PROJECT, answers, replace(MODEL, answers_upto=last - 5), MODEL)
