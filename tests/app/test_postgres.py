from __future__ import annotations

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

from app import postgres
from app.postgres.account import Account
from app.postgres.binaries import reachable
from tests.app.persons import Person, person, remove
from tests.support.database import libpq

PR_SET_CHILD_SUBREAPER = 36
NO_SYNC = {
    "fsync": "off"
}  # what the system was given survives a killed process; only a power cut would lose it
SOCKET = ".s.PGSQL.5432"


@pytest.fixture(params=["root", "ordinary user"])
def somebody(request: pytest.FixtureRequest) -> Iterator[Person]:
    with person(root=request.param == "root") as one:
        yield one


@pytest.fixture
def ordinary() -> Iterator[Person]:
    with person(root=False) as one:
        yield one


@pytest.fixture
def root() -> Iterator[Person]:
    with person(root=True) as one:
        yield one


@pytest.fixture(scope="module")
def settlers() -> Iterator[Callable[[bool], Person]]:
    """Root or the ordinary user with a database at home: setting one up takes longer than what is tested on it."""
    with ExitStack() as rooms:

        @cache
        def settle(root: bool) -> Person:
            one = rooms.enter_context(person(root))
            one.does(lambda: write(start(one), 0))
            return one

        yield settle


@pytest.fixture(params=["root", "ordinary user"])
def settled(request: pytest.FixtureRequest, settlers: Callable[[bool], Person]) -> Iterator[Person]:
    one = settlers(request.param == "root")
    postgres.stop(one.home)
    (one.home / "postgres" / "server.log").write_text("")
    yield one
    postgres.stop(one.home)


@pytest.fixture
def settled_root(settlers: Callable[[bool], Person]) -> Person:
    return settlers(True)


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


def test_a_home_whose_path_is_long_and_full_of_shell_characters_works(ordinary: Person) -> None:
    def story() -> None:
        home = ordinary.room / "项目 $HOME `id` 'a\" & b"
        home = home / ("x" * (150 - len(str(home))))
        assert len(str(home)) > 149
        server = start(ordinary, home)
        assert ask(server, "SELECT 1") == "1"
        assert len(os.fsencode(server.socket_dir / SOCKET)) < 107

    ordinary.does(story)


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
        assert Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
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


def test_a_removed_home_begins_anew_though_its_server_still_ran(ordinary: Person) -> None:
    def story() -> None:
        server = start(ordinary)
        write(server, 1)
        pid = process(server)
        shutil.rmtree(ordinary.home)
        assert start(ordinary) == server
        assert gone(pid)
        assert ask(server, "SELECT count(*) FROM pg_tables WHERE tablename = 'marks'") == "0"
        time.sleep(0.1)
        assert ask(server, "SELECT 1") == "1", "the old server took nothing with it"

    ordinary.does(story)


def test_a_home_that_was_moved_with_its_server_running_keeps_its_rows(ordinary: Person) -> None:
    def story() -> None:
        server = start(ordinary)
        write(server, 1)
        pid = process(server)
        elsewhere = ordinary.home.rename(ordinary.room / "elsewhere")
        moved = start(ordinary, elsewhere)
        assert gone(pid)
        assert moved.data == elsewhere / "postgres" / "data"
        assert ask(moved, "SELECT mark FROM marks") == "1"
        server.socket_dir.rmdir()

    ordinary.does(story)


def test_a_backup_put_in_place_of_a_home_is_not_written_to_by_the_server_that_still_runs(
    ordinary: Person,
) -> None:
    def story() -> None:
        write(start(ordinary), 1)
        postgres.stop(ordinary.home)
        backup = shutil.copytree(ordinary.home, ordinary.room / "backup")
        server = start(ordinary)
        write(server, 2)
        pid = process(server)
        ordinary.home.rename(ordinary.room / "before")
        backup.rename(ordinary.home)
        assert start(ordinary) == server
        assert gone(pid)
        assert ask(server, "SELECT mark FROM marks") == "1"

    ordinary.does(story)


def test_an_interrupted_first_start_is_begun_again(ordinary: Person) -> None:
    def story() -> None:
        half = ordinary.home / "postgres" / "data.new"
        half.mkdir(parents=True)
        (half / "PG_VERSION").write_text("18")
        assert ask(start(ordinary), "SELECT 1") == "1"

    ordinary.does(story)


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


def test_a_socket_directory_somebody_else_opened_is_refused(settled: Person) -> None:
    def story() -> None:
        server = start(settled)
        postgres.stop(settled.home)
        assert not server.socket_dir.exists()
        server.socket_dir.mkdir()
        server.socket_dir.chmod(0o777)
        with pytest.raises(postgres.PostgresUnavailable, match="only it may enter"):
            start(settled)
        server.socket_dir.rmdir()

    settled.does(story)


