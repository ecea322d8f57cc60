"""How projects stand to one another, read off the clustering of a component."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.matching.cluster import Clustering, Word, cluster
from app.pipeline.matching.families import issued
from schemas.judgements import Verdict
from tests.app.pipeline.matching.build import different, norm, pairs, same
from tests.app.pipeline.matching.drawn import COMPONENT, clustered

FORMER, LATER = "24034302110401123456", "24074302110401654321"


def links(done: Clustering) -> set[tuple[str, str, str, str]]:
    return {(link.kind, link.one, link.other, link.why) for link in done.links}


def word(a: str, verdict: Verdict, b: str, number: int = 1) -> Word:
    return Word(a, b, verdict, number)


def phases(**stated: int) -> dict:
    return {rid: norm(rid, phase={phase} if phase else ()) for rid, phase in stated.items()}


def test_later_phases_are_phases_of_the_earliest_sibling_a_rule_kept_apart():
    done = cluster(phases(a=1, b=2, c=3, d=2), {}, pairs(ab=900, ac=700, bc=900, bd=990), [])
    assert done.projects == (("a",), ("b", "d"), ("c",))
    assert links(done) == {
        ("phase_of", "b", "a", "phase"),
        ("phase_of", "c", "a", "phase"),
        ("apart", "b", "c", "phase"),
    }
    without_the_first = cluster(phases(b=2, c=3), {}, pairs(bc=900), [])
    assert links(without_the_first) == {("phase_of", "c", "b", "phase")}
    alike = next(link for link in done.links if link[:2] == ("phase_of", "b"))
    assert (alike.a, alike.b, alike.score) == ("b", "a", 900_000)


def test_projects_that_are_less_alike_or_state_no_phase_are_no_family():
    assert links(cluster(phases(a=1, b=2), {}, pairs(ab=300), [])) == set()
    assert links(cluster(phases(a=1, b=0), {}, pairs(ab=700), [])) == set()


def test_what_kept_alike_projects_apart_is_told():
    """A hard rule, a word, or an average that a bridge between two groups does not lift."""
    records = {"a": norm("a", zone="A"), "b": norm("b", zone="B")}
    assert links(cluster(records, {}, pairs(ab=950), [])) == {("apart", "a", "b", "zone")}
    two = phases(a=0, b=0)
    [kept] = cluster(two, {}, pairs(ab=950), [different("b", "a")]).links
    assert (kept.why, kept.number) == ("different", 0)
    four = phases(a=0, b=0, c=0, d=0)
    assert links(cluster(four, {}, pairs(ab=990, cd=990, bc=950), [])) == {("apart", "a", "c", "average")}


def test_a_person_s_word_makes_a_relation_and_the_machine_says_nothing_of_those_two():
    said = word("a", Verdict.PHASE_OF, "b", 7)
    done = cluster(phases(a=1, b=2), {}, pairs(ab=900), [said])
    [link] = done.links
    assert (link.kind, link.one, link.other, link.why, link.number) == ("phase_of", "a", "b", "word", 7)
    for verdict in (Verdict.PART_OF, Verdict.REPLACES):
        assert links(cluster(phases(a=1, b=2), {}, pairs(ab=900), [word("b", verdict, "a")])) == {
            (verdict.value, "b", "a", "word")
        }


def test_different_on_two_records_a_rule_keeps_apart_denies_their_family():
    records = phases(a=1, b=2, c=2)
    assert links(cluster(records, {}, pairs(ab=900, bc=990), [])) == {("phase_of", "b", "a", "phase")}
    denied = cluster(records, {}, pairs(ab=900, bc=990), [different("c", "a")])
    assert links(denied) == {("apart", "a", "b", "different")}


def test_words_speak_of_the_projects_their_records_are_in():
    records = phases(a=0, b=0, c=0)
    done = cluster(records, {"x": norm("x")}, pairs(ab=990, cx=900), [word("x", Verdict.PART_OF, "b")])
    assert links(done) == {("part_of", "c", "a", "word")}


def test_a_relation_within_one_project_and_one_that_closes_a_ring_are_conflicts():
    one = cluster(phases(a=0, b=0), {}, pairs(ab=990), [word("a", Verdict.PHASE_OF, "b")])
    assert one.links == ()
    assert [(c.a, c.b) for c in one.conflicts] == [("a", "b")]
    said = [
        word("a", Verdict.PART_OF, "b", 1),
        word("c", Verdict.REPLACES, "b", 2),  # b counts within c
        word("c", Verdict.PART_OF, "a", 3),
        word("c", Verdict.PHASE_OF, "a", 4),
    ]
    ring = cluster(phases(a=0, b=0, c=0), {}, [], said)
    assert links(ring) == {
        ("part_of", "a", "b", "word"),
        ("replaces", "c", "b", "word"),
        ("phase_of", "c", "a", "word"),
    }
    assert [(c.a, c.b) for c in ring.conflicts] == [("c", "a")]


def test_who_states_two_codes_says_which_project_replaced_which_where_they_are_two():
    records = {"a": norm("a", codes=(FORMER, LATER)), "b": norm("b", codes=(FORMER,))}
    assert links(cluster(records, {}, pairs(ab=600), [])) == {("replaces", "a", "b", "code")}
    records["b"] = norm("b", codes=(LATER,))
    assert links(cluster(records, {}, pairs(ab=600), [])) == {("replaces", "b", "a", "code")}


def test_of_a_ring_of_replacements_the_least_alike_goes_in_whatever_order_the_pairs_come():
    old, new = ([f"24{month}430211040112345{n}" for n in range(3)] for month in ("03", "07"))
    records = {
        rid: norm(rid, codes=codes)
        for n, ids in enumerate(("ab", "cd", "ef"))
        for rid, codes in zip(ids, ((old[n], new[n]), (old[n - 1],)), strict=True)
    }
    for said in permutations(pairs(ab=990, cd=990, ef=990, ad=600, cf=500, be=550)):
        done = cluster(records, {}, said, [])
        assert done.projects == (("a", "b"), ("c", "d"), ("e", "f"))
        assert {link[:3] for link in done.links if link.kind == "replaces"} == {
            ("replaces", "a", "c"),
            ("replaces", "e", "a"),
        }


@pytest.mark.parametrize(
    ("code", "when"), [(FORMER, (2024, 3)), ("20194302110401123456", (2019, 0)), (LATER, (2024, 7))]
)
def test_a_code_tells_when_it_was_given(code, when):
    assert issued(code) == when


@given(
    COMPONENT,
    st.lists(st.tuples(*[st.sampled_from("abcdefgh")] * 2, st.sampled_from(list(Verdict))), max_size=6),
)
def test_links_join_two_projects_name_records_of_theirs_and_close_no_ring(drawn, said):
    drawn = drawn | {"words": [Word(a, b, verdict, n) for n, (a, b, verdict) in enumerate(said) if a != b]}
    done, again = clustered(drawn), clustered(drawn, 7)
    assert done.links == again.links
    home = {rid: project[0] for project in done.projects for rid in project}
    home |= {gone: home[live] for gone, live in done.attached.items()}
    within: dict[str, set[str]] = {}
    for link in done.links:
        assert (home[link.a], home[link.b]) == (link.one, link.other)
        assert link.one != link.other
        if link.kind in {"part_of", "replaces"}:
            low, high = (link.one, link.other) if link.kind == "part_of" else (link.other, link.one)
            within.setdefault(low, set()).add(high)
    while within:  # a ring never empties
        tops = {high for above in within.values() for high in above} - within.keys()
        assert tops
        within = {low: above - tops for low, above in within.items() if above - tops}


def test_a_word_same_makes_a_family_of_what_it_joined_no_more():
    records = phases(a=1, b=2)
    assert links(cluster(records, {}, pairs(ab=900), [same("a", "b")])) == set()
