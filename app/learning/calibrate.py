"""What log-odds are worth as probabilities, by pairs the weights were not learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.learning.isotonic import Floats, rising
from app.pipeline.matching.model import REACH, STEP, Model

_BINS = 60
_LEAST, _MOST = 0.0002, 0.9998
Knots = tuple[tuple[int, int], ...]
"""Points and probability, both 10⁻⁶, rising."""


def knots(odds: Floats, labels: Floats, weights: Floats, *, noisy: bool = False) -> Knots:
    """Give a calibration by isotonic regression over bins of equal size.

    With `noisy` labels the shares at both ends are taken for the labels' own error and taken out: no score can be surer of
    a wrong label than of a right one.
    """
    order = np.argsort(odds, kind="stable")
    bins = np.array_split(order, min(_BINS, max(1, len(order) // 20)))
    mass = np.array([weights[part].sum() for part in bins])
    # half a case on either side: a bin of one kind is not proof
    share = np.array([(weights[part] @ labels[part] + 0.5) / (weights[part].sum() + 1) for part in bins])
    found = rising(share, mass)
    if noisy:
        low, high = found[: max(1, len(bins) // 3)].mean(), found[-max(1, len(bins) // 5) :].mean()
        found = (found - low) / max(1e-6, high - low)
    found = np.clip(found, _LEAST, _MOST)
    middle = np.array([np.median(odds[part]) for part in bins])
    return tuple((round(point * 1e6), round(chance * 1e6)) for point, chance in _distinct(middle, found))


def capped(model: Model) -> Model:
    """Give the model with its caps where they belong: just below the safe cut, so that what is capped is asked about."""
    below = model.safe - (model.safe - model.review) // 20
    points = (int(np.searchsorted(model.odds, below, side="right")) - 1 - REACH) * STEP
    return replace(model, caps=tuple(replace(cap, points=points) for cap in model.caps))


def _distinct(points: Floats, chances: Floats) -> list[tuple[float, float]]:
    """Give one knot per point in rising order, with only the ends of level stretches."""
    kept: list[tuple[float, float]] = []
    for point, chance in zip(points.tolist(), chances.tolist(), strict=True):
        if kept and point - kept[-1][0] < 0.01:
            continue
        if len(kept) > 1 and kept[-1][1] == kept[-2][1] == chance:
            kept.pop()
        kept.append((point, chance))
    # where the outermost bins say no more the log-odds go on by themselves, so that the surest pairs stay told apart
    if len(kept) > 2 and kept[0][1] == kept[1][1]:
        kept.pop(0)
    if len(kept) > 2 and kept[-1][1] == kept[-2][1]:
        kept.pop()
    if kept:
        first, last = kept[0], kept[-1]
        kept = [(first[0] - 4, min(first[1], _LEAST)), *kept, (last[0] + 4, max(last[1], _MOST))]
    return kept
