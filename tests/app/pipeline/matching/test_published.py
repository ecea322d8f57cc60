from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.model import WHOLE, write_model
from app.pipeline.matching.published import beside_shipped, checked, laid_out
from app.pipeline.matching.score import FLOOR, MODEL, REVIEW_CUT, SAFE_CUT, shipped

WRITTEN = write_model(MODEL)
CUTS = st.lists(st.integers(1, WHOLE - 1), min_size=3, max_size=3, unique=True).map(sorted)


def test_the_shipped_file_is_one_and_scores_as_shipped() -> None:
    assert checked(WRITTEN) == MODEL
    assert laid_out(WRITTEN) is laid_out(WRITTEN)
    assert (laid_out(WRITTEN).odds == shipped().odds).all()


@given(CUTS)
def test_whatever_its_cuts_a_model_asks_and_joins_where_it_says(cuts: list[int]) -> None:
    floor, review, safe = cuts
    mine = replace(MODEL, floor=floor, review=review, safe=safe)
    odds = beside_shipped(mine).odds
    for own, ours in ((floor, FLOOR), (review, REVIEW_CUT), (safe, SAFE_CUT)):
        assert ((mine.odds >= own) == (odds >= ours)).all()
    assert (np.diff(odds) >= 0).all()
    assert 0 <= odds[0] <= odds[-1] <= WHOLE


@pytest.mark.parametrize(
    ("was", "is_", "told"),
    [
        ("version = ", "version ", "="),
        ('profile = "project"', 'profile = "person"', "person"),
        ("[cuts]", "[cut]", "cuts"),
        ("floor = 20000", "floor = 500000", "cuts must rise"),
        ("prior = ", "prior = 0.5 #", "whole"),
        ("prior = ", "prior = 99000000 #", "whole"),
        ("prior = ", "prior = true #", "whole"),
        ("zone = [0, ", "zone = [5, ", "zone"),
        ("zone = [", "zone = [0, ", "zone"),
        ("zone = [", "vibes = [", "vibes"),
        ("zone = [0, ", 'zone = ["0", ', "whole"),
        ("zone = [", "zone = 7 # [", "another kind"),
        ("points = [", "points = [1, ", "zip"),
        ("exact = { name = 8", 'exact = { name = "8"', "whole"),
        ("enough = 2", "enough = 2.5", "whole"),
    ],
)
def test_a_file_that_could_surprise_is_refused_with_its_fault(was: str, is_: str, told: str) -> None:
    assert was in WRITTEN
    with pytest.raises(ValueError, match=told):
        checked(WRITTEN.replace(was, is_, 1))


@pytest.mark.parametrize("text", ["", "{}", "\0", "a = 1", "version = 1\n" * 2, "x" * 1_000_001])
def test_what_is_no_model_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        checked(text)
