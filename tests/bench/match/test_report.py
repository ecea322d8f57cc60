from __future__ import annotations

from bench.match.blocking import candidate_pairs
from bench.match.city import Wanted, simulated
from bench.match.linking import link
from bench.match.measures import clusters_score
from bench.match.report import analysed, measured, table
from bench.match.scoring import ruled_scores


def test_a_small_city_is_told_whole() -> None:
    records = simulated(Wanted(5, 400))
    pairs = candidate_pairs(records)
    scores, ruled = ruled_scores(records, pairs)
    linked = link(records, pairs, scores)
    figures = measured(records, pairs, ruled, linked, 500_000)
    # the lower cut only ever joins what the safe cut left apart
    assert figures["clusters"]["recall"] >= figures["safe_clusters"]["recall"] > 0.5
    assert figures["safe_clusters"]["precision"] >= 0.99
    assert figures["clusters"]["f1"] == clusters_score(records, linked.together)[0].f1
    lost = round((1 - figures["clusters"]["recall"]) * figures["true_pairs"])
    told = analysed(records, pairs, scores, linked)
    assert f"true pairs lost, by feeds: {lost}\n" in told
    assert "| candidate completeness |" in table({"a": figures, "b": figures})
