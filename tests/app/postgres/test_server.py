from __future__ import annotations

import ctypes
import os
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

import psycopg
import pytest

from app import postgres
from tests.app.postgres.persons import Person
from tests.app.postgres.stories import (
    PR_SET_CHILD_SUBREAPER,
    SOCKET,
    ask,
    bystander,
    gone,
    kill,
    process,
    start,
    write,
    zombie,
)
from tests.support.database import libpq


def test_a_first_start_gives_a_durable_server_on_a_private_socket_and_nowhere_else(somebody: Person) -> None:
    def story() -> None:
        server = postgres.ensure(somebody.home, bin_dir=somebody.bin_dir)
        assert server.url() == f"postgresql+psycopg://postgres@/hub?host={server.socket_dir}&port=5432"
        assert server.data == somebody.home.resolve() / "postgres" / "data"
        said = {
            name: ask(server, f"SHOW {name}")
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
        }
        assert set(said.values()) == {"on"}
        assert ask(server, "SHOW listen_addresses") == ""
        assert ask(server, "SHOW max_wal_size") == "2GB"
        assert ask(server, "SHOW server_version_num").startswith("18")
        row = ask(
            server,
            "SELECT (pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database WHERE datname = 'hub'",
        )
        assert row == "('UTF8', 'C.UTF-8', 'C.UTF-8')"
        owner = server.data.stat().st_uid
        assert owner != 0
        assert Path(f"/proc/{process(server)}").stat().st_uid == owner
        for private in (server.data, server.socket_dir):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
            assert private.stat().st_uid == owner
        assert "ready to accept connections" in (somebody.home / "postgres" / "server.log").read_text()

    somebody.does(story)


def test_data_and_names_survive_a_restart_and_the_end_of_the_process_that_started_it(settled: Person) -> None:
    def first() -> None:
        write(start(settled), 1)

    def second() -> None:
        server = start(settled)
        pid = process(server)
        assert ask(server, "SELECT mark FROM marks") == "1", "it outlived its starter"
        postgres.stop(settled.home)
        assert gone(pid)
        assert "database system was shut down" in _log_of_restart(server, settled)
        assert start(settled) == server
        assert ask(server, "SELECT mark FROM marks") == "1"

    settled.does(first)
    settled.does(second)


def _log_of_restart(server: postgres.Server, who: Person) -> str:
    log = server.data.with_name("server.log")
    log.write_text("")
    start(who)
    said = log.read_text()
    postgres.stop(who.home)
    return said


def test_asking_again_starts_nothing(settled: Person) -> None:
    def story() -> None:
        server = start(settled)
        pid = process(server)
        assert start(settled) == server
        assert process(server) == pid

    settled.does(story)


def test_processes_that_ask_at_once_get_the_same_server(somebody: Person) -> None:
    def story() -> None:
        server = start(somebody)
        assert ask(server, "SELECT 1") == "1"
        assert server.data.with_name("server.log").read_text().count("starting PostgreSQL") == 1

    for wait in [somebody.begins(story) for _ in range(3)]:
        wait()


def test_committed_rows_survive_a_killed_server_whose_socket_and_locks_are_left(settled: Person) -> None:
    def story() -> None:
        server = start(settled)
        write(server, 1)
        kill(server)
        left = [
            server.data / "postmaster.pid",
            server.socket_dir / SOCKET,
            server.socket_dir / f"{SOCKET}.lock",
        ]
        assert all(os.path.lexists(path) for path in left)
        assert start(settled) == server
        assert ask(server, "SELECT mark FROM marks") == "1"
        assert "automatic recovery in progress" in server.data.with_name("server.log").read_text()

    settled.does(story)


@pytest.mark.parametrize("whose", ["our own", "another's"])
def test_a_recycled_process_id_is_neither_taken_for_the_server_nor_ended(settled: Person, whose: str) -> None:
    def story() -> None:
        server = start(settled)
        write(server, 1)
        kill(server)
        with bystander(server.data.stat().st_uid) as sleeper:
            alive = os.getpid() if whose == "our own" else sleeper
            for lock in (server.data / "postmaster.pid", server.socket_dir / f"{SOCKET}.lock"):
                _, *rest = lock.read_text().split("\n")
                lock.write_text("\n".join([str(alive), *rest]))
            postgres.stop(settled.home)
            assert start(settled) == server
            assert ask(server, "SELECT mark FROM marks") == "1"

    settled.does(story)


def test_a_zombie_is_not_a_running_server(settled: Person) -> None:
    def story() -> None:
        ctypes.CDLL(None).prctl(
            PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0
        )  # orphans come to us, and we do not wait for them
        server = start(settled)
        write(server, 1)
        pid = kill(server)
        assert zombie(pid)
        postgres.stop(settled.home)
        assert start(settled) == server
        assert ask(server, "SELECT mark FROM marks") == "1"

    settled.does(story)


def test_a_start_waits_for_the_backends_a_killed_server_left(settled: Person) -> None:
    def story() -> None:
        server = start(settled)
        write(server, 1)
        connection = psycopg.connect(libpq(server.url()))
        orphan = connection.info.backend_pid
        os.kill(orphan, signal.SIGSTOP)
        kill(server)
        threading.Timer(1, os.kill, [orphan, signal.SIGKILL]).start()
        before = time.monotonic()
        assert start(settled) == server
        assert time.monotonic() - before > 0.9
        assert "pre-existing shared memory block" in server.data.with_name("server.log").read_text()
        assert ask(server, "SELECT mark FROM marks") == "1"
        connection.close()

    settled.does(story)


def test_a_server_whose_socket_was_swept_away_is_reached_again(settled: Person) -> None:
    def story() -> None:
        server = start(settled)
        write(server, 1)
        pid = process(server)
        shutil.rmtree(server.socket_dir)
        assert start(settled) == server
        assert gone(pid)
        assert ask(server, "SELECT mark FROM marks") == "1"

    settled.does(story)


def test_stopping_what_does_not_run_is_no_error_and_makes_nothing(settled: Person) -> None:
    def story() -> None:
        postgres.stop(settled.home)
        postgres.stop(settled.room / "nothing")
        assert not (settled.room / "nothing").exists()

    settled.does(story)


def test_a_server_that_will_not_start_is_told_with_its_last_words_and_its_log(settled: Person) -> None:
    def story() -> None:
        with pytest.raises(postgres.PostgresUnavailable) as refused:
            postgres.ensure(settled.home, bin_dir=settled.bin_dir, options={"max_connections": "none"})
        assert str(settled.home / "postgres" / "server.log") in str(refused.value)
        assert 'invalid value for parameter "max_connections": "none"' in str(refused.value)
        assert "HUB_DATABASE_URL" in str(refused.value)
        assert ask(start(settled), "SELECT 1") == "1", "and nothing is in the way of the next start"

    settled.does(story)
