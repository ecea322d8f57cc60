from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.learning.hub import Answers
from app.learning.proposal import proposal
from app.pipeline.matching.model import write_model
from app.pipeline.matching.published import checked
from app.pipeline.matching.score import MODEL
from bench.match.answering import answers_to
from bench.match.city import Wanted
from bench.match.scoring import City, made_ready
from tests.app.learning.test_held_out import TIMID


@pytest.fixture(scope="module")
def city() -> City:
    return made_ready(Wanted(7, 2500))


@pytest.fixture(scope="module")
def answers(city: City) -> Answers:
    levels, labels, chances = answers_to(city, TIMID, 300, 1)
    return Answers(levels, labels, chances, np.arange(11, len(labels) + 11))


def test_what_answers_show_to_be_better_is_proposed_and_knows_the_last_of_them(answers: Answers) -> None:
    told = proposal(answers, None, TIMID, "a hub")
    assert told.doubt == ""
    assert told.held_out
    assert told.held_out.better
    assert told.model.answers_upto == answers.numbers[-1]
    assert checked(write_model(told.model)) == told.model


def test_what_they_do_not_show_is_doubted_by_name(answers: Answers, city: City) -> None:
    best = proposal(answers, None, TIMID, "a hub").model
    again = proposal(answers, None, best, "a hub")
    assert "only 0 answers were given since" in again.doubt
    levels = city.levels(np.arange(len(city.pairs)))
    few = Answers(answers.levels[:, :30], answers.labels[:30], answers.chances[:30], answers.numbers[:30])
    by_codes = proposal(few, levels, MODEL, "a hub")
    assert "nobody can tell" in by_codes.doubt
    assert by_codes.held_out is None
    with pytest.raises(ValueError, match="too few answers"):
        proposal(few, None, MODEL, "a hub")
    flattered = replace(best, answers_upto=0)
    assert "no better than" in proposal(answers, None, flattered, "a hub").doubt
