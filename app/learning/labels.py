"""Labels for pairs: those that two project codes give by themselves, and which questions to ask people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.learning.isotonic import Floats
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.profile import Profile

CODE = "code"
_SURE = 10.0
"""How many times the usual weight one answer may have at most."""
_ANYWHERE = 0.02
"""Chance, beside that at the boundary, with which any pair is asked about."""


def by_codes(profile: Profile, levels: Levels) -> tuple[NDArray[np.intp], Floats]:
    """Give the pairs of which both sides state a project code, and whether the codes say that they are one project.

    A code that is one digit off counts as the same. Pairs that state different phases or zones are left out: rules decide
    them, and a code that a later phase inherited would be learned as its opposite.
    """
    code = levels[profile.place(CODE)]
    ruled = np.zeros(levels.shape[1], bool)
    for place, feature in enumerate(profile.features):
        if "conflict" in feature.levels:
            ruled |= levels[place] == feature.levels.index("conflict")
    chosen = np.flatnonzero((code > 0) & ~ruled)
    return chosen, (code[chosen] > 1).astype(np.float64)


def cut_down(levels: Levels, like: Levels, seed: int) -> Levels:
    """Give pairs that say no more than random ones of `like` do, feature by feature.

    Records with a project code say more than others; what a pair without a name or an owner is worth would never be learned.
    """
    drawn = np.random.default_rng(seed).integers(0, like.shape[1], levels.shape[1])
    said: Levels = np.where(like[:, drawn] == 0, 0, levels).astype(levels.dtype)
    return said


def draw_chances(odds: Floats, wanted: int) -> Floats:
    """Give each pair's chance to be asked about: most where the score is torn, some everywhere; `wanted` in all.

    `odds` are log-odds. Keep the chance with the answer: its reverse is the answer's weight.
    """
    share = np.exp(-np.abs(odds) / 2) + _ANYWHERE
    chances: Floats = np.minimum(1.0, share * wanted / share.sum())
    return chances


def answer_weights(chances: Floats) -> Floats:
    """Give answers their weights: the reverse of the chance they were drawn with, 1 in the middle and 10 at most."""
    weights = 1 / chances
    return np.minimum(_SURE, weights / np.median(weights))
