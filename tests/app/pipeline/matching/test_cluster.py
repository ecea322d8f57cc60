from __future__ import annotations

import random
from itertools import pairwise
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from app.pipeline.matching.cluster import cluster
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT
from tests.app.pipeline.matching.build import different, norm, norms, pair, pairs, same
from tests.app.pipeline.matching.drawn import COMPONENT, IDS, clustered, component


def test_a_pair_above_the_safe_cut_is_one_project_and_one_between_the_cuts_is_a_review_item():
    done = cluster(norms("abcd"), {}, pairs(ab=990, bc=500), [])
    assert done.projects == (("a", "b"), ("c",), ("d",))
    done = cluster(norms("abc"), {}, [pair("a", "b", SAFE_CUT), pair("b", "c", SAFE_CUT - 1)], [])
    assert done.projects == (("a", "b"), ("c",))
    alone = cluster(norms("ab"), {}, [pair("a", "b", SAFE_CUT - 1)], [])
    assert [(r.left, r.right, r.score, r.reason) for r in alone.reviews] == [
        (("a",), ("b",), SAFE_CUT - 1, "between_cuts")
    ]
    assert cluster(norms("ab"), {}, [pair("a", "b", REVIEW_CUT - 1)], []).reviews == ()


def test_a_pair_that_was_never_scored_counts_as_nothing_so_a_bridge_of_two_groups_merges_nothing():
    done = cluster(norms("abcd"), {}, pairs(ab=999, cd=999, bc=999), [])
    assert done.projects == (("a", "b"), ("c", "d"))
    assert done.reviews == ()
    done = cluster(norms("abcd"), {}, pairs(ab=999, cd=999, bc=980, ac=990, bd=20), [])
    assert done.projects == (("a", "b"), ("c", "d"))
    assert [(r.left, r.right) for r in done.reviews] == [(("a", "b"), ("c", "d"))]


def test_a_stale_average_never_merges_although_its_side_kept_its_name():
    # a-c is pushed at .90 while a stands alone; after a absorbed b the average of {a,b} and c is .45
    done = cluster(norms("abc"), {}, pairs(ab=950, ac=900), [])
    assert done.projects == (("a", "b"), ("c",))
    assert [r.score for r in done.reviews] == [450_000]


def test_a_hard_rule_keeps_whole_groups_apart_whatever_the_scores_say():
    records = {"a": norm("a", phase={1}), "b": norm("b"), "c": norm("c", phase={2})}
    done = cluster(records, {}, pairs(ab=999, bc=900, ac=999), [])
    assert done.projects == (("a", "b"), ("c",))
    records = {i: norm(i, codes=(c,)) for i, c in {"a": "2" * 20, "b": "3" * 20}.items()}
    assert cluster(records, {}, pairs(ab=999), []).projects == (("a",), ("b",))


def test_a_record_that_fits_two_phases_alike_waits_for_a_person():
    records = {"a": norm("a", phase={1}), "b": norm("b"), "c": norm("c", phase={2})}
    done = cluster(records, {}, pairs(ab=960, bc=950), [])
    assert done.projects == (("a",), ("b",), ("c",))
    assert [(r.left, r.right, r.reason) for r in done.reviews] == [(("a",), ("b",), "ambiguous")]


def test_two_groups_with_a_number_each_that_a_project_has_once_wait_for_a_person():
    records = {i: norm(i, bears={f"promotion_no:{n}"}) for i, n in {"a": 1, "b": 2, "c": 1}.items()}
    done = cluster(records, {}, pairs(ab=990, ac=999, bc=990), [])
    assert done.projects == (("a", "c"), ("b",))
    assert [(r.left, r.right, r.reason) for r in done.reviews] == [(("a", "c"), ("b",), "ambiguous")]
    assert cluster(records, {}, pairs(ab=990, ac=999, bc=990), [same("a", "b")]).projects == (
        ("a", "b", "c"),
    )


def test_two_keys_of_one_department_become_one_project_only_by_a_shared_number_or_code():
    records = {i: norm(i, source="land.supply") for i in "ab"}
    done = cluster(records, {}, pairs(ab=990), [])
    assert done.projects == (("a",), ("b",))
    assert [r.reason for r in done.reviews] == ["ambiguous"]
    for said in ({"codes": ("2" * 20,)}, {"cites": {"land_use_permit:1"}}):
        records = {i: norm(i, source="land.supply", **said) for i in "ab"}
        assert cluster(records, {}, pairs(ab=990), []).projects == (("a", "b"),)
    records = {i: norm(i, source="land.supply", cites={"land_approval_no:1"}) for i in "ab"}
    assert cluster(records, {}, pairs(ab=990), []).projects == (("a",), ("b",))


def test_what_fits_two_full_twins_alike_waits_for_a_person():
    records = {
        "a": norm("a", source="land.supply", bears={"land_contract_no:1"}),
        "b": norm("b", source="land.works_permits", cites={"land_contract_no:1"}),
        "c": norm("c", source="land.supply", bears={"land_contract_no:2"}),
        "d": norm("d", source="land.works_permits", cites={"land_contract_no:2"}),
        "x": norm("x", source="commerce.signed_api"),
    }
    done = cluster(records, {}, pairs(ab=999, cd=999, ad=900, bc=900, xa=970, xb=970, xc=960, xd=960), [])
    assert done.projects == (("a", "b"), ("c", "d"), ("x",))
    alone = {i: n for i, n in records.items() if i not in "cd"}
    assert cluster(alone, {}, pairs(ab=999, xa=970, xb=970), []).projects == (("a", "b", "x"),)


