from __future__ import annotations

from pathlib import Path

import pytest

from app.learning.linking import link
from app.pipeline.matching.score import MODEL
from bench.match import report
from bench.match.city import Wanted
from bench.match.scoring import made_ready
from bench.match.whole import steps, told


def test_a_large_city_is_told_as_a_small_one_is(tmp_path: Path) -> None:
    wanted = Wanted(6, 500)
    city, tuning = made_ready(wanted), made_ready(Wanted(5, 300))
    ((name, figures, analysis),) = told(wanted, tmp_path, tuning, unlabelled=False)
    scores = city.scores(MODEL)
    scores[city.ruled] = 0
    linked = link(city.records.ids, city.records.normal, city.pairs, city.scores(MODEL)).linked()
    expected = report.measured(city.records, city.pairs, scores, linked, figures["threshold"])
    assert name == "shipped"
    assert figures["hard_pairs_taken"] == pytest.approx(expected["hard_pairs_taken"])
    assert {key: figures[key] for key in expected if key != "hard_pairs_taken"} == {
        key: value for key, value in expected.items() if key != "hard_pairs_taken"
    }
    assert analysis == report.analysed(city.records, city.pairs, city.scores(MODEL), linked)
    assert "| clusters |" in steps(figures)
