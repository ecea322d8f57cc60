from __future__ import annotations

import numpy as np
import pytest

from app.learning.train import from_codes, from_labels
from app.pipeline.matching.model import read_model, write_model
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.score import MODEL
from app.pipeline.matching.scorer import Scorer
from bench.match.city import Wanted
from bench.match.scoring import City, made_ready


@pytest.fixture(scope="module")
def city() -> City:
    return made_ready(Wanted(7, 2500))


def test_codes_alone_teach_a_model_that_tells_projects_apart(city: City) -> None:
    levels = city.levels(np.arange(len(city.pairs)))
    model = from_codes(PROJECT, levels, MODEL, "test")
    assert "code" not in {name for pair in model.pair for name in pair.split("*")}
    assert read_model(write_model(model)) == model
    chances = Scorer(model, PROJECT).probabilities(levels) / 1e6
    true = city.labels(np.arange(len(city.pairs))).astype(bool)
    open_ = ~city.ruled
    assert np.median(chances[true & open_]) > 0.95
    assert np.median(chances[~true & open_]) < 0.1


def test_labels_teach_the_codes_too(city: City) -> None:
    open_ = np.flatnonzero(~city.ruled)
    model = from_labels(PROJECT, city.levels(open_), city.labels(open_), MODEL, "test")
    assert model.table["code"][4] > model.table["code"][1]


def test_a_city_without_codes_keeps_the_model_it_has() -> None:
    with pytest.raises(ValueError, match="keep the model that is there"):
        from_codes(PROJECT, np.zeros((len(PROJECT.features), 500), np.uint8), MODEL, "test")
