"""A model file as somebody publishes it: checked until nothing it says can surprise who scores by it, and laid out."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.model import WHOLE, Model, read_model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL
from app.pipeline.matching.scorer import Scorer

MOST_SIGNS = 1_000_000
"""Characters of a model file that is read at all."""
_FARTHEST = 32_000_000
"""Log-odds (10⁻⁶) beyond which no single number of a model may be."""

FEATURES = blake2b(repr((PROJECT.name, PROJECT.features)).encode(), digest_size=16).hexdigest()
"""Names what records are compared by: a model is of the features it was learned on."""


def checked(text: str) -> Model:
    """Read a model file for projects; raise ValueError that tells a person what is wrong with it."""
    if len(text) > MOST_SIGNS:
        raise ValueError("too long for a model file")
    try:
        model = read_model(text)
        numbers = _numbers(model)
    except KeyError as error:
        raise ValueError(f"it has no {error}") from error
    except (AttributeError, TypeError) as error:
        raise ValueError(f"something in it is of another kind than in a model file: {error}") from error
    if model.profile != PROJECT.name:
        raise ValueError(f"it is of {model.profile}, not of {PROJECT.name}")
    if type(model.answers_upto) is not int:
        raise ValueError("answers_upto must be a whole number")
    if any(type(number) is not int or abs(number) > _FARTHEST for number in numbers):
        raise ValueError("its numbers must be whole (10⁻⁶ of log-odds) and below 32,000,000")
    if not 0 < model.floor < model.review < model.safe < WHOLE:
        raise ValueError("its cuts must rise: 0 < floor < review < safe < 1000000")
    Scorer(model, PROJECT)
    if speaking := [name for name, row in model.table.items() if row[0]]:
        raise ValueError(f"what is missing says nothing: level 0 of {', '.join(speaking)} must be 0")
    return model


@lru_cache(maxsize=16)
def laid_out(text: str) -> Scorer:
    """Give a model file laid out for projects, its cuts laid on those the hub clusters by; raise ValueError for none."""
    return beside_shipped(checked(text))


def beside_shipped(model: Model) -> Scorer:
    """Give a model laid out for projects, its probabilities stretched so that its cuts are those of the shipped one."""
    mine, ours = ((0, m.floor, m.review, m.safe, WHOLE) for m in (model, MODEL))
    odds = model.odds if mine == ours else _stretched(model.odds, mine, ours)
    return Scorer(model, PROJECT, odds)


def _stretched(odds: NDArray[np.int32], mine: tuple[int, ...], ours: tuple[int, ...]) -> NDArray[np.int32]:
    """Lay each stretch between two cuts on the other's, in whole numbers: the same on every machine."""
    found = np.empty(len(odds), np.int32)
    given = odds.astype(np.int64)
    for (low, high), (least, most) in zip(pairwise(mine), pairwise(ours), strict=True):
        within = (given >= low) & (given <= high)
        found[within] = least + (given[within] - low) * (most - least) // (high - low)
    return found


def _numbers(model: Model) -> list[object]:
    """Give every number of a model."""
    found: list[object] = [model.version, model.prior, model.floor, model.review, model.safe]
    found += [number for row in model.table.values() for number in row]
    found += [number for rows in model.pair.values() for row in rows for number in row]
    found += [number for knot in model.calibration for number in knot]
    for cap in model.caps:
        found += [cap.points, cap.enough, *cap.most.values(), *cap.least.values(), *cap.exact.values()]
    return found
