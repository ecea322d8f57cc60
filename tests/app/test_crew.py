"""A worker's roles in processes of their own: each does its part, what falls is started again, nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from app import crew
from app.crew import Forked
from app.db import deliveries, records
from app.db.session import Database
from app.pipeline.rules import load_rules
from app.settings import Settings
from app.worker import Role, Worker
from tests.app.house import free_port, running, until
from tests.support.corridor import rows_of
from tests.support.database import JURISDICTIONS
from tests.support.pulled import (
    accept_event,
    bound,
    fill,
    landed_pushes,
    paged_registry,
    queued,
)
from tests.support.small_city import SECRET, message

BOTH = [(jurisdiction,) for jurisdiction in JURISDICTIONS]


def test_one_role_pulls_one_normalizes_one_resolves_and_none_needs_another_at_work(
    hub: Database, table: Engine
) -> None:
    rules = load_rules(paged_registry())
    fill(table, 1, 2, 3)
    bound(hub)
    for jurisdiction in JURISDICTIONS:
        accept_event(hub, jurisdiction, "m1")
    normalizes = Worker(hub, rules, roles=[Role.NORMALIZE])
    normalizes.start()
    until(lambda: all(landed_pushes(hub, jurisdiction) for jurisdiction in JURISDICTIONS))
    assert not queued(hub)
    normalizes.stop()
    before = rows_of(hub, "SELECT jurisdiction, landing_no, row_no FROM progress ORDER BY 1")
    pulls = Worker(hub, rules, roles=[Role.PULL])
    pulls.start()
    until(lambda: all([row[0] for row in queued(hub, j)] == ["succeeded"] for j in JURISDICTIONS))
    pulls.stop()
    assert rows_of(hub, "SELECT jurisdiction, landing_no, row_no FROM progress ORDER BY 1") == before
    normalizes = Worker(hub, rules, roles=[Role.NORMALIZE])
    normalizes.start()
    until(lambda: not any(rows_wait(hub, jurisdiction) for jurisdiction in JURISDICTIONS))
    normalizes.stop()
    assert rows_of(hub, "SELECT jurisdiction FROM unresolved GROUP BY 1 ORDER BY 1") == BOTH
    assert not rows_of(hub, "SELECT * FROM cluster")
    resolves = Worker(hub, rules, roles=[Role.RESOLVE])
    resolves.start()
    until(
        lambda: (
            rows_of(hub, "SELECT jurisdiction FROM project GROUP BY 1 HAVING count(*) = 3 ORDER BY 1") == BOTH
        )
    )
    resolves.stop()


def rows_wait(hub: Database, jurisdiction: int) -> bool:
    with hub.read() as connection:
        return records.rows_wait(connection, jurisdiction)


def test_a_forked_process_tells_how_it_ended_and_is_waited_for_no_longer_than_said() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        Forked(lambda: time.sleep(60)).wait(0.05)
    ends = Forked(lambda: os._exit(3))
    ends.wait(10)
    assert ends.poll() == 3
    killed = Forked(lambda: time.sleep(60))
    assert killed.poll() is None
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(10)
    assert killed.poll() == -signal.SIGKILL


def children(process: int) -> list[int]:
    """Give a process's children in the order they were started."""
    found = [Path(f"/proc/{process}/task").glob("*/children")]
    return sorted(int(number) for files in found for file in files for number in file.read_text().split())


def command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ").strip()


def test_under_hub_up_a_killed_role_is_started_again_nothing_is_lost_and_all_of_them_stop_when_told(
    database_url: str, hub: Database, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    address = f"http://127.0.0.1:{port}/api/v1"
    acknowledged: list[str] = []
    over = threading.Event()

    def push() -> None:
        with httpx.Client(timeout=30) as client:
            while not over.wait(0.01):
                number = f"m{len(acknowledged)}"
                body, headers = message([{"event_id": number}], number)
                answer = client.post(f"{address}/hooks/housing.permit_events", content=body, headers=headers)
                assert answer.status_code == 202
                acknowledged.append(number)

    def ready() -> bool:
        try:
            return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def taken_in() -> bool:
        with hub.read() as connection:
            landed, derived = records.landings_behind(connection, JURISDICTIONS[0])
            return landed == derived and not deliveries.waiting(connection, JURISDICTIONS[0])

    environment = {
        "HUB_DATABASE_URL": database_url,
        "HUB_PORT": str(port),
        "HUB_JURISDICTION": str(JURISDICTIONS[0]),
        "HUB_HOUSING_PERMIT_EVENTS_SECRET": SECRET,
    }
    with running(log, "up", environment=environment) as up:
        until(ready, 60)
        pushing = threading.Thread(target=push)
        pushing.start()
        try:
            [worker] = [one for one in children(up.pid) if command(one).endswith("worker")]
            killed: list[list[int]] = []
            for _ in range(2):
                until(lambda: len(acknowledged) > 5)
                killed.append(children(worker))
                for role in killed[-1]:
                    os.kill(role, signal.SIGKILL)
                until(lambda: len(set(children(worker)).difference(*killed)) == 2)
            former = children(worker)
            os.kill(worker, signal.SIGKILL)
            until(lambda: not any(Path(f"/proc/{role}").exists() for role in former))
            until(lambda: len([one for one in children(up.pid) if command(one).endswith("worker")]) == 1)
            before = len(acknowledged)
            until(lambda: len(acknowledged) > before + 5)
        finally:
            over.set()
            pushing.join(30)
        until(taken_in, 30)
        [worker] = [one for one in children(up.pid) if command(one).endswith("worker") and one != worker]
        everybody = [*children(up.pid), *children(worker)]
        started = time.monotonic()
        up.terminate()
        assert up.wait(30) == 0
        assert time.monotonic() - started < 10
    assert len(everybody) == 4
    assert not any(Path(f"/proc/{one}").exists() for one in everybody)
    kept = rows_of(hub, "SELECT message_id FROM memory.delivery ORDER BY 1")
    assert [row[0] for row in kept] == sorted(acknowledged)
    assert rows_of(hub, "SELECT count(*) FROM memory.landing") == [(len(acknowledged),)]
    assert rows_of(hub, "SELECT sum(accepted + rejected) FROM outcome") == [(len(acknowledged),)]
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("said", [{"HUB_WORKER_PROCESSES": "1"}, {}])
def test_a_worker_of_one_role_or_told_to_be_one_process_is_one(
    database_url: str, tmp_path: Path, said: dict[str, str]
) -> None:
    log = tmp_path / "log"
    arguments = ["worker"] if said else ["worker", "--jobs", "normalize"]
    with running(log, *arguments, environment={"HUB_DATABASE_URL": database_url, **said}) as worker:
        until(lambda: '"works"' in log.read_text(), 30)
        assert not children(worker.pid)
    assert worker.returncode == 0
    assert ('"role": "normalize"' if not said else '"role": "normalize+pull+resolve+send"') in log.read_text()


def test_a_home_that_takes_no_key_stops_no_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert crew._audit_keys(Settings(home=tmp_path / "file" / "home")) is None
    assert "HUB_AUDIT_KEYS" in caplog.text
    assert crew._audit_keys(Settings(home=tmp_path / "home")) is not None
