from __future__ import annotations

import pytest

from app.pipeline.matching.names import parse_name


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("某园", set()),
        ("某园一期", {1}),
        ("某园首期", {1}),
        ("某园（第二期）工程", {2}),
        ("某园十一期", {11}),
        ("某园二十期", {20}),
        ("某园二十一期", {21}),
        ("某园一二期", {1, 2}),
        ("某园一、二期", {1, 2}),
        ("某园一期、三期", {1, 3}),
        ("某园一至三期", {1, 2, 3}),
        ("某园1-3期", {1, 2, 3}),
        ("某园２期", {2}),
        ("某园Ⅱ期", {2}),
        ("某园III期", {3}),
        ("某园IV期", {4}),
        ("某园二期（一标段）", {2}),
        ("Fooworks Zhuzhou Phase 2", {2}),
        ("Fooworks Zhuzhou PHASE III Project", {3}),
        ("2024期某刊", set()),
        ("某学期工期", set()),
        ("Phaseimage", set()),
    ],
)
def test_phases_are_a_set_and_none_is_not_phase_one(text, phases):
    assert parse_name(text).phase == phases


@pytest.mark.parametrize(
    ("text", "core", "parts"),
    [
        ("某轨道基地二标段", "某轨道基地", {"S2"}),
        ("某轨道基地（第2标段）", "某轨道基地", {"S2"}),
        ("某轨道基地施工A3标段", "某轨道基地", {"SA3"}),
        ("某轨道基地（Ⅱ标）", "某轨道基地", {"S2"}),
        ("某轨道基地1#、2#厂房及附属用房", "某轨道基地", {"B1", "B2"}),
        ("某轨道基地1#~5#厂房", "某轨道基地", {"B1", "B2", "B3", "B4", "B5"}),
        ("某轨道基地12号楼", "某轨道基地", {"B12"}),
        ("某胡同35号3、5幢", "某胡同35号", {"B3", "B5"}),
        ("某轨道基地一标段2#厂房", "某轨道基地", {"S1", "B2"}),
        ("某轨道基地三标准厂房", "某轨道基地三标准厂房", set()),
        ("某轨道基地主体工程", "某轨道基地", set()),
    ],
)
def test_sections_and_buildings_are_parts_and_no_part_of_the_core(text, core, parts):
    assert parse_name(text).core == core
    assert parse_name(text).parts == parts


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("某园A区", "A"),
        ("某园C区厂房", "C"),
        ("某园A、B区", None),
        ("某园天元区", None),
        ("某产业园北区", "北"),
        ("某产业园（东区）", "东"),
        ("某城北区水厂", None),
        ("某产业园北区域管网", None),
    ],
)
def test_a_zone_is_one_and_of_several_none_is_stated(text, zone):
    assert parse_name(text).zone == zone


@pytest.mark.parametrize(
    ("text", "core", "plots"),
    [
        ("金某2004-02地块", "金某", {"2004-02"}),
        ("NO.2020G37号地块某园", "某园", {"2020G37"}),
        ("某镇HD00-0402-0102地块某园", "某镇某园", {"HD00-0402-0102"}),
        ("某园GC-01-02", "某园", {"GC-01-02"}),
        ("某园〔2020〕12号宗地", "某园", {"2020-12"}),
        ("某村0602、0603地块某园", "某村某园", {"0602", "0603"}),
        ("某街区05-037、05-043地块某园", "某街区某园", {"05-037", "05-043"}),
        ("某地2005-B-3", "某地", {"2005-B-3"}),
        ("某谷BPV-B-02地块", "某谷", {"BPV-B-02"}),
        ("某汇地块二建设项目", "某汇", {"2"}),
        ("某路以北地块四", "某路以北", {"4"}),
        ("某潭一号地块", "某潭", {"1"}),
        ("某园C01地块", "某园", {"C01"}),
        ("某园A1-2#楼", "某园", set()),
        ("某园3-5号楼", "某园", set()),
        ("某区域边坡", "某区域边坡", set()),
    ],
)
def test_numbers_of_plots_are_no_part_of_the_core(text, core, plots):
    assert parse_name(text).core == core
    assert parse_name(text).plots == plots


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        ("某园年产5万吨", {"50000吨"}),
        ("某园5GW", {"5GW"}),
        ("某电站100MW/200MWh", {"100MW", "200MWH"}),
        ("某电站49.7兆瓦", {"49.7MW"}),
        ("某线110千伏", {"110KV"}),
        ("某厂30000吨/年", {"30000吨"}),
        ("某厂3万吨", {"30000吨"}),
    ],
)
def test_a_capacity_is_the_same_however_it_is_written(text, quantities):
    assert parse_name(text).quantities == quantities


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("某园改扩建项目", {"expansion"}),
        ("某园技改扩能", {"upgrade", "expansion"}),
        ("某厂搬迁", {"removal"}),
        ("某园配套管网", {"ancillary"}),
        ("某园", set()),
    ],
)
def test_what_makes_a_project_an_addition_is_told(text, kinds):
    assert parse_name(text).kinds == kinds
