from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.access.reach import EVERY, EVERYWHERE, Reach

DEPARTMENTS = st.sampled_from(["housing", "land", "commerce"])
DISTRICTS = st.sampled_from(["430204", "430211", None])
REACHES = st.builds(
    Reach,
    st.frozensets(st.sampled_from(["housing", "land", EVERY])),
    st.frozensets(st.sampled_from(["430204", "430211", EVERY])),
)


@given(DEPARTMENTS, DISTRICTS)
def test_who_was_given_nothing_sees_nothing(department: str, district: str | None) -> None:
    nothing = Reach()
    assert not nothing.sees_project(district)
    assert not nothing.owns(f"{department}.x")
    assert not nothing.answers([department], [district])
    assert not nothing.answers([], [])


@given(DEPARTMENTS, DISTRICTS)
def test_who_was_given_all_sees_all(department: str, district: str | None) -> None:
    assert EVERYWHERE.whole
    assert EVERYWHERE.sees_project(district)
    assert EVERYWHERE.owns(f"{department}.x")
    assert EVERYWHERE.answers([department], [district])


@given(REACHES, DEPARTMENTS, DISTRICTS)
def test_a_project_is_seen_by_district_alone_and_a_delivery_by_department_where_the_whole_place_is_reached(
    reach: Reach, department: str, district: str | None
) -> None:
    assert reach.sees_project(district) == bool({EVERY, district} & reach.districts)
    spoken = bool({EVERY, department} & reach.departments)
    assert reach.owns(f"{department}.x") == (spoken and EVERY in reach.districts)


@given(REACHES, st.lists(DEPARTMENTS), st.lists(DISTRICTS))
def test_a_question_is_answered_by_one_of_its_departments_that_sees_all_its_districts(
    reach: Reach, departments: list[str], districts: list[str | None]
) -> None:
    answers = reach.answers(departments, districts)
    if answers and EVERY not in reach.departments:
        assert reach.departments & set(departments)
    if answers:
        assert all(reach.sees_project(district) for district in districts)
    wider = Reach(reach.departments | {EVERY}, reach.districts | {EVERY})
    assert wider.answers(departments, districts)


@given(REACHES, st.sampled_from(["430204", "430211"]))
def test_more_rights_never_show_less(reach: Reach, district: str) -> None:
    wider = Reach(reach.departments | {"commerce"}, reach.districts | {district})
    assert wider.sees_project(district)
    for one in ("430204", "430211", None):
        assert wider.sees_project(one) >= reach.sees_project(one)
