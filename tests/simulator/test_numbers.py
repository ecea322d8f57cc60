from __future__ import annotations

import re
from datetime import date
from math import gcd

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


def test_credit_codes_cannot_repeat_for_a_million_projects() -> None:
    """Multiplying by a number without a common factor visits every remainder once."""
    assert gcd(7_368_787, 31**5) == 1
    assert 31**5 > 28_000_000


def test_a_million_projects_share_no_number() -> None:
    """One district's share of a month of a million projects in three years, and a day of its permits ten times over."""
    registrar, rng, on = Registrar("株", dense=True), dice(1, "million"), date(2024, 3, 1)
    many = 4_000
    for numbers in (
        [registrar.project_code(rng, "430211", on) for _ in range(many)],
        [registrar.signing(on) for _ in range(many)],
        [registrar.signing_contract("天元区", on) for _ in range(many)],
        [registrar.supervision("430211", on) for _ in range(many)],
        [registrar.land_contract(on, allocated=False) for _ in range(many)],
        [registrar.land_approval(on) for _ in range(many)],
        [registrar.parcel(on) for _ in range(many)],
        [registrar.completion(on) for _ in range(many)],
        [registrar.local_works("430211", on) for _ in range(many)],
        [registrar.construction("430211", on, municipal=n % 9 == 0) for n in range(many)],
    ):
        assert len(set(numbers)) == many
    planned = [registrar.planning("地", "430211", on) for _ in range(400_000)]
    assert len(set(planned)) == 400_000


def test_a_dense_registrar_keeps_a_busy_days_permits_within_the_week() -> None:
    registrar = Registrar("株", dense=True)
    permits = [registrar.construction("430211", date(2024, 3, 1), municipal=False) for _ in range(5_000)]
    assert len(set(permits)) == 5_000
    assert max(permit[6:14] for permit in permits) <= "20240307"
    assert all(re.fullmatch(r"\d{14}\d\d(0[1-9]|1[0-9]|99)", permit) for permit in permits)


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
