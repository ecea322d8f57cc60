from __future__ import annotations

import numpy as np

from app.learning.linking import link
from app.pipeline.matching.score import MODEL
from bench.match.city import Wanted
from bench.match.measures import clusters_score
from bench.match.report import analysed, measured, table
from bench.match.scoring import made_ready


def test_a_small_city_is_told_whole() -> None:
    city = made_ready(Wanted(5, 400))
    scores = city.scores(MODEL)
    linked = link(city.records.ids, city.records.normal, city.pairs, scores).linked()
    figures = measured(city.records, city.pairs, np.where(city.ruled, 0, scores), linked, 500_000)
    # the lower cut only ever joins what the safe cut left apart
    assert figures["clusters"]["recall"] >= figures["safe_clusters"]["recall"] > 0.5
    assert figures["safe_clusters"]["precision"] >= 0.99
    assert figures["clusters"]["f1"] == clusters_score(city.records, linked.together)[0].f1
    lost = round((1 - figures["clusters"]["recall"]) * figures["true_pairs"])
    told = analysed(city.records, city.pairs, scores, linked)
    assert f"true pairs lost, by feeds: {lost}\n" in told
    assert "| candidate completeness |" in table({"a": figures, "b": figures})
