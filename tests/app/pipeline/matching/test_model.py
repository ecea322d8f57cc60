from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.pipeline.matching.model import WHOLE, Cap, Model, read_model, write_model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL

SMALL = Model(
    version=1,
    profile="two",
    trained_on='a "city"\nand another',
    prior=-1_000_000,
    floor=20_000,
    review=400_000,
    safe=900_000,
    table={"x": (0, -500_000, 2_000_000)},
    pair={"x*y": ((0, 0, 0), (0, 0, 0), (0, -3_000_000, 1_500_000))},
    caps=(Cap("alone", 250_000, {"y": 0}, {"x": 2}, {"x": 2, "y": 2}, 2),),
    calibration=((-1_000_000, 100_000), (0, 300_000), (2_000_000, 900_000)),
)


def test_a_model_is_read_as_it_was_written():
    for model in (SMALL, MODEL, replace(SMALL, caps=(), calibration=(), pair={})):
        assert read_model(write_model(model)) == model


def test_without_calibration_the_probability_is_the_logistic_exact_monotone_and_symmetric():
    odds = replace(SMALL, calibration=()).odds
    assert odds[1600] == WHOLE // 2
    assert odds[1700] == 731_059
    assert (np.diff(odds) >= 0).all()
    assert (odds + odds[::-1] == WHOLE).all()


def test_a_calibration_is_a_straight_line_between_its_knots_and_flat_beyond():
    odds = SMALL.odds
    assert odds[0] == odds[1500] == 100_000
    assert odds[1550] == 200_000
    assert odds[1700] == 600_000
    assert odds[3200] == 900_000


def test_a_calibration_that_falls_is_refused():
    falling = replace(SMALL, calibration=((0, 500_000), (1_000_000, 400_000)))
    with pytest.raises(ValueError, match="must not fall"):
        read_model(write_model(falling))


def test_in_what_is_shipped_missing_says_nothing_and_more_alike_never_counts_less() -> None:
    for feature in PROJECT.features:
        row = MODEL.table.get(feature.name, (0,))
        assert row[0] == 0
        if feature.ordered and not feature.name.startswith("number_"):
            assert list(row[1:]) == sorted(row[1:])
            assert row[1] <= 0 <= row[-1]


def test_what_is_shipped_asks_about_whatever_a_cap_holds_back() -> None:
    assert MODEL.caps
    for cap in MODEL.caps:
        assert MODEL.review < MODEL.odds[cap.points // 10_000 + 1600] < MODEL.safe
