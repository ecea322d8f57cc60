from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.cluster import Word
from app.pipeline.matching.score import REVIEW_CUT
from app.pipeline.region import components
from schemas.judgements import Verdict

IDS = "abcdefg"
TWO = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda two: two[0] < two[1])
POINTS = st.sampled_from([REVIEW_CUT - 1, REVIEW_CUT])


def reached(start: str, links: list[tuple[str, str]]) -> set[str]:
    """Walk the links until nothing new is met."""
    met = {start}
    while more := {y for two in links for y in two if met & set(two)} - met:
        met |= more
    return met


@given(st.sets(st.sampled_from(IDS)), st.dictionaries(TWO, POINTS), st.lists(TWO, max_size=2))
def test_records_are_parted_by_what_links_them_and_each_part_has_all_that_is_said_of_it(records, pairs, said):
    words = [Word(a, b, Verdict.SAME) for a, b in said]
    known = {two: points for two, points in pairs.items() if records.issuperset(two)}
    told = [word for word in words if {word.a, word.b} <= records]
    links = [two for two, points in known.items() if points >= REVIEW_CUT] + [(w.a, w.b) for w in told]
    found = components(records, [(*two, points) for two, points in pairs.items()], words)
    assert [one.records[0] for one in found] == sorted({min(reached(rid, links)) for rid in records})
    for one in found:
        members = reached(one.records[0], links)
        assert one.records == sorted(members)
        assert sorted(one.pairs) == sorted((*two, n) for two, n in known.items() if members.issuperset(two))
        assert one.words == [word for word in told if word.a in members]
