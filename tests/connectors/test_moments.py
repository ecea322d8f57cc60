from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moments import CHINA, moment


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("2024-09-18 10:30:00", "2024-09-18 10:30:00.000000"),
        ("2024/9/8 1:02:03.5", "2024-09-08 01:02:03.500000"),
        ("2024-09-18T02:30:00Z", "2024-09-18 10:30:00.000000"),
        ("2024-09-18T10:30:00+08:00", "2024-09-18 10:30:00.000000"),
        ("20240918", "2024-09-18 00:00:00.000000"),
        ("20240918103000", "2024-09-18 10:30:00.000000"),
        ("1726626600000", "2024-09-18 10:30:00.000000"),
        ("1726626600", "2024-09-18 10:30:00.000000"),
    ],
)
def test_moments_are_written_in_one_form_of_china_time(said: str, text: str) -> None:
    assert moment(said) == text


@pytest.mark.parametrize("said", ["", "昨天", "2024-13-01", "2024-02-30 00:00:00", "99999999999999999"])
def test_what_is_no_moment_gives_none(said: str) -> None:
    assert moment(said) is None


times = st.integers(631_152_000, 3_786_912_000).map(lambda second: datetime.fromtimestamp(second, CHINA))


@given(times, times)
def test_the_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    first, second = moment(one.isoformat()), moment(other.isoformat())
    assert first is not None
    assert second is not None
    assert (first.encode() < second.encode()) == (one < other)


@given(st.from_regex(r"(?a)(0|1|2)\d{3}-[01]\d-[0-3]\d[ T][012]\d:\d\d:\d\d(\+08:00)?", fullmatch=True))
def test_a_moment_as_most_are_written_is_the_moment_it_is_among_blanks(text: str) -> None:
    assert moment(text) == moment(f" {text}")
