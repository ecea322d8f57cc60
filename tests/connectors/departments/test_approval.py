from __future__ import annotations

import pytest

from schemas.tables import code_list
from tests.connectors.departments.reading import feed, proves, stated

KEY = "approval.item_instances"


@pytest.mark.parametrize(
    ("item", "status", "proven"),
    [
        ("生产建设项目水土保持方案审批", "11", {"I6 A"}),
        ("生产建设项目水土保持方案审批", "13", set()),
        ("洪水影响评价审批", "12", {"I6 A"}),
        ("企业投资项目备案", "11", {"I2 C"}),
        ("政府投资项目初步设计审批", "11", {"I3 C"}),
        ("固定资产投资项目节能审查", "11", {"I4 C"}),
        ("公共场所卫生许可", "11", set()),
    ],
)
def test_a_case_proves_a_for_what_the_bureau_decides_and_c_for_what_it_takes_in(
    item: str, status: str, proven: set[str]
) -> None:
    assert proves(KEY, SXMC=item, BLZT=status, XMDM="") == proven


def test_the_clock_of_a_case_is_what_the_code_list_says_of_its_status() -> None:
    kinds = {code: row.kind for code, row in code_list("BLZT").items()}
    assert feed(KEY).manifest.lookup["clock"] == kinds
    assert stated(KEY, 2).texts["clock"] == "stopped"
