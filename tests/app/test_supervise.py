"""Processes kept running: what falls is started again, what is told to stop stops, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import supervise
from app.supervise import Child, Supervisor

WAITS = "import time; time.sleep(60)"
NOTES = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write('x')"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def child(name: str, code: str, *arguments: str) -> Child:
    return Child(name, [sys.executable, "-c", code, *arguments], dict(os.environ))


def until(said: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_fallen_child_is_started_again_and_all_are_stopped_when_told() -> None:
    supervisor = Supervisor([child("one", WAITS), child("two", WAITS)])
    supervisor.start()
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    try:
        one, two = (c.process for c in supervisor.children)
        assert one is not None
        assert two is not None
        one.kill()
        until(lambda: supervisor.children[0].process not in {None, one})
        assert supervisor.children[1].process is two
        assert supervisor.children[0].falls == 1
    finally:
        supervisor.stopping.set()
        watching.join(20)
    assert not watching.is_alive()
    assert all(c.process is not None and c.process.poll() is not None for c in supervisor.children)


def test_what_falls_again_and_again_waits_longer_each_time_and_never_brings_the_supervisor_down(
    tmp_path: Path,
) -> None:
    """A child that falls for a whole night: its pauses have an end, and so has no number an overflow."""
    notes = tmp_path / "falls"
    falling = child("falls", NOTES, str(notes))
    supervisor = Supervisor([falling])
    supervisor.start()
    pauses = []
    for falls in (0, 1, 2, 3, 30, 5_000):
        process = falling.process
        assert process is not None
        process.wait(20)
        falling.falls, now = falls, time.monotonic()
        supervisor._look(falling, now)
        pauses.append(falling.pause_until - now)
        falling.pause_until = 0.0
        supervisor._look(falling, now)
    assert pauses == sorted(pauses)
    assert pauses[0] == 0.5
    assert pauses[-1] == supervise.LONGEST_PAUSE
    supervisor.stop()
    assert falling.process is not None
    falling.process.wait(20)


def test_a_deaf_child_is_ended_after_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE_SECONDS", 0.5)
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"deaf\n"
    deaf = child("deaf", DEAF)
    deaf.process = process
    Supervisor([deaf]).stop()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL


SUPERVISES = """
import sys, threading
from app.supervise import Child, Supervisor, until_told
import os
one = Child("one", [sys.executable, "-c", "import time; time.sleep(60)"], dict(os.environ))
supervisor = Supervisor([one])
until_told(supervisor.stopping)
supervisor.start()
print(one.process.pid, flush=True)
supervisor.watch()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_stops_its_children_in_order(number: int) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISES], stdout=subprocess.PIPE)
    assert supervisor.stdout is not None
    with supervisor.stdout as said:
        process = int(said.readline())
        supervisor.send_signal(number)
        assert supervisor.wait(15) == 0
    until(lambda: not alive(process), 5)