def test_a_link_to_data_that_are_gone_is_not_taken_for_an_empty_home(ordinary: Person) -> None:
    def story() -> None:
        ordinary.home.mkdir()
        (ordinary.home / "postgres").symlink_to(ordinary.room / "not mounted")
        with pytest.raises(postgres.PostgresUnavailable, match="not mounted, which is gone"):
            start(ordinary)
        (ordinary.home / "postgres").unlink()

    ordinary.does(story)


def test_root_with_a_closed_home_keeps_it_closed_and_finds_its_data_through_a_link_in_it(
    root: Person,
) -> None:
    def story() -> None:
        closed = root.room / "root"
        closed.mkdir(mode=0o700)
        os.umask(0o077)
        home = closed / ".lifecycle-hub"
        server = start(root, home)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert (home / "postgres").resolve() == server.data.parent
        assert server.data.parents[1] == Path("/var/lib/lifecycle-hub")
        write(server, 1)
        kill(server)
        assert start(root, home) == server
        assert ask(server, "SELECT mark FROM marks") == "1"
        remove_link_only(home, server, root)

    root.does(story)


def remove_link_only(home: Path, server: postgres.Server, root: Person) -> None:
    """A removed home begins anew, with its data kept and its old server ended."""
    pid = process(server)
    shutil.rmtree(home)
    fresh = start(root, home)
    assert fresh.data != server.data
    assert gone(pid)
    assert server.data.is_dir()
    server.socket_dir.rmdir()
    shutil.rmtree(server.data.parent)
    server.data.parent.with_name(f"{server.data.parent.name}.home").unlink()


def test_the_real_home_of_root_works(root: Person) -> None:
    def story() -> None:
        home = Path(tempfile.mkdtemp(prefix=".lifecycle-hub-test-", dir=Path("~root").expanduser()))
        try:
            assert ask(start(root, home), "SELECT 1") == "1"
        finally:
            remove(home)
            shutil.rmtree(home)

    root.does(story)


def test_programs_in_a_closed_virtual_environment_are_copied_once_to_where_the_server_reaches_them(
    root: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = root.room / "closed"
    closed.mkdir(mode=0o700)
    package = postgres.binaries().parents[1]
    (closed / package.name).symlink_to(package)
    (closed / f"{package.name}.libs").symlink_to(package.with_name(f"{package.name}.libs"))
    monkeypatch.syspath_prepend(str(closed))
    bundled = postgres.binaries()
    assert bundled.is_relative_to(closed)
    copy = reachable(bundled, Account(65530, 65530), root.room / "state")
    assert copy.is_relative_to(root.room / "state")
    made = copy.stat().st_mtime_ns
    assert reachable(bundled, Account(65530, 65530), root.room / "state") == copy
    assert copy.stat().st_mtime_ns == made
    server = postgres.ensure(root.home, bin_dir=copy, options=NO_SYNC)
    assert ask(server, "SHOW server_version_num").startswith("18")


def test_root_runs_an_ordinary_users_server_as_that_user(ordinary: Person) -> None:
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    ordinary.does(lambda: write(start(ordinary), 1))
    postgres.stop(ordinary.home)
    server = start(ordinary)
    assert Path(f"/proc/{process(server)}").stat().st_uid == ordinary.uid
    assert ask(server, "SELECT mark FROM marks") == "1"
    ordinary.does(lambda: write(start(ordinary), 2))
    assert ask(server, "SELECT mark FROM marks") == "2"


def test_an_ordinary_user_is_told_whose_the_data_are(settled_root: Person) -> None:
    start(settled_root)
    with (
        person(root=False) as other,
        pytest.raises(pytest.fail.Exception, match="belongs to user id 65530, not to you"),
    ):
        other.does(lambda: _ensure_elsewhere(settled_root.home, other))


def _ensure_elsewhere(home: Path, who: Person) -> None:
    postgres.ensure(home, bin_dir=who.bin_dir)


def test_nobody_but_root_and_the_servers_own_account_can_connect(settled_root: Person) -> None:
    server = start(settled_root)
    assert ask(server, "SELECT 1") == "1"

    def story() -> None:
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            psycopg.connect(libpq(server.url()))

    with person(root=False) as other:
        other.does(story)


def test_the_machines_own_postgresql_serves_as_well(ordinary: Person) -> None:
    found = postgres.system_binaries()
    if found is None:
        pytest.skip("this machine has no PostgreSQL of its own: no pg_ctl on the PATH")

    def story() -> None:
        server = postgres.ensure(ordinary.home, bin_dir=found, options=NO_SYNC)
        version = subprocess.run(
            [found / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        assert ask(server, "SHOW server_version").split()[0] in version
        write(server, 1)
        kill(server)
        assert ask(start_with(found, ordinary), "SELECT mark FROM marks") == "1"

    ordinary.does(story)


def start_with(bin_dir: Path, who: Person) -> postgres.Server:
    return postgres.ensure(who.home, bin_dir=bin_dir, options=NO_SYNC)
