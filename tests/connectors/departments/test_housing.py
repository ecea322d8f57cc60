from __future__ import annotations

import pytest

from connectors.registry import discover
from schemas.records import Accepted, Op, PartRecord, Rejection
from schemas.tables import code_list
from tests.connectors.departments.reading import feed, outcome, proves, raw, sample, stated

PARTS = [
    "housing.buildings",
    "housing.drawing_reviews",
    "housing.item_instances",
    "housing.item_events",
    "housing.item_documents",
]


@pytest.mark.parametrize("key", PARTS)
def test_what_has_no_name_of_its_own_hangs_on_the_works_by_its_code(key: str) -> None:
    part = stated(key)
    assert isinstance(part, PartRecord)
    works = discover().manifest(part.parent_source)
    assert (part.parent_source, works.identity.columns) == ("housing.projects", ("GCDM",))
    assert part.parent_key == sample(key)["GCDM"]
    orphan = outcome(key, sample(key, GCDM=" "))
    assert isinstance(orphan, Rejection)
    assert orphan.rule == "part.no_parent"


@pytest.mark.parametrize("key", ["housing.item_instances", "housing.item_events", "housing.item_documents"])
def test_an_item_its_events_and_its_documents_are_held_together_by_their_case(key: str) -> None:
    assert stated(key).texts["case"] == "SX090001S"


def test_the_clock_of_an_event_is_what_the_code_list_says_of_its_status() -> None:
    kinds = {code: row.kind for code, row in code_list("BLZT").items()}
    assert {code: stated("housing.item_events", BLZT=code).texts["clock"] for code in kinds} == kinds
    assert feed("housing.item_events").manifest.lookup["clock"] == kinds
    strange = outcome("housing.item_events", sample("housing.item_events", BLZT="99"))
    assert isinstance(strange, Accepted)
    assert [issue.rule for issue in strange.issues] == ["lookup.unknown"]


def test_an_event_sent_twice_is_one_and_its_retraction_means_it_though_each_has_a_row_id_of_its_own() -> None:
    key = "housing.item_events"
    first, again = raw(key, sample(key)), raw(key, sample(key, LSH="0" * 32, SJGXSJ="2024-09-12 11:00:00"))
    gone = raw(key, sample(key, LSH="1" * 32, SJYXBS="0", SJGXSJ="2024-09-12 12:00:00"))
    assert first.key == again.key == gone.key
    assert first.hash == again.hash
    assert (gone.op, first.version < again.version < gone.version) == (Op.DELETE, True)


@pytest.mark.parametrize(
    ("item", "status", "proven"),
    [
        ("建筑工程施工许可证核发", "11", {"C5 B"}),
        ("建筑工程施工许可证核发", "12", {"C5 B"}),
        ("建筑工程施工许可证核发", "13", set()),
        ("建筑工程施工许可证核发", "8", set()),
        ("建筑工程施工许可证变更", "11", set()),
        ("特殊建设工程消防设计审查", "11", {"C2 B"}),
        ("特殊建设工程消防验收", "11", {"D3 B"}),
        ("房屋建筑和市政基础设施工程竣工验收备案", "11", {"D5 B"}),
        ("建设工程竣工验收消防备案", "11", {"D3 B"}),
        ("建设工程规划许可证核发", "11", {"P2 C"}),
        ("建设项目环境影响评价审批", "11", {"I5 C"}),
        ("其他事项", "11", set()),
        ("", "11", set()),
    ],
)
def test_an_item_that_passed_proves_its_milestone_b_for_housings_own_and_c_for_others(
    item: str, status: str, proven: set[str]
) -> None:
    assert proves("housing.item_events", SPSXMC=item, BLZT=status) == proven


def test_a_document_proves_what_its_title_names_and_a_change_of_one_proves_nothing() -> None:
    key = "housing.item_documents"
    assert proves(key) == {"C5 A"}
    assert proves(key, PFRQ="") == {"C5 B"}
    assert proves(key, PFWJBT="关于示例项目环境影响报告表的批复") == {"I5 C"}
    assert proves(key, PFWJBT="建筑工程施工许可证变更") == set()


def test_a_registration_for_supervision_is_no_start_and_the_first_visit_is() -> None:
    key = "housing.supervision"
    starts = {"SCJDRQ": "", "XXJD": ""}
    assert "B1 B" not in proves(key, **starts)
    assert "C4 A" in proves(key, **starts)
    assert "B1 B" in proves(key, **{**starts, "SCJDRQ": "2024-10-08"})
    assert stated(key, **starts).texts["state"] == "under_way"


@pytest.mark.parametrize(
    ("seen", "proven"),
    [
        ("未开工", set()),
        ("施工准备", set()),
        ("0%", set()),
        ("桩基施工", {"B1"}),
        ("基础施工", {"B1"}),
        ("基础已完成", {"B1", "B2"}),
        ("主体3层", {"B1", "B2"}),
        ("主体封顶", {"B1", "B2", "B3"}),
        ("装饰装修", {"B1", "B2", "B3"}),
        ("设备安装", {"B1", "B4"}),
        ("65%", {"B1"}),
        ("100%", {"B1", "B2", "B3"}),
    ],
)
def test_progress_seen_on_the_spot_proves_the_steps_it_presupposes(seen: str, proven: set[str]) -> None:
    found = proves("housing.supervision", SCJDRQ="", ZJRQ="", JDZCH="J", SGXKZBH="", XMDM="", XXJD=seen)
    assert {one[:2] for one in found if one[0] == "B"} == proven


def test_the_states_of_supervision_are_those_of_the_code_list() -> None:
    assert feed("housing.supervision").manifest.lookup["state"] == {
        code: row.kind for code, row in code_list("JDZT").items()
    }
    done = {code for code, row in code_list("JDZT").items() if row.milestone == "D1"}
    assert {code for code in code_list("JDZT") if "D1 B" in proves("housing.supervision", JDZT=code)} == done


@pytest.mark.parametrize("opinion", ["审查不合格", "未通过", "不予通过", "", None])
@pytest.mark.parametrize(
    ("key", "milestone"), [("housing.fire_reviews", "C2 B"), ("housing.fire_acceptances", "D3 B")]
)
def test_fire_safety_that_was_found_wanting_proves_nothing(
    key: str, milestone: str, opinion: str | None
) -> None:
    assert milestone in proves(key)
    assert milestone not in proves(key, SCYJ=opinion)


def test_a_drawing_review_without_a_certificate_is_known_by_its_case_and_proves_nothing_yet() -> None:
    key = "housing.drawing_reviews"
    assert raw(key, sample(key)).key == "430204-2024-F-090001"
    assert raw(key, sample(key, 1)).key == "2:ST2024090002"
    assert proves(key, 1) == set()
    assert "C1 A" in proves(key)
