from __future__ import annotations

import random
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching import chain
from app.pipeline.matching.chain import linked, with_chain
from app.pipeline.matching.cluster import cluster
from app.pipeline.matching.rules import Barriers
from tests.app.pipeline.matching.build import different, norm, pairs


def chain_of(ids: str) -> dict:
    """Each record cites what the one before it bears."""
    return {
        i: norm(i, bears={f"n:{i}"}, cites={f"n:{before}"}) for before, i in zip(" " + ids, ids, strict=False)
    }


def raised(
    records: dict, apart: frozenset[tuple[str, str]] = frozenset(), **scores: int
) -> dict[tuple[str, str], int]:
    return with_chain(records, {(a, b): score for a, b, score in pairs(**scores)}, Barriers(records), apart)


def test_records_share_a_number_by_citing_bearing_or_both_citing_it():
    bears, cites = norm("a", bears={"n:1"}), norm("b", cites={"n:1"})
    assert linked(bears, cites)
    assert linked(cites, bears)
    assert linked(bears, norm("c", bears={"n:1"}))
    assert linked(cites, norm("c", cites={"n:1"}))
    assert not linked(bears, norm("c", bears={"n:2"}, cites={"n:3"}))


def test_the_ends_of_a_chain_get_its_weakest_link():
    found = raised(chain_of("abcd"), ab=990, bc=900, cd=950)
    assert found["a", "c"] == found["a", "d"] == found["b", "d"] == 900_000
    assert found["c", "d"] == 950_000


def test_a_long_chain_is_one_project_although_its_ends_share_nothing():
    records = chain_of("abcdefg")
    scores = {a + b: 990 for a, b in zip("abcdef", "bcdefg", strict=True)}
    assert cluster(records, {}, pairs(**scores), []).projects == (tuple("abcdefg"),)
    blank = {i: norm(i) for i in "abcdefg"}
    assert len(cluster(blank, {}, pairs(**scores), []).projects) > 1


def test_no_path_goes_through_a_pair_that_a_rule_or_a_word_forbids():
    records = chain_of("abc") | {"c": norm("c", cites={"n:b"}, phase={2})}
    records["a"] = norm("a", bears={"n:a"}, phase={1})
    found = raised(records, ab=990, bc=980)
    assert ("a", "c") not in found
    assert ("a", "c") not in raised(chain_of("abc"), frozenset({("a", "c")}), ab=990, bc=980)
    done = cluster(chain_of("abc"), {}, pairs(ab=990, bc=980), [different("a", "c")])
    assert not any({"a", "c"} <= set(p) for p in done.projects)


def test_a_direct_score_above_the_chain_stands_and_one_below_is_raised():
    found = raised(chain_of("abc"), ab=900, bc=900, ac=950)
    assert found["a", "c"] == 950_000
    found = raised(chain_of("abc"), ab=900, bc=900, ac=100)
    assert found["a", "c"] == 900_000


@given(st.permutations("abcdef"), st.lists(st.integers(400, 999), min_size=5, max_size=5), st.integers(0, 99))
def test_the_chain_does_not_depend_on_any_order(order, strengths, seed):
    records = chain_of("".join(order))
    scores = {"".join(sorted(order[i : i + 2])): s for i, s in enumerate(strengths)}
    again = list(scores.items())
    random.Random(seed).shuffle(again)
    shuffled = dict(sorted(records.items(), key=lambda item: hash((item[0], seed))))
    assert raised(records, **scores) == raised(shuffled, **dict(again))
    with mock.patch.object(chain, "MOST", 3):
        few = raised(records, **scores)
        assert few == raised(shuffled, **dict(again))
    assert scores.items() <= {a + b: score // 1000 for (a, b), score in few.items()}.items()
    assert len(few) <= len(scores) + 2, "three and three records: a pair each beyond their links"


def test_a_record_that_states_two_codes_joins_who_states_the_one_with_who_states_the_other():
    former, later = "24034302110401123456", "24074302110401654321"
    records = {"a": norm("a", codes=(former,)), "b": norm("b", codes=(later,))}
    records["c"] = norm("c", codes=(former, later))
    assert raised(records, ac=950, bc=900)["a", "b"] == 900_000
    one = {"a": norm("a", codes=(former,)), "b": norm("b", codes=(former,)), "c": norm("c", codes=(former,))}
    assert ("a", "b") not in raised(one, ac=950, bc=900), "an equal code is scored, and no certificate"
