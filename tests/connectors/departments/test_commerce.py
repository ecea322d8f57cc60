from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from connectors.contract import Binding
from connectors.registry import discover
from connectors.samples import JURISDICTION
from schemas.records import Accepted, Listing, ProjectRecord, RawRecord
from tests.connectors.departments.reading import FOLDER, outcome, proves, raw, sample, stated

WEEK = FOLDER / "commerce" / "negotiations_weekly" / "sample" / "签约履约周报_20241014.xlsx"
TALKS = "commerce.negotiations_weekly"


def test_both_sheets_of_one_workbook_are_read_each_by_its_own_feed(tmp_path: Path) -> None:
    shutil.copy(WEEK, tmp_path)
    os.utime(tmp_path / WEEK.name, (1_700_000_000, 1_700_000_000))
    read = {}
    for key in (TALKS, "commerce.signed_weekly"):
        connector = discover().open(key, Binding(JURISDICTION, location=str(tmp_path)))
        pages = list(connector.fetch(None))
        assert {page.listing for page in pages} <= {Listing.FULL, Listing.FULL_END}
        read[key] = [row.key for page in pages for row in page.rows if isinstance(row, RawRecord)]
    assert read["commerce.signed_weekly"] == ["ZS2024-901", "ZS2024-903"]
    assert read[TALKS] == [
        "示例航空零部件制造项目|示例航空科技集团|2024.6.3",
        "2:示例储能电池项目（二期）|示例新能源集团",
        "示例陶瓷展销中心|示例陶瓷（香港）有限公司|2024年9月上旬",
        "测试项目|某某公司|2024-10-01",
    ]


def test_a_week_without_the_sheet_of_talks_says_nothing_and_withdraws_nothing(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "commerce" / "signed_weekly" / "sample" / WEEK.name, tmp_path)
    os.utime(tmp_path / WEEK.name, (1_700_000_000, 1_700_000_000))
    pages = list(discover().open(TALKS, Binding(JURISDICTION, location=str(tmp_path))).fetch(None))
    assert [(page.rows, page.listing) for page in pages] == [((), Listing.FULL)]
    cursor = pages[-1].cursor
    assert list(discover().open(TALKS, Binding(JURISDICTION, location=str(tmp_path))).fetch(cursor)) == []


def test_next_weeks_number_and_day_of_report_are_no_change() -> None:
    row = {
        "序号": 1,
        "项目名称": "甲",
        "投资方": "乙",
        "首谈时间": "2024-06",
        "填报时间": "2024-10-14",
        "联系人": "某某",
    }
    assert raw(TALKS, row).hash == raw(TALKS, {**row, "序号": 7, "填报时间": "2024-10-21"}).hash
    assert raw(TALKS, row).hash != raw(TALKS, {**row, "项目名称": "甲（二期）"}).hash


@pytest.mark.parametrize(
    ("said", "proven"),
    [
        ("拟考察", set()),
        ("计划下周实地考察", set()),
        ("已实地考察", {"N2"}),
        ("企业考察已完成，拟提交评审", {"N2"}),
        ("已通过项目评审", {"N3"}),
        ("未通过评审", set()),
        ("框架协议已草签", {"N4"}),
        ("拟草签", set()),
    ],
)
def test_what_was_done_in_talks_counts_and_what_is_meant_to_be_does_not(said: str, proven: set[str]) -> None:
    found = outcome(TALKS, {"项目名称": "甲", "投资方": "乙", "首谈时间": "", "洽谈进展": said})
    assert isinstance(found, Accepted)
    statement = found.statements[0]
    assert isinstance(statement, ProjectRecord)
    assert {proof.milestone for proof in statement.evidence} == proven


def test_persons_of_a_report_are_in_no_statement() -> None:
    row = {
        "项目名称": "甲",
        "投资方": "乙",
        "首谈时间": "2024",
        "联系领导": "丙某某",
        "联系人": "丁某某",
        "联系电话": "座机",
    }
    found = outcome(TALKS, row)
    assert isinstance(found, Accepted)
    assert not [
        word for word in ("丙某某", "丁某某", "座机") if word in found.statements[0].model_dump_json()
    ]


def test_talks_with_a_number_are_known_by_it_and_others_by_who_talks_of_what_since_when() -> None:
    key = "commerce.negotiations_api"
    assert raw(key, sample(key)).key == "ZS2024-911"
    assert raw(key, sample(key, 1)).key == "2:示例储能电池项目（二期）|示例新能源集团|2024.09"
    assert proves(key) == {"L1 B", "N1 B"}
    assert proves(key, 1) == {"N1 B", "N4 B"}


def test_a_sum_under_the_wrong_unit_is_kept_with_a_doubt() -> None:
    found = outcome("commerce.negotiations_api", sample("commerce.negotiations_api", NTZZE="52000"))
    assert isinstance(found, Accepted)
    assert [(issue.rule, issue.value) for issue in found.issues] == [("range.unbelievable", "5200000000000")]
    assert json.loads(found.statements[0].model_dump_json())["money"]["total_investment"]["raw"] == "52000"


def test_a_leads_number_is_no_promotion_number_for_signing_gives_another() -> None:
    key = "commerce.negotiations_api"
    assert [number.scheme for number in stated(key).bears] == ["promotion_no"]
    assert [number.scheme for number in stated(key, ZSBH="XS2024-901").bears] == ["document_no"]
