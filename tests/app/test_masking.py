from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.masking import masked, masked_text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("张工 13800001234", "张工 138****1234"),
        ("身份证 110101199003070310", "身份证 110101********0310"),
        ("邮箱 someone@example.cn", "邮箱 s***@example.cn"),
        ("施工许可证 430204202403200101", "施工许可证 430204202403200101"),
        ("株洲市天元区", "株洲市天元区"),
        ("", ""),
    ],
)
def test_phones_and_identity_numbers_are_masked_and_certificates_are_not(said: str, shown: str) -> None:
    assert masked_text(said) == shown


def test_every_text_of_a_value_is_masked_and_nothing_else_of_it_changes() -> None:
    value = {"a": ["13800001234", 5, None], "b": {"c": ("x", 1.5, True)}}
    assert masked(value) == {"a": ["138****1234", 5, None], "b": {"c": ("x", 1.5, True)}}
    assert masked(None) is None


@given(st.text(max_size=80))
def test_what_is_masked_is_as_long_or_a_mail_address_and_masked_again_it_stays(said: str) -> None:
    shown = masked_text(said)
    assert len(shown) == len(said) or "@" in said
    assert "13800001234" not in masked_text(f"{said} 13800001234 ")


@given(st.integers(3, 9), st.integers(0, 10**9 - 1))
def test_no_mobile_number_is_left_whole(second: int, rest: int) -> None:
    number = f"1{second}{rest:09d}"
    assert number not in masked_text(f"联系电话：{number}。")
