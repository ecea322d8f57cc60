from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.dice import dice
from simulator.numbers import Registrar, credit_code, inner_check, outer_check

AREAS = st.sampled_from(["430211", "430204", "430000"])


@pytest.mark.parametrize("public", ["91110000600037341L", "11430000006122244L", "11100000000013338W"])
def test_both_checks_reproduce_the_codes_of_public_bodies(public: str) -> None:
    assert outer_check(public[:17]) == public[17]
    assert inner_check(public[8:16]) == public[16]


@given(AREAS, st.integers(1, 28_000_000))
def test_a_credit_code_passes_its_outer_check_and_never_its_inner_one(region: str, serial: int) -> None:
    code = credit_code("91", region, serial)
    assert len(code) == 18
    assert outer_check(code[:17]) == code[17]
    assert inner_check(code[8:16]) != code[16]


def test_credit_codes_of_different_serials_differ() -> None:
    assert len({credit_code("91", "430211", serial) for serial in range(50_000)}) == 50_000


def test_project_codes_are_given_out_once() -> None:
    registrar, rng = Registrar("株"), dice(1, "codes")
    codes = [registrar.project_code(rng, "430211", date(2024, 3, 1)) for _ in range(5_000)]
    assert len(set(codes)) == 5_000
    assert codes[0].startswith("2403-430211-04-01-")


def test_a_day_with_more_than_99_permits_goes_on_with_the_next_days_numbers() -> None:
    registrar = Registrar("株")
    permits = [registrar.construction("430211", date(2024, 3, 31), municipal=False) for _ in range(150)]
    assert len(set(permits)) == 150
    assert {permit[6:14] for permit in permits} == {"20240331", "20240401"}
    assert all(len(permit) == 18 for permit in permits)
