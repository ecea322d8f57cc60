from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.code_checks import certificate_check_ok, organisation_code_ok, project_code_generation, uscc_ok
from tests.support.shared_data import shared_data

PUBLIC_BODIES = ["91110000600037341L", "11430000006122244L", "11100000000013338W"]
SAFE_CODES = [
    "91430211MA4D00111A",
    "91430204MA4D00180A",
    "91430202MA4D002500",
    "91430203MA4D003201",
    "91430212MA4D003909",
    "91430281MA4D00461W",
    "91430223MA4D00530C",
    "91430224MA4D00600D",
    "91430225MA4D006703",
    "91430200MA4D00740E",
    "N2430212MF0D001231",
]
SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("code", PUBLIC_BODIES + SAFE_CODES)
def test_a_credit_code_with_the_right_check_character_passes(code: str) -> None:
    assert uscc_ok(code)


@pytest.mark.parametrize("code", PUBLIC_BODIES)
def test_the_organisation_code_inside_a_public_bodys_code_passes(code: str) -> None:
    assert organisation_code_ok(code)
    assert organisation_code_ok(code[8:17])


@pytest.mark.parametrize("code", SAFE_CODES)
def test_no_real_body_can_own_a_fixture_code(code: str) -> None:
    assert not organisation_code_ok(code)


@given(
    code=st.sampled_from(PUBLIC_BODIES + SAFE_CODES),
    place=st.integers(min_value=0, max_value=17),
    sign=st.sampled_from(SIGNS),
)
def test_one_wrong_sign_anywhere_breaks_a_credit_code(code: str, place: int, sign: str) -> None:
    changed = code[:place] + sign + code[place + 1 :]
    assert uscc_ok(changed) == (changed == code)


@pytest.mark.parametrize(
    "code", ["", "91430211MA4D00111", "91430211MA4D00111A1", "9143021IMA4D00111A", "４3"]
)
def test_other_forms_are_no_credit_code(code: str) -> None:
    assert not uscc_ok(code)


@pytest.mark.parametrize(
    ("code", "passes"), [("00612224-4", True), ("006122244", True), ("006122245", False), ("x", False)]
)
def test_an_organisation_code_is_checked_with_and_without_its_hyphen(code: str, passes: bool) -> None:
    assert organisation_code_ok(code) is passes


@pytest.mark.parametrize(
    ("code", "generation"),
    [
        ("2403-430211-04-01-123456", "new"),
        ("2011-430211-04-01-123456", "new"),
        ("2019-430211-37-03-012345", "old"),
        ("2015-430211-37-01-012345", "old"),
        ("2403-430211-04-88-123456", "pseudo"),
        ("2403-430211-89-01-123456", "new"),
        ("2413-430211-04-01-123456", "invalid-time"),
        ("1999-430211-04-01-123456", "invalid-time"),
        ("2403-430211-04-01-12345", None),
        ("24034302110401123456", None),
    ],
)
def test_the_first_four_digits_tell_the_generation_of_a_project_code(
    code: str, generation: str | None
) -> None:
    assert project_code_generation(code) == generation


def iso_7064_mod_37_36(signs: str) -> str:
    """The check sign by the standard's own definition: the sign that leaves 1, found by trial."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def remainder(text: str) -> int:
        product = 36
        for sign in text[:-1]:
            product = ((product + alphabet.index(sign)) % 36 or 36) * 2 % 37
        return (product + alphabet.index(text[-1])) % 36

    return next(check for check in alphabet if remainder(signs + check) == 1)


@given(serial=st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=24))
def test_the_check_sign_of_an_electronic_certificate_follows_iso_7064(serial: str) -> None:
    body = ("11100000000013338W009", "430200", serial, "001")
    check = iso_7064_mod_37_36("".join(body))
    stem = "1.2.156.3005.2." + ".".join(body)
    assert certificate_check_ok(f"{stem}.{check}")
    assert not certificate_check_ok(f"{stem}.{'A' if check != 'A' else 'B'}")


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.156.3005.2.a.b.c.d.e", "1.2.156.3005.2.A.B.C.D.", "." * 9]
)
def test_another_form_fails_the_certificate_check_without_an_error(text: str) -> None:
    assert not certificate_check_ok(text)


def test_real_credit_codes_pass_but_for_the_one_known_to_be_wrong() -> None:
    with shared_data("cn_jzsc/enterprises_uscc.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    failing = [row["统一社会信用代码"][:3] for row in rows if not uscc_ok(row["统一社会信用代码"])]
    assert (len(rows), failing) == (171, ["G10"])
    assert all(uscc_ok(row["统一社会信用代码"]) == (row["校验位正确"] == "1") for row in rows)
