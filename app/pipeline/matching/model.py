"""The learned score: a sum of table look-ups over levels, made a probability; read from and written to one small file.

Everything is a whole number (10⁻⁶): the same on every machine and in any order.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

WHOLE = 1_000_000
STEP = 10_000
REACH = 1_600
"""Probabilities are told for every hundredth of log-odds up to this many of them."""
_CONTEXT = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit of the sum: where every named feature is at most (`least`: at least) at its level, there are at most `points`.

    It is lifted where `enough` of the features `exact` reach their levels: so much does not agree by chance.
    """

    name: str
    points: int
    most: Mapping[str, int]
    least: Mapping[str, int] = field(default_factory=dict)
    exact: Mapping[str, int] = field(default_factory=dict)
    enough: int = 1


@dataclass(frozen=True)
class Model:
    """Log-odds (10⁻⁶) per level of a feature and per two levels of two features, and what their sums mean.

    `calibration` has the knots (points, probability) of a map that never falls; without knots it is the logistic.
    `answers_upto` is the number of the last of a hub's own judgements it was learned from.
    Pairs below `floor` are not kept; `review` and `safe` are the two cuts, all three as probabilities (10⁻⁶).
    """

    version: int
    profile: str
    trained_on: str
    prior: int
    floor: int
    review: int
    safe: int
    table: Mapping[str, tuple[int, ...]]
    pair: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    calibration: tuple[tuple[int, int], ...] = ()
    answers_upto: int = 0

    @cached_property
    def odds(self) -> NDArray[np.int32]:
        """Give the probability (10⁻⁶) of every hundredth of log-odds from -16 to 16."""
        steps = range(-REACH, REACH + 1)
        return np.array(
            [_logistic(i) if not self.calibration else self._between(i * STEP) for i in steps], np.int32
        )

    def _between(self, points: int) -> int:
        """Read a knot, or the straight line between two."""
        knots = self.calibration
        if points <= knots[0][0]:
            return knots[0][1]
        for (x, low), (y, high) in pairwise(knots):
            if points <= y:
                return low + (high - low) * (points - x) // (y - x)
        return knots[-1][1]


def _logistic(hundredths: int) -> int:
    odds = _CONTEXT.exp(Decimal(hundredths) / 100)
    return int((WHOLE * _CONTEXT.divide(odds, 1 + odds)).to_integral_value())


def read_model(text: str) -> Model:
    """Read a model file; raises KeyError or ValueError for one that is none."""
    said = tomllib.loads(text)
    cuts, knots = said["cuts"], said.get("calibration", {"points": [], "probability": []})
    model = Model(
        version=said["version"],
        profile=said["profile"],
        trained_on=said["trained_on"],
        prior=said["prior"],
        floor=cuts["floor"],
        review=cuts["review"],
        safe=cuts["safe"],
        table={name: tuple(row) for name, row in said["table"].items()},
        pair={name: tuple(map(tuple, rows)) for name, rows in said.get("pair", {}).items()},
        caps=tuple(
            Cap(
                cap["name"],
                cap["points"],
                dict(cap["most"]),
                dict(cap["least"]),
                dict(cap.get("exact", {})),
                cap.get("enough", 1),
            )
            for cap in said.get("cap", ())
        ),
        calibration=tuple(zip(knots["points"], knots["probability"], strict=True)),
        answers_upto=said.get("answers_upto", 0),
    )
    if sorted(model.calibration) != list(model.calibration) or (np.diff(model.odds) < 0).any():
        raise ValueError("calibration must not fall: give points and probability in rising order")
    return model


def write_model(model: Model) -> str:
    """Write a model file; reading it gives the model again."""
    lines = [
        f"version = {model.version}",
        f"profile = {_quoted(model.profile)}",
        f"trained_on = {_quoted(model.trained_on)}",
        *([f"answers_upto = {model.answers_upto}"] if model.answers_upto else ()),
        f"prior = {model.prior}",
        "\n[cuts] # calibrated probabilities, 10⁻⁶",
        f"floor = {model.floor}\nreview = {model.review}\nsafe = {model.safe}",
        "\n[table] # log-odds (10⁻⁶) of each level",
        *(f"{name} = {list(row)}" for name, row in model.table.items()),
    ]
    if model.pair:
        lines.append(
            '\n[pair] # "first*second": a row per level of the first, a column per level of the second'
        )
    for name, rows in model.pair.items():
        lines += [f"{_quoted(name)} = [", *(f"  {list(row)}," for row in rows), "]"]
    for cap in model.caps:
        lines.append(f"\n[[cap]]\nname = {_quoted(cap.name)}\npoints = {cap.points}")
        lines += [f"most = {_inline(cap.most)}", f"least = {_inline(cap.least)}"]
        if cap.exact:
            lines += [f"exact = {_inline(cap.exact)}", f"enough = {cap.enough}"]
    if model.calibration:
        points, probability = map(list, zip(*model.calibration, strict=True))
        lines.append(f"\n[calibration]\npoints = {points}\nprobability = {probability}")
    return "\n".join(lines) + "\n"


def _inline(levels: Mapping[str, int]) -> str:
    return f"{{ {', '.join(f'{name} = {level}' for name, level in levels.items())} }}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
