"""Processes kept running: what falls is started again, what is told to stop stops, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psycopg
import pytest

from app import postgres, supervise
from app.address import database_upkeep
from app.settings import Settings
from app.supervise import Child, Supervisor
from tests.app.house import free_port, home, running, until
from tests.support.database import libpq
from tests.support.small_city import SECRET, message

WAITS = "import time; time.sleep(60)"
NOTES = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write('x')"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def child(name: str, code: str, *arguments: str) -> Child:
    return Child(name, lambda: subprocess.Popen([sys.executable, "-c", code, *arguments]))


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
        os.kill(one.pid, signal.SIGKILL)
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


DEAF_WITH_A_CHILD = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


def test_what_a_deaf_child_has_started_is_ended_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE_SECONDS", 0.5)
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF_WITH_A_CHILD], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    with process.stdout as said:
        started = int(said.readline())
        deaf = child("deaf", DEAF)
        deaf.process = process
        Supervisor([deaf]).stop()
    assert process.returncode == -signal.SIGKILL
    until(lambda: not alive(started) or "Z" in Path(f"/proc/{started}/stat").read_text().split()[2], 5)


SUPERVISES = """
import subprocess, sys
from app.supervise import Child, Supervisor, until_told
one = Child("one", lambda: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
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


def test_upkeep_that_fails_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervise, "UPKEEP_SECONDS", 0.01)
    tries = []

    def upkeep() -> None:
        tries.append(time.monotonic())
        raise ConnectionError("the disk is full: make room")

    supervisor = Supervisor([], upkeep=upkeep)
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    until(lambda: len(tries) > 5)
    supervisor.stopping.set()
    watching.join(20)
    assert [record.getMessage() for record in caplog.records] == ["the disk is full: make room"]


def test_a_database_of_the_users_own_is_not_looked_after() -> None:
    assert database_upkeep(Settings(database_url="postgresql://somewhere/else")) is None


def status(address: str) -> int:
    try:
        return httpx.get(address, timeout=5).status_code
    except httpx.TransportError:
        return 0


def test_the_hub_heals_when_its_embedded_database_is_killed_and_loses_nothing_it_acknowledged(
    tmp_path: Path,
) -> None:
    port, log = free_port(), tmp_path / "log"
    address = f"http://127.0.0.1:{port}/api/v1"
    acknowledged: list[str] = []
    refused: list[int] = []
    over = threading.Event()

    def push() -> None:
        while not over.wait(0.02):
            number = f"m{len(acknowledged) + len(refused)}"
            body, headers = message([{"id": number}], number)
            try:
                answer = httpx.post(
                    f"{address}/hooks/housing.permit_events", content=body, headers=headers, timeout=30
                )
            except httpx.TransportError:
                continue
            if answer.status_code == 202:
                acknowledged.append(number)
            else:
                refused.append(answer.status_code)

    with home() as folder:
        environment = {
            "HUB_HOME": str(folder),
            "HUB_PORT": str(port),
            "HUB_HOUSING_PERMIT_EVENTS_SECRET": SECRET,
        }
        with running(log, "up", environment=environment):
            until(lambda: status(f"{address}/health/ready") == 200, 60)
            pushing = threading.Thread(target=push)
            pushing.start()
            try:
                until(lambda: len(acknowledged) > 20)
                data = postgres.ensure(folder).data
                os.kill(int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
                until(lambda: status(f"{address}/health/ready") == 503)
                assert until(lambda: status(f"{address}/health/ready") == 200, 20) < 15
                before = len(acknowledged)
                until(lambda: len(acknowledged) > before + 20)
            finally:
                over.set()
                pushing.join(30)
            server = postgres.ensure(folder)
            with psycopg.connect(libpq(server.url())) as connection:
                query = "SELECT message_id FROM memory.delivery WHERE message_id IS NOT NULL"
                kept = {row[0] for row in connection.execute(query)}
                assert kept >= set(acknowledged)
                # the worker's beats go on: it lands what was pushed, before the kill and after it
                landed = "SELECT count(*) FROM memory.landing"
                until(lambda: connection.execute(landed).fetchone() == (len(kept),), 20)
                connection.rollback()
        said = log.read_text()
        assert set(refused) <= {503}
        assert said.count("Traceback") == 0, said
        assert len(said) < 20_000
        assert "hub db stop" in said
