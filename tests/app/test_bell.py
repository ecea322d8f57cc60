"""A bell wakes another process at once, and stands though whoever waits for it is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from app.bell import Bell
from app.crew import Forked


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    yield bell
    bell.close()


def test_it_is_heard_once_however_often_it_was_rung_and_not_before(bell: Bell) -> None:
    assert not bell.wait(0)
    for _ in range(70_000):  # more than a pipe holds
        bell.ring()
    assert bell.wait(0)
    while bell.wait(0):
        pass
    bell.ring()
    assert bell.wait(60)
    assert not bell.wait(0)


def test_another_process_hears_it_at_once_and_one_that_was_killed_waiting_leaves_nobody_hanging(
    bell: Bell,
) -> None:
    killed = Forked(lambda: os._exit(bell.wait(60)))
    time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(10)
    waits = Forked(lambda: os._exit(7 if bell.wait(60) else 1))
    started = time.monotonic()
    bell.ring()
    waits.wait(10)
    assert waits.poll() == 7
    assert time.monotonic() - started < 5
