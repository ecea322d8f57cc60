"""From pairs and labels to a model file: weights, calibration, and terms that are not learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.learning.calibrate import capped, knots
from app.learning.isotonic import Floats
from app.learning.labels import CODE, answer_weights, by_codes, cut_down
from app.learning.tables import Examples, Tables, learn
from app.pipeline.matching.levels import Levels
from app.pipeline.matching.model import Model
from app.pipeline.matching.profile import Profile
from app.pipeline.matching.scorer import Scorer

MOST_PAIRS = 200_000
"""Examples that are learned from at most."""
_HELD_OUT = 5
"""Every so manieth example is kept for calibrating."""
_CODES = (0, -4_000_000, 3_000_000, 3_500_000, 4_000_000)
"""What a project code counts where codes were the teacher and could not be pupils too."""
_TOGETHER = 14
_NOISE = (0.02, 0.05)
"""Shares of wrong labels that codes are taken to give: of two projects, later phases inherit a code; of one, codes are
mistyped, drafts or another's."""
_TOGETHER_BY_CODES = 6
LEAST_ANSWERS = 20
"""Answers `same`, and answers `different`, below which nothing is learned from them."""
_FIRM = 6.0
"""Penalty on what answers change: a few hundred of them correct a model, they do not make one."""


def from_codes(profile: Profile, levels: Levels, base: Model, said: str) -> Model:
    """Learn from blocked pairs whose records both state a project code; nobody had to answer anything.

    `base` gives caps, cuts and version. Raises ValueError where codes teach too little.
    """
    chosen, labels = by_codes(profile, levels)
    if min(labels.sum(), len(labels) - labels.sum()) < 200:
        raise ValueError("too few pairs with two project codes to learn from: keep the model that is there")
    chosen, labels = _at_most(chosen, labels)
    names = [one.name for one in profile.features if one.name not in (CODE, "sources")]
    full = levels[:, chosen]
    examples = Examples(
        np.concatenate((full, cut_down(full, levels, seed=len(labels))), axis=1),
        np.tile(labels, 2),
        np.ones(2 * len(labels)),
        noise=_NOISE,
    )
    model = _trained(profile, examples, names, _TOGETHER_BY_CODES, base, noisy=True)
    return replace(
        model,
        table={**model.table, CODE: _CODES},
        trained_on=f"{said}; {len(labels)} pairs by two project codes",
    )


def from_labels(profile: Profile, levels: Levels, labels: Floats, base: Model, said: str) -> Model:
    """Learn from blocked pairs that are all labelled, codes included: a city whose truth is known."""
    chosen, labels = _at_most(np.arange(len(labels)), labels)
    names = [one.name for one in profile.features]
    examples = Examples(levels[:, chosen], labels, np.ones(len(labels)))
    model = _trained(profile, examples, names, _TOGETHER, base, noisy=False)
    return replace(model, trained_on=f"{said}; {len(labels)} labelled pairs")


def _at_most(chosen: NDArray[np.intp], labels: Floats) -> tuple[NDArray[np.intp], Floats]:
    every = -(-len(chosen) // MOST_PAIRS)
    return chosen[::every], labels[::every]


def _trained(
    profile: Profile, examples: Examples, names: list[str], pairs: int, base: Model, *, noisy: bool
) -> Model:
    held = np.arange(len(examples.labels)) % _HELD_OUT == 0
    tables = learn(profile, examples.part(~held), names, pairs)
    model = _model(profile, tables, base)
    kept = examples.part(held)
    odds = Scorer(replace(model, caps=()), profile).points(kept.levels) / 1e6
    return capped(replace(model, calibration=knots(odds, kept.labels, kept.weights, noisy=noisy)))


def _model(profile: Profile, tables: Tables, base: Model) -> Model:
    names = [one.name for one in profile.features]
    return replace(
        base,
        prior=_whole(tables.prior),
        table={names[place]: tuple(map(_whole, row)) for place, row in tables.single.items()},
        pair={
            f"{names[a]}*{names[b]}": tuple(tuple(map(_whole, row)) for row in table)
            for (a, b), table in tables.pair.items()
        },
        calibration=(),
    )


def _whole(odds: float) -> int:
    return round(float(odds) * 1_000) * 1_000


def from_answers(
    profile: Profile, levels: Levels, labels: Floats, chances: Floats, base: Model, said: str
) -> Model:
    """Correct a model by people's answers about pairs, each with the chance it was drawn with.

    Raises ValueError where they are too few to correct anything.
    """
    alike = int(labels.sum())
    if min(alike, len(labels) - alike) < LEAST_ANSWERS:
        raise ValueError(
            f"{alike} 条相同、{len(labels) - alike} 条不同，各需至少 {LEAST_ANSWERS} 条 too few answers to learn from: {alike} same"
            f" and {len(labels) - alike} different, and it takes {LEAST_ANSWERS} of each (`GET /reviews?order=teaching`)"
        )
    told = f"{said}: {len(labels)} answers"
    return corrected(profile, levels, labels, chances, base, told)


def corrected(
    profile: Profile, levels: Levels, labels: Floats, chances: Floats, base: Model, said: str
) -> Model:
    """Correct a model by answers, however few: what so few cannot say is left as it is."""
    weights = answer_weights(chances)
    odds = Scorer(replace(base, caps=()), profile).points(levels) / 1e6
    examples = Examples(levels, labels, weights, odds)
    tables = learn(profile, examples, [one.name for one in profile.features], 0, _FIRM)
    names = [one.name for one in profile.features]
    table = dict(base.table)
    for place, row in tables.single.items():
        old = table.get(names[place], (0,) * len(row))
        table[names[place]] = tuple(was + _whole(more) for was, more in zip(old, row, strict=True))
    return replace(
        base,
        prior=base.prior + _whole(tables.prior),
        table=table,
        trained_on=f"{base.trained_on}; {said}",
    )
