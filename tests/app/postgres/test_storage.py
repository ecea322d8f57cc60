from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

import pytest

from app import postgres
from tests.app.postgres.persons import Person, remove
from tests.app.postgres.stories import (
    SOCKET,
    ask,
    gone,
    kill,
    process,
    start,
    write,
)


def test_a_home_whose_path_is_long_and_full_of_shell_characters_works(ordinary: Person) -> None:
    def story() -> None:
        home = ordinary.room / "项目 $HOME `id` 'a\" & b"
        home = home / ("x" * (150 - len(str(home))))
        assert len(str(home)) > 149
        server = start(ordinary, home)
        assert ask(server, "SELECT 1") == "1"
        assert len(os.fsencode(server.socket_dir / SOCKET)) < 107

    ordinary.does(story)


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
