from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.access.pace import Pace


@given(st.floats(0.5, 100), st.integers(1, 50), st.lists(st.floats(0, 2), max_size=200))
def test_no_more_than_the_burst_and_the_pace_pass(rate: float, burst: int, steps: list[float]) -> None:
    pace, now, passed = Pace(rate, burst), 1000.0, 0
    for step in steps:
        now += step
        passed += pace.take("a", now) == 0
    assert passed <= burst + rate * (now - 1000.0) + 1


@given(st.integers(1, 50))
def test_a_burst_passes_whole_and_who_waits_as_told_passes_next(burst: int) -> None:
    pace = Pace(10.0, burst)
    assert all(pace.take("a", 5.0) == 0 for _ in range(burst))
    wait = pace.take("a", 5.0)
    assert 0 < wait <= 0.11
    assert pace.waits("a", 5.0) > 0
    assert pace.take("b", 5.0) == 0
    assert pace.take("a", 5.0 + wait + 0.001) == 0


def test_names_that_are_due_no_more_are_forgotten() -> None:
    pace = Pace(1.0, 1)
    for n in range(Pace.MOST_KNOWN + 10):
        pace.take(str(n), float(n))
    assert len(pace._due) < 20
