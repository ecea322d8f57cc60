from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cleaning import clean, says_nothing, squeeze


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("４３０２１１", "430211"),
        (" 2404－430204—04–01‐345678\u3000", "2404-430204-04-01-345678"),
        ("91430204\u200bma4d\xa000180a\n", "91430204MA4D00180A"),
        ("株土合字（2024）15号", "株土合字(2024)15号"),
    ],
)
def test_a_number_loses_full_width_blanks_and_odd_hyphens(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_a_cleaned_number_holds_no_blank_and_a_squeezed_text_no_two(text: str) -> None:
    assert not any(sign.isspace() for sign in clean(text))
    assert "  " not in squeeze(text)
    assert squeeze(text) == squeeze(text).strip()


@pytest.mark.parametrize(
    "text", ["", "无", "None", "---", "——", "/", "不限", "(空)", "（空）", "待定", "NULL", "\xa0", "\\"]
)
def test_the_many_spellings_of_an_empty_cell_say_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["0", "无锡市", "-5", "a", "详见合同"])
def test_a_word_or_a_number_says_something(text: str) -> None:
    assert not says_nothing(text)


@given(
    st.text(
        st.sampled_from("无空不限待定暂未知详数据填没有 \u3000\u200b()（）/-*.?NUＬｌAn0１½①㈱豈\u0301项")
    )
    | st.text()
)
def test_a_text_says_as_much_as_what_is_left_of_it_when_cleaned(text: str) -> None:
    assert says_nothing(text) == says_nothing(clean(text))
