from __future__ import annotations

import pytest

from schemas.golden import MemberRecord
from schemas.identifiers import Scheme
from tests.support.factories import (
    make_member,
    make_number,
    make_permit,
    make_supply,
)
from tests.support.stories import (
    golden,
)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ([make_member()], "granted"),
        ([make_member(land_mode="租赁标准厂房")], "leased"),
        ([make_member(land_mode="租赁标准厂房"), make_supply()], "granted"),
        ([make_supply(land_mode="划拨")], "allocated"),
        ([make_supply(land_mode="划拨"), make_permit(works_class="municipal")], "linear"),
        ([make_member(industry="K7010"), make_supply()], "real_estate"),
        (
            [
                make_member(
                    bears=(make_number(Scheme.PROJECT_CODE, "2404-430204-07-02-345678", generation="new"),)
                )
            ],
            "upgrade",
        ),
        (
            [
                make_member(
                    bears=(make_number(Scheme.PROJECT_CODE, "2019-430204-37-02-345678", generation="old"),)
                )
            ],
            "granted",
        ),
        ([make_member(path_hint="energy"), make_supply()], "energy"),
        ([make_member(source="housing.projects", key="G-1", land_mode="2")], "allocated"),
        ([make_member(industry="7010"), make_supply()], "real_estate"),
    ],
)
def test_the_path_follows_from_what_the_records_say(members: list[MemberRecord], path: str) -> None:
    assert golden(*members).path == path


def test_scenario_20_a_project_commerce_ended_is_terminated() -> None:
    assert golden(make_member(status="终止/解约"), make_supply()).status == "TERMINATED"
    assert golden(make_member()).status == "ACTIVE"
