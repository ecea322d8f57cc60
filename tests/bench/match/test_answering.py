from __future__ import annotations

from app.learning.linking import link
from app.pipeline.matching.score import MODEL
from bench.match.answering import answered
from bench.match.city import Wanted
from bench.match.measures import clusters_score
from bench.match.scoring import made_ready


def test_a_reviewer_who_knows_the_truth_makes_clusters_better_and_is_asked_no_more_than_agreed() -> None:
    city = made_ready(Wanted(5, 800))
    records = city.records
    linking = link(records.ids, records.normal, city.pairs, city.scores(MODEL))
    before = clusters_score(records, linking.linked().safe)[0]
    assert answered(records, linking, 3) == 3
    answered(records, linking, 100)
    after = clusters_score(records, linking.linked().safe)[0]
    assert after.recall > before.recall
    assert after.precision >= 0.99
