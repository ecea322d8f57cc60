"""People's words: `same` joins whole projects and tears none, `different` keeps whole projects apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from app.pipeline.matching.cluster import Word, cluster
from schemas.judgements import Verdict
from tests.app.pipeline.matching.build import different, norm, norms, pairs, same
from tests.app.pipeline.matching.drawn import COMPONENT, IDS, TWO, clustered, together


def test_a_word_same_merges_without_any_pair_and_over_a_hard_rule():
    assert together(cluster(norms("ab"), {}, [], [same("a", "b")]), "a", "b")
    records = {i: norm(i, phase={phase}) for i, phase in {"a": 1, "b": 2, "c": 1, "d": 2}.items()}
    done = cluster(records, {}, pairs(ac=999, bd=999, ad=999, bc=999, cd=999), [same("a", "b")])
    assert done.projects == (("a", "b", "c", "d"),)


def test_a_word_different_keeps_whole_groups_apart():
    done = cluster(norms("abc"), {}, pairs(ab=999, bc=999, ac=999), [different("a", "c")])
    assert not together(done, "a", "c")


def test_different_beats_same_and_the_contradiction_is_told():
    done = cluster(norms("ab"), {}, pairs(ab=999), [same("a", "b"), different("b", "a")])
    assert done.projects == (("a",), ("b",))
    assert [(c.a, c.b, c.against) for c in done.conflicts] == [("a", "b", (("a", "b"),))]
    done = cluster(norms("abc"), {}, [], [same("a", "b"), same("b", "c"), different("a", "c")])
    assert done.projects == (("a", "b"), ("c",))
    assert [(c.a, c.b, c.against) for c in done.conflicts] == [("b", "c", (("a", "c"),))]


def test_other_words_move_nothing():
    words = [Word("a", "b", v) for v in Verdict if v not in (Verdict.SAME, Verdict.DIFFERENT)]
    assert cluster(norms("ab"), {}, pairs(ab=999), words).projects == (("a", "b"),)
    assert cluster(norms("ab"), {}, [], words).projects == (("a",), ("b",))


TRIPLES = pairs(ab=990, ac=990, bc=990, de=990, df=990, ef=990)


@pytest.mark.parametrize(("a", "b"), [("a", "d"), ("c", "f"), ("b", "d")])
def test_same_on_one_record_of_each_joins_two_whole_projects(a, b):
    assert len(cluster(norms("abcdef"), {}, TRIPLES, []).projects) == 2
    done = cluster(norms("abcdef"), {}, TRIPLES, [same(a, b)])
    assert done.projects == (tuple("abcdef"),)
    assert done.reviews == ()
    bridged = [*TRIPLES, *pairs(ad=980, bd=600)]
    assert cluster(norms("abcdef"), {}, bridged, [same(a, b)]).projects == (tuple("abcdef"),)


def test_same_joins_two_projects_whose_other_members_a_hard_rule_keeps_apart():
    records = norms("abcdef")
    records |= {i: norm(i, codes=(code * 20,)) for i, code in {"b": "2", "e": "3"}.items()}
    records |= {i: norm(i, phase={phase}) for i, phase in {"c": 1, "f": 2}.items()}
    assert cluster(records, {}, TRIPLES, []).projects == (tuple("abc"), tuple("def"))
    assert cluster(records, {}, TRIPLES, [same("a", "d")]).projects == (tuple("abcdef"),)


def test_same_waives_a_rule_for_the_two_projects_it_joins_and_for_no_third():
    records = {i: norm(i, phase={int(n)}) for i, n in zip("abcd", "1223", strict=True)}
    close = pairs(ac=999, bc=500, ad=999, bd=999)
    done = cluster(records, {}, close, [same("a", "b")])
    assert done.projects == (("a", "b"), ("c",), ("d",))
    assert [(r.left, r.right) for r in done.reviews] == [(("a", "b"), ("c",))]


def test_different_on_any_two_members_keeps_same_from_joining_their_projects():
    done = cluster(norms("abcdef"), {}, TRIPLES, [same("a", "d"), different("f", "c")])
    assert done.projects == (tuple("abc"), tuple("def"))
    assert [(c.a, c.b, c.against) for c in done.conflicts] == [("a", "d", (("c", "f"),))]


def test_of_two_words_same_that_cannot_both_stand_the_earlier_stands():
    told = [same("a", "b", 2), same("b", "c", 1), different("a", "c")]
    done = cluster(norms("abc"), {}, [], told)
    assert done.projects == (("a",), ("b", "c"))
    assert [(c.a, c.b) for c in done.conflicts] == [("a", "b")]
    done = cluster(norms("abc"), {}, [], [*told, same("b", "a", 0)])
    assert done.projects == (("a", "b"), ("c",))


def test_a_question_stays_open_when_words_join_another_project_to_its_side():
    asked = [*TRIPLES, *pairs(ag=600, bg=600, cg=600, dg=30)]
    done = cluster(norms("abcdefg"), {}, asked, [])
    assert [(r.left, r.right, r.score) for r in done.reviews] == [(tuple("abc"), ("g",), 600_000)]
    done = cluster(norms("abcdefg"), {}, asked, [same("a", "d")])
    assert [(r.left, r.right, r.score) for r in done.reviews] == [(tuple("abcdef"), ("g",), 600_000)]
    assert cluster(norms("abcdefg"), {}, asked, [same("c", "g")]).reviews == ()


def test_words_lead_through_a_withdrawn_record():
    told = [same("a", "x"), same("x", "b")]
    done = cluster(norms("ab"), norms("x"), [], told)
    assert done.projects == (("a", "b"),)
    assert done.attached == {"x": "a"}
    done = cluster(norms("ab"), norms("x"), [], [*told, different("a", "b")])
    assert (done.projects, done.attached) == ((("a",), ("b",)), {"x": "a"})
    assert [(c.a, c.b) for c in done.conflicts] == [("b", "x")]


def test_a_review_never_asks_what_a_word_on_a_withdrawn_record_has_answered():
    told = [same("a", "x"), different("x", "b")]
    assert [r.right for r in cluster(norms("ab"), norms("x"), pairs(ab=500), told[:1]).reviews] == [("b",)]
    assert cluster(norms("ab"), norms("x"), pairs(ab=500), told).reviews == ()


def test_withdrawn_records_that_are_the_same_follow_one_another():
    dead = norms("xyz")
    done = cluster(norms("ab"), dead, pairs(ax=700, by=600), [same("x", "y"), same("y", "z")])
    assert done.attached == {"x": "a", "y": "a", "z": "a"}
    done = cluster(norms("ab"), dead, pairs(ax=700, by=600), [same("x", "y"), different("a", "y")])
    assert done.attached == {"x": "b", "y": "b"}
    done = cluster(norms("a"), dead, pairs(ax=700, ay=600), [different("x", "y")])
    assert done.attached == {"x": "a"}


@settings(max_examples=200)
@given(COMPONENT, TWO)
def test_a_word_same_said_last_only_ever_joins(drawn, last):
    before, after = clustered(drawn), clustered({**drawn, "same": [*drawn["same"], last]})
    for project in before.projects:
        assert any(set(project) <= set(joined) for joined in after.projects)
    touched = [p for p in after.projects if p not in before.projects]
    assert len(touched) <= 1
    assert (
        together(after, *last) or last in [(c.a, c.b) for c in after.conflicts] or set(last) <= drawn["dead"]
    )


@settings(max_examples=200)
@given(COMPONENT)
def test_projects_are_what_is_safe_and_what_words_connect(drawn):
    quiet = {**drawn, "different": []}
    links = [*quiet["same"], *((p[0], i) for p in clustered({**quiet, "same": []}).projects for i in p)]
    reached = {i: {i} for i in IDS}
    for a, b in links:
        joined = reached[a] | reached[b]
        reached |= dict.fromkeys(joined, joined)
    live = [i for i in IDS if i not in drawn["dead"]]
    expected = {tuple(sorted(reached[i] - drawn["dead"])) for i in live}
    done = clustered(quiet)
    assert set(done.projects) == expected
    assert done.conflicts == ()


@settings(max_examples=150)
@given(COMPONENT)
def test_a_word_is_followed_or_told_and_saying_it_again_changes_nothing(drawn):
    done = clustered(drawn)
    told = {(c.a, c.b) for c in done.conflicts}
    for a, b in drawn["same"]:
        if (a, b) in told:
            assert not together(done, a, b)
        elif not {a, b} <= drawn["dead"]:
            assert together(done, a, b)
    assert all(conflict.against for conflict in done.conflicts)
    assert not any(together(done, a, b) for a, b in drawn["different"])
    again = {**drawn, "same": drawn["same"] * 2, "different": drawn["different"] * 2}
    assert clustered(again) == done
