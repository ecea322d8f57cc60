from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.model import WHOLE, Cap
from app.pipeline.matching.profile import Field, Profile, same
from app.pipeline.matching.scorer import Scorer
from tests.app.pipeline.matching.test_model import SMALL

TWO = Profile("two", (Field("x", "ids"), Field("y", "ids")), (same("x", "x"), same("y", "y")))
EVERY = np.array([[x, y] for x in range(3) for y in range(3)], np.uint8).T


def test_points_are_the_sum_of_the_tables_within_the_caps():
    told = dict(zip(map(tuple, EVERY.T.tolist()), Scorer(SMALL, TWO).points(EVERY).tolist(), strict=True))
    assert told[0, 0] == -1_000_000
    assert told[1, 2] == -1_500_000
    assert told[2, 1] == -2_000_000
    assert told[2, 2] == 2_500_000
    assert told[2, 0] == 250_000  # a cap, else a million


def test_the_terms_of_a_pair_add_up_to_its_points_and_leave_out_what_says_nothing():
    scorer = Scorer(SMALL, TWO)
    for i, points in enumerate(scorer.points(EVERY).tolist()):
        terms = scorer.terms(EVERY[:, i : i + 1])
        assert SMALL.prior + sum(p for _, _, p in terms) == points
        assert all(p for _, _, p in terms)
    assert scorer.terms(np.array([[2], [1]], np.uint8)) == [
        ("x", "same", 2_000_000),
        ("x*y", "same*other", -3_000_000),
    ]


@given(st.integers(-(10**12), 10**12))
def test_a_probability_is_one_whatever_the_points(prior):
    found = Scorer(replace(SMALL, prior=prior), TWO).probabilities(EVERY)
    assert ((found >= 0) & (found <= WHOLE)).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table": {"z": (0, 0, 0)}}, "does not compare"),
        ({"table": {"x": (0, 0)}}, r"a table of \(2,\)"),
        ({"pair": {"x*y": ((0, 0, 0),)}}, r"a table of \(1, 3\)"),
        ({"caps": (Cap("c", 0, {"z": 1}),)}, "does not compare"),
    ],
)
def test_a_model_that_does_not_fit_the_levels_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Scorer(replace(SMALL, **wrong), TWO)
