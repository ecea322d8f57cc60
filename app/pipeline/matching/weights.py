"""The weights of the rule set as integers (10⁻⁶) and the one logistic table, equal on every machine."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Context, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

WHOLE = 1_000_000
_STEP = 10_000
_REACH = 1_600

_CONTEXT = Context(prec=28)
_RAW = tomllib.loads(
    (files("app.pipeline.matching") / "weights.toml").read_text("utf-8"), parse_float=Decimal
)
VERSION: int = _RAW["version"]


def _points(value: Any) -> Any:
    """Turn every log-odds of a table into an integer; whole numbers stand for themselves."""
    if isinstance(value, Decimal):
        return int(value * WHOLE)
    if isinstance(value, list):
        return [_points(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _points(v) for k, v in value.items()}
    return value


WEIGHTS: dict[str, Any] = {k: _points(v) for k, v in _RAW.items()}
PRIOR: int = WEIGHTS["prior"]
FLOOR: int = WEIGHTS["cuts"]["floor"]
REVIEW_CUT: int = WEIGHTS["cuts"]["review"]
SAFE_CUT: int = WEIGHTS["cuts"]["safe"]

ONCE: tuple[str, ...] = tuple(sorted(scheme for scheme, row in WEIGHTS["number"].items() if "once" in row))
"""Schemes of which a project has one number, so that two different ones are a reason to ask."""


def _logistic(hundredths: int) -> int:
    odds = _CONTEXT.exp(Decimal(hundredths) / 100)
    return int((WHOLE * _CONTEXT.divide(odds, 1 + odds)).to_integral_value())


_TABLE = [_logistic(i) for i in range(-_REACH, _REACH + 1)]


def probability(points: int) -> int:
    """Give the probability (10⁻⁶) of a sum of log-odds (10⁻⁶), in steps of a hundredth of log-odds."""
    i = points // _STEP + _REACH
    return _TABLE[0 if i < 0 else min(i, 2 * _REACH)]


def points_for(probability_cap: int) -> int:
    """Give the greatest sum of log-odds whose probability is at most `probability_cap`."""
    at = max((i for i, p in enumerate(_TABLE) if p <= probability_cap), default=0)
    return (at - _REACH) * _STEP


@cache
def number_points(scheme: str, how: str) -> int:
    """Give the weight of a shared number of a scheme; schemes the table does not name weigh as `default`."""
    numbers = WEIGHTS["number"]
    row: Mapping[str, int] = numbers.get(scheme, numbers["default"])
    return row.get(how, 0)


@cache
def is_firm(scheme: str) -> bool:
    """Tell whether citing a number of a scheme is enough to lift the caps."""
    return number_points(scheme, "cited") >= int(WEIGHTS["caps"]["firm"])
