"""Sequences that never fall, as near as can be to given ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rising(values: Floats, weights: Floats) -> Floats:
    """Give the sequence that never falls and is nearest by weighted squares (pool adjacent violators).

    Weights are above 0.
    """
    means: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        means.append(value)
        masses.append(weight)
        sizes.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            mean, mass, size = means.pop(), masses.pop(), sizes.pop()
            total = masses[-1] + mass
            means[-1] = (means[-1] * masses[-1] + mean * mass) / total
            masses[-1] = total
            sizes[-1] += size
    return np.repeat(means, sizes)
