from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.outbound.schedule import LONGEST_ASKED, MOST_ATTEMPTS, wait_after


def test_a_message_is_tried_eight_times_over_more_than_a_day() -> None:
    waits = [wait_after(n, chance=0.0) for n in range(1, 9)]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 36000, None]
    assert MOST_ATTEMPTS == 8


@given(st.integers(1, 7), st.none() | st.floats(0, 1e9), st.floats(0, 1))
def test_a_wait_is_never_shorter_than_planned_or_asked_for_and_has_an_end(
    attempts: int, asked: float | None, chance: float
) -> None:
    wait, planned = wait_after(attempts, asked, chance), wait_after(attempts, None, 0.0)
    assert wait is not None
    assert planned is not None
    assert max(planned, min(asked or 0, LONGEST_ASKED)) <= wait <= LONGEST_ASKED * 1.2


def test_many_who_failed_together_do_not_come_back_together() -> None:
    assert len({wait_after(1) for _ in range(20)}) > 10
