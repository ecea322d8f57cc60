from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.agree import agree
from app.pipeline.matching.cluster import cluster
from app.pipeline.matching.score import SAFE_CUT
from tests.app.pipeline.matching.build import norm, norms, pair, pairs

IDS = "abcde"
ALIKE: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict[str, Any],
        source=st.sampled_from(["some.a", "some.b", "some.c", "some.d"]),
        phase=st.sampled_from([(), (1,), (1, 2)]),
        codes=st.sampled_from([(), ("1" * 20,)]),
        bears=st.sampled_from([(), ("promotion_no:1",), ("works_code:1",)]),
        cites=st.sampled_from([(), ("works_code:1",)]),
    ),
    min_size=1,
    max_size=len(IDS),
)


@given(ALIKE, st.data())
def test_what_agrees_at_sight_is_one_project_when_it_is_linked(said, data):
    records = {i: norm(i, **what) for i, what in zip(IDS, said, strict=False)}
    found = [
        pair(a, b, data.draw(st.integers(SAFE_CUT, 1_000_000))) for a in records for b in records if a < b
    ]
    done = cluster(records, {}, found, [])
    if agree(records, found):
        assert done.projects == (tuple(records),)
        assert (done.reviews, dict(done.attached), done.conflicts) == ((), {}, ())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"phase": {1}}, {"phase": {2}}),
        ({"zone": "A"}, {"zone": "B"}),
        ({"source": "some.x"}, {"source": "some.x"}),
        ({"bears": {"promotion_no:1"}}, {"bears": {"promotion_no:2"}}),
    ],
)
def test_what_a_rule_or_a_twin_speaks_against_does_not_agree(a, b):
    safe = pairs(ab=999, bc=999, ac=999)
    assert agree(norms("abc"), safe)
    assert not agree({"a": norm("a", **a), "b": norm("b", **b), "c": norm("c")}, safe)


def test_what_was_not_compared_or_is_below_the_safe_cut_does_not_agree():
    assert agree(norms("a"), [])
    assert not agree(norms("abc"), pairs(ab=999, bc=999))
    assert not agree(norms("ab"), [pair("a", "b", SAFE_CUT - 1)])