def test_dead_records_take_no_part_in_merging_and_hang_on_what_they_score_highest_with():
    done = cluster(norms("abc"), norms("xyz"), pairs(ax=900, bx=950, cy=300, az=990, bz=100), [])
    assert done.projects == (("a",), ("b",), ("c",))
    assert done.attached == {"x": "b", "z": "a"}


def test_a_dead_record_hangs_neither_over_a_rule_nor_over_a_word_different():
    records, dead = {"a": norm("a", phase={1}), "b": norm("b")}, {"x": norm("x", phase={2})}
    assert cluster(records, dead, pairs(ax=999, bx=600), []).attached == {"x": "b"}
    assert cluster(norms("ab"), norms("x"), pairs(ax=999, bx=600), [different("a", "x")]).attached == {
        "x": "b"
    }
    assert cluster(norms("ab"), norms("x"), pairs(bx=999), [same("a", "x")]).attached == {"x": "a"}


def test_pairs_and_words_on_unknown_records_are_left_out():
    assert cluster(norms("a"), {}, pairs(aq=999), [same("a", "q"), different("q", "r")]).projects == (("a",),)


@settings(max_examples=150)
@given(COMPONENT, st.integers(1, 1000))
def test_the_answer_does_not_depend_on_any_order(drawn, seed):
    assert clustered(drawn) == clustered(drawn, seed)


@given(COMPONENT)
def test_rules_and_twins_of_strangers_change_nothing(drawn):
    live, dead, found, words = component(drawn)
    strangers = {i: norm(i, source="some.z", phase={n}) for n, i in enumerate("yz", start=1)}
    done = cluster(live, dead, found, words)
    among = cluster({**live, **strangers}, dead, found, words)
    assert among.projects == (*done.projects, ("y",), ("z",))
    assert (among.reviews, among.merges) == (done.reviews, done.merges)
    assert (among.attached, among.conflicts) == (done.attached, done.conflicts)


@settings(max_examples=150)
@given(COMPONENT)
def test_every_live_record_is_in_one_project_and_no_word_or_rule_is_broken(drawn):
    done = clustered(drawn)
    assert sorted(i for p in done.projects for i in p) == [i for i in IDS if i not in drawn["dead"]]
    said_same = {x for pair_ in drawn["same"] for x in pair_}
    phases = dict(zip(IDS, drawn["phases"], strict=True))
    codes = dict(zip(IDS, drawn["codes"], strict=True))
    for project in done.projects:
        for a in project:
            for b in project:
                assert (a, b) not in drawn["different"]
                if a < b and not said_same & set(project):
                    assert (
                        forbidden(
                            norm(a, phase=phases[a], codes=codes[a]), norm(b, phase=phases[b], codes=codes[b])
                        )
                        is None
                    )
    assert set(done.attached) <= drawn["dead"]


@settings(max_examples=150)
@given(COMPONENT)
def test_both_cuts_are_read_off_one_list_so_reviews_join_whole_projects(drawn):
    done = clustered(drawn)
    for review in done.reviews:
        for project in done.projects:
            for side in (set(review.left), set(review.right)):
                assert side >= set(project) or not side & set(project)
    clean = [m for m in done.merges if m.safe]
    assert all(m.total >= SAFE_CUT * m.n for m in clean)
    assert all(x.total * y.n >= y.total * x.n for x, y in pairwise(clean))


@settings(max_examples=80)
@given(COMPONENT)
def test_two_components_at_once_give_what_each_gives_alone(drawn):
    parts = {side: component(drawn, named=side) for side in "pq"}
    alone = [cluster(*part) for part in parts.values()]
    at_once = cluster(
        parts["p"][0] | parts["q"][0],
        parts["p"][1] | parts["q"][1],
        [*parts["p"][2], *parts["q"][2]],
        [*parts["p"][3], *parts["q"][3]],
    )
    assert at_once.projects == alone[0].projects + alone[1].projects
    assert at_once.attached == {**alone[0].attached, **alone[1].attached}
    assert set(at_once.conflicts) == {*alone[0].conflicts, *alone[1].conflicts}
    assert set(at_once.reviews) == {*alone[0].reviews, *alone[1].reviews}


def test_a_component_of_two_thousand_records_that_cite_one_another_all_along_takes_a_second_or_two():
    draw = random.Random(3)
    ids = [f"r{i:04}" for i in range(2000)]
    records = {
        rid: norm(
            rid,
            phase=draw.choice([(), (1,), (2,)]),
            source=f"some.{i % 7}",
            cites={f"x:{i // 10}", f"x:{i // 10 + 1}"},
        )
        for i, rid in enumerate(ids)
    }
    near = {tuple(sorted((i, min(1999, i + draw.randrange(1, 60))))) for i in range(2000) for _ in range(20)}
    found = [pair(ids[i], ids[j], draw.randrange(20_000, 1_000_000)) for i, j in sorted(near) if i < j]
    begun = process_time()
    cluster(records, {}, found, [])
    assert process_time() - begun < 6


def test_a_further_parcel_of_a_project_is_the_projects_and_a_further_signing_is_a_question():
    """A project has many parcels; what a department keeps of it once, under two keys, may be two projects."""
    land = {f"l{i}": norm(f"l{i}", source="land.supply", bears={f"supervision_no:{i}"}) for i in "12"}
    signed = {f"s{i}": norm(f"s{i}", source="commerce.signed", bears={f"agreement_no:{i}"}) for i in "12"}
    alike = [("l1", "l2"), ("l1", "s1"), ("l2", "s1")]
    done = cluster(land | {"s1": signed["s1"]}, {}, [pair(a, b, 950_000) for a, b in alike], [])
    assert done.projects == (("l1", "l2", "s1"),)
    both = cluster(signed, {}, [pair("s1", "s2", 950_000)], [])
    assert both.projects == (("s1",), ("s2",))
    assert [one.reason for one in both.reviews] == ["ambiguous"]
