"""What the stories of the embedded server do to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from app import postgres
from tests.app.postgres.persons import Person
from tests.support.database import libpq

PR_SET_CHILD_SUBREAPER = 36
NO_SYNC = {
    "fsync": "off"
}  # what the system was given survives a killed process; only a power cut would lose it
SOCKET = ".s.PGSQL.5432"


def start(who: Person, home: Path | None = None) -> postgres.Server:
    return postgres.ensure(home or who.home, bin_dir=who.bin_dir, options=NO_SYNC)


def ask(server: postgres.Server, statement: str) -> str:
    with psycopg.connect(libpq(server.url())) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def write(server: postgres.Server, mark: int) -> None:
    with psycopg.connect(libpq(server.url())) as connection:
        connection.execute("DROP TABLE IF EXISTS marks")
        connection.execute("CREATE TABLE marks AS SELECT %s::int AS mark", [mark])


def process(server: postgres.Server) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def gone(pid: int) -> bool:
    """Whether the process ends within ten seconds."""
    for _ in range(1000):
        if not Path(f"/proc/{pid}/cwd").exists():
            return True
        time.sleep(0.01)
    return False


def zombie(pid: int) -> bool:
    """Whether the process is dead and not waited for within ten seconds: its exit takes a while after its directory is gone."""
    for _ in range(1000):
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def kill(server: postgres.Server) -> int:
    pid = process(server)
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    return pid


@contextmanager
def bystander(uid: int) -> Iterator[int]:
    """A living process of the user that is no PostgreSQL."""
    with subprocess.Popen(
        ["/bin/sleep", "60"], user=uid if uid != os.geteuid() else None, cwd="/"
    ) as sleeper:
        try:
            yield sleeper.pid
            assert sleeper.poll() is None, "a process that is not ours was ended"
        finally:
            sleeper.kill()
