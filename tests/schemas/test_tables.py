from __future__ import annotations

import csv
import tomllib
from importlib import resources

import pytest

from schemas.lifecycle import Rank, Stage
from schemas.tables import (
    code_list,
    departments,
    district_aliases,
    industries,
    industry,
    milestones,
    paths,
    ranks,
    regions,
    roll_up,
    stages,
    sums,
)
from tests.support.shared_data import shared_data

LISTS = sorted(tomllib.loads(resources.files("schemas.codes").joinpath("code_lists.toml").read_text("utf-8")))
STRENGTH = list(Rank)


def test_the_stages_are_the_eleven_in_order() -> None:
    assert [row.code for row in stages()] == list(Stage)
    assert [row.number for row in stages()] == list(range(1, 12))


def test_every_milestone_stands_in_the_order_of_its_stage() -> None:
    order = [list(Stage).index(row.stage) for row in milestones().values()]
    assert order == sorted(order)
    assert (len(order), next(iter(milestones())), list(milestones())[-1]) == (52, "L1", "E3")


def test_every_owner_is_a_known_department() -> None:
    owners = {row.owner for row in stages()} | {row.owner for row in milestones().values()}
    owners |= {gate.owner for path in paths().values() for gate in path.gates.values()}
    assert owners <= set(departments())
    assert set(departments()) >= {
        "commerce",
        "land",
        "housing",
        "reform",
        "approval",
        "environment",
        "energy",
    }


def test_every_rank_has_a_meaning_strongest_first() -> None:
    assert list(ranks()) == STRENGTH


def test_every_gate_is_made_of_starred_milestones_none_later_than_signing_for_an_earlier_stage() -> None:
    for path in paths().values():
        for stage, gate in path.gates.items():
            assert gate.stage is stage
            for code in gate.milestones:
                milestone = milestones()[code]
                assert milestone.gate or code == "I3"
                assert milestone.stage is stage or milestone.stage in (Stage.NEGOTIATION, Stage.SIGNED)
            assert any(milestones()[code].stage is stage for code in gate.milestones)


def test_every_starred_milestone_opens_a_gate_of_some_path() -> None:
    used = {code for path in paths().values() for gate in path.gates.values() for code in gate.milestones}
    assert {code for code, row in milestones().items() if row.gate} <= used


def test_an_unconnected_owner_never_asks_for_more() -> None:
    for path in paths().values():
        for gate in path.gates.values():
            assert STRENGTH.index(gate.least_rank_unconnected) >= STRENGTH.index(gate.least_rank)


def test_the_paths_require_what_their_kind_of_project_has() -> None:
    required = {key: set(path.gates) for key, path in paths().items()}
    before_code = {Stage.LEAD, Stage.NEGOTIATION, Stage.SIGNED}
    land_and_permits = {Stage.LAND, Stage.PLANNING, Stage.CONSTRUCTION_PERMIT, Stage.COMPLETION}
    assert list(required) == ["granted", "leased", "upgrade", "allocated", "linear", "energy", "real_estate"]
    assert required["granted"] == required["energy"] == set(Stage)
    assert required["leased"] == required["upgrade"] == set(Stage) - land_and_permits
    assert not required["allocated"] & before_code
    assert not required["linear"] & before_code
    assert all(Stage.INITIATION in stages_ for stages_ in required.values())


def test_the_full_path_is_gated_as_its_departments_prove_it() -> None:
    gates = paths()["granted"].gates
    assert gates[Stage.LAND].counted_in == "parcel"
    assert gates[Stage.COMPLETION].counted_in == "works"
    assert gates[Stage.COMPLETION].milestones == ("D5",)
    assert (gates[Stage.INITIATION].owner, gates[Stage.INITIATION].least_rank_unconnected) == (
        "reform",
        Rank.C,
    )
    assert gates[Stage.CONSTRUCTION].self_report_with == "C5"


def test_what_is_counted_in_parts_rolls_up_over_all_of_them() -> None:
    for path in paths().values():
        for stage, gate in path.gates.items():
            if gate.counted_in != "none":
                assert (roll_up()[stage].part, roll_up()[stage].met_when) == (gate.counted_in, "all")
    assert roll_up()[Stage.CONSTRUCTION_PERMIT].dated_by == "earliest"
    assert sums()["contract_price"].against == "total_investment"


@pytest.mark.parametrize("name", LISTS)
def test_a_code_list_points_only_to_what_exists(name: str) -> None:
    for row in code_list(name).values():
        assert row.zh or row.unverified
        assert row.path is None or row.path in paths()
        if row.milestone:
            assert milestones()[row.milestone].stage is row.stage


def test_an_unknown_code_list_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        code_list("BLZX")


def test_item_statuses_know_what_ends_a_case_and_what_stops_its_clock() -> None:
    kinds = {
        kind: {row.code for row in code_list("BLZT").values() if row.kind == kind}
        for kind in ("positive", "negative", "stopped", "resumed")
    }
    assert kinds == {
        "positive": {"11", "12"},
        "negative": {"2", "4", "5", "13", "14", "15"},
        "stopped": {"6", "9"},
        "resumed": {"7", "10"},
    }


def test_commerces_words_name_the_milestone_they_report() -> None:
    words = code_list("LYZT")
    assert (words["已投产"].milestone, words["停滞"].status, words["终止/解约"].status) == (
        "O3",
        "SUSPENDED",
        "TERMINATED",
    )


def test_modes_of_land_supply_name_their_path() -> None:
    assert {row.path for row in code_list("GDFS").values()} == {"granted", "allocated"}
    assert code_list("YDFS")["租赁"].path == "leased"


@pytest.mark.parametrize("code", ["C3720", "3720", " c3720 "])
def test_an_industry_is_found_with_and_without_its_section(code: str) -> None:
    row = industry(code)
    assert row is not None
    assert (row.code, row.name, row.level, row.parent) == ("C3720", "城市轨道交通设备制造", 4, "C372")


def test_an_industry_of_another_edition_or_none_is_unknown() -> None:
    assert industry("3713", "2011") is None
    assert industry("9999") is None
    assert industry("") is None


def test_the_industries_are_the_whole_standard() -> None:
    levels = [row.level for row in industries().values()]
    assert [levels.count(level) for level in (1, 2, 3, 4)] == [20, 97, 473, 1381]
    assert all(row.parent is None or row.parent in industries() for row in industries().values())
    rail = industry("3713")
    assert rail is not None
    assert rail.name.startswith("窄轨机车车辆")


def test_the_regions_and_industries_equal_their_sources() -> None:
    with shared_data("cn_adcode/areas.csv").open(encoding="utf-8", newline="") as file:
        assert all(regions()[row["code"]].name == row["name"] for row in csv.DictReader(file))
    with shared_data("cn_gbt4754/gbt4754_2017.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ours = industries()[row["code"]]
            assert (ours.name, str(ours.level), ours.parent or "") == (
                row["name"].strip(),
                row["level"],
                row["parent"],
            )


def test_the_sources_of_the_tables_are_named() -> None:
    codes = resources.files("schemas.codes")
    assert "WTFPL" in codes.joinpath("adcodes.csv").read_text("utf-8").partition("\n")[0]
    assert "GB/T 4754-2017" in codes.joinpath("industries.csv").read_text("utf-8").partition("\n")[0]


def test_tables_are_read_once() -> None:
    assert milestones() is milestones()
    assert district_aliases() is district_aliases()
