from __future__ import annotations

import numpy as np
import pytest

from app.learning.known import LEAST, MOST, PRIOR
from app.learning.tables import Examples, learn
from app.pipeline.matching.project import PROJECT


def test_the_bounds_are_those_of_features_there_are() -> None:
    for bounds in (LEAST, MOST):
        for name, row in bounds.items():
            assert len(row) == len(PROJECT.features[PROJECT.place(name)].levels)
    for name in LEAST.keys() & MOST.keys():
        assert all(low <= high for low, high in zip(LEAST[name], MOST[name], strict=True))


@pytest.mark.parametrize("truth", [0.1, 0.9])
def test_a_city_whose_numbers_prove_nothing_teaches_neither_that_nor_that_silence_does(truth: float) -> None:
    rng = np.random.default_rng(4)
    levels = np.stack([rng.integers(0, len(one.levels), 4_000) for one in PROJECT.features]).astype(np.uint8)
    labels = (rng.random(4_000) < truth).astype(float)
    names = ["number_certificate", "town", "sources"]
    found = learn(PROJECT, Examples(levels, labels, np.ones(4_000)), names, pairs=1)
    certificate = found.single[PROJECT.place("number_certificate")]
    assert certificate[PROJECT.features[PROJECT.place("number_certificate")].levels.index("cited")] >= 7
    assert all(row[0] == 0 for row in found.single.values())
    assert found.single[PROJECT.place("sources")].max() <= 0.3
    assert found.prior <= PRIOR["project"]
