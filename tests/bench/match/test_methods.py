from __future__ import annotations

from app.learning.linking import SHIPPED, link
from app.pipeline.matching.score import MODEL
from bench.match.city import Wanted
from bench.match.measures import clusters_score, curve, same, siblings, true_pairs
from bench.match.scoring import made_ready


def test_what_is_shipped_keeps_its_promise_on_a_fixed_city() -> None:
    """The gate: no change of names, keys, levels, weights or clustering may fall behind this unseen."""
    city = made_ready(Wanted(4001, 2500, "full"))
    records, scores = city.records, city.scores(MODEL)
    linked = link(records.ids, records.normal, city.pairs, scores, SHIPPED).linked()
    safe, together = (clusters_score(records, one)[0] for one in (linked.safe, linked.together))
    hard = siblings(records, city.pairs)
    merged = linked.together[city.pairs[hard, 0]] == linked.together[city.pairs[hard, 1]]
    assert same(records, city.pairs).sum() / true_pairs(records.truth) >= 0.99
    assert curve(records, city.pairs, scores * ~city.ruled).at(SHIPPED.review).f1 >= 0.96
    assert together.f1 >= 0.985
    assert safe.precision >= 0.998
    assert safe.recall >= 0.80
    assert merged.mean() <= 0.01
