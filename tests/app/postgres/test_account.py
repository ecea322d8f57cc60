from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from app import postgres
from tests.app.postgres.persons import Person, person
from tests.app.postgres.stories import (
    ask,
    process,
    start,
    write,
)
from tests.support.database import libpq


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
