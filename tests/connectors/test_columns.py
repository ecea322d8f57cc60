from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.columns import Column, area_unit, column, column_name, money_unit


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("面积(公顷):", Column("面积", "公顷")),
        ("合同引资额（亿元）", Column("合同引资额", "亿元")),
        ("电子监管号：", Column("电子监管号")),
        (" 实际 开工时间", Column("实际开工时间")),
        ("项目\n名称", Column("项目名称")),
        ("Area (hectare)", Column("Area (hectare)")),
        ("用地（平方米）", Column("用地", "㎡")),
        ("ＸＭＤＭ", Column("XMDM")),
    ],
)
def test_a_head_is_read_without_its_decoration(head: str, said: Column) -> None:
    assert column(head) == said


@given(st.text(max_size=20))
def test_a_cleaned_head_stays_as_it_is_unless_it_still_holds_a_unit(head: str) -> None:
    once = column(head)
    assert column(once.full).name in {once.name, column(once.name).name}
    assert column_name(head) == once.name


def test_a_unit_in_the_head_goes_before_the_declared_one_and_must_fit() -> None:
    assert money_unit(None, "万元") == "万元"
    assert money_unit("亿元", "万元") == "亿元"
    assert money_unit("亩", "万元") is None
    assert area_unit("亩", "㎡") == "亩"
    assert area_unit("元", "㎡") is None
