from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.learning.isotonic import rising

VALUES = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 20)), min_size=1, max_size=30)


@given(VALUES)
def test_what_is_given_never_falls_and_keeps_the_weighted_mean(said: list[tuple[float, float]]) -> None:
    values, weights = (np.array(column) for column in zip(*said, strict=True))
    found = rising(values, weights)
    assert (np.diff(found) >= -1e-9).all()
    assert np.isclose(found @ weights, values @ weights, atol=1e-6)


def test_what_never_falls_stays_as_it_is() -> None:
    values = np.array([1.0, 1.0, 2.0, 5.0])
    assert (rising(values, np.ones(4)) == values).all()
