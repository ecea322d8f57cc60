from __future__ import annotations

import subprocess
import sys

import pytest

from tests.app.house import ROOT, hub

ASKS = """
import sys
from app.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0
heavy = {"sqlalchemy", "psycopg", "fastapi", "pydantic", "openpyxl", "apscheduler"} & sys.modules.keys()
assert not heavy, heavy
"""


@pytest.mark.parametrize("asked", [["--help"], ["demo", "--help"], ["sources", "bind", "--help"]])
def test_help_loads_nothing_heavy(asked: list[str]) -> None:
    subprocess.run([sys.executable, "-c", ASKS, *asked], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("asked", [["keys", "list"], ["db", "upgrade"], ["serve"], ["up"], ["worker"]])
def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(asked: list[str]) -> None:
    done = hub(*asked, HUB_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "HUB_DATABASE_URL" in done.stderr
    assert "refused" in done.stderr


def test_a_home_that_cannot_be_used_is_told_in_a_sentence() -> None:
    done = hub("keys", "list", HUB_HOME="/dev/null/home")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Set HUB_HOME to a directory of your own" in done.stderr


def test_settings_that_cannot_be_read_are_named_together_and_their_values_are_not_told() -> None:
    done = hub("keys", "list", HUB_DATABASE_URL="mysql://somebody:hidden@host/db", HUB_PORT="abc")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "HUB_DATABASE_URL" in done.stderr
    assert "postgresql://user:…@host:5432/database" in done.stderr
    assert "HUB_PORT" in done.stderr
    assert "hidden" not in done.stderr
