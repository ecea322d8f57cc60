"""A model proposed in the place of the one in force, with what answers that it was not learned from say of it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from app.learning.held_out import HeldOut, held_out
from app.learning.hub import Answers
from app.learning.train import from_answers, from_codes
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import Model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL


class Proposal(NamedTuple):
    """A model, how it does beside the one in force, and why nobody should trust it: '' where it is shown to be better."""

    model: Model
    held_out: HeldOut | None
    doubt: str


def proposal(answers: Answers, levels: Levels | None, now: Model, said: str) -> Proposal:
    """Correct by answers what codes teach on the candidate pairs `levels`, or without these the shipped model.

    It begins anew each time: answers would count twice else. Raises ValueError where there is too little to learn from.
    """
    base = MODEL if levels is None else from_codes(PROJECT, levels, MODEL, said)
    try:
        model = from_answers(PROJECT, answers.levels, answers.labels, answers.chances, base, said)
    except ValueError as error:
        if levels is None:
            raise
        doubt = "没有答复就无从判断是否更好 without them nobody can tell whether what codes teach is better"
        return Proposal(base, None, f"{error}; {doubt}")
    model = replace(model, answers_upto=int(answers.numbers.max()))
    try:
        told = held_out(PROJECT, answers, now, base)
    except ValueError as error:
        return Proposal(model, None, str(error))
    worse = "对没有用来学习的答复，它不优于现用模型 on answers it did not see it is no better than the model in force"
    return Proposal(model, told, "" if told.better else worse)
