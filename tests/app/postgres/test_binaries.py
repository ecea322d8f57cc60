from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app import postgres
from app.postgres.account import Account
from app.postgres.binaries import reachable
from tests.app.postgres.persons import Person
from tests.app.postgres.stories import (
    NO_SYNC,
    ask,
    kill,
    write,
)


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
