"""The main job as a new user runs it: one command on an empty HUB_HOME, and figures that add up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app import postgres
from app.db import runs
from app.demo.run import DATABASES, progress
from app.pipeline.advance import advance
from app.pipeline.rules import load_rules
from tests.app.house import ROOT, free_port, home, hub, running, until, variables
from tests.support.database import JURISDICTIONS, libpq
from tests.support.small_city import permit, small_city

COUNTS = ("received", "kept", "unchanged", "unreadable", "accepted", "rejected")
KEYS = {
    *COUNTS,
    *("projects", "truth_projects", "pair_precision", "pair_recall", "pair_f1", "code_only_recall"),
    *("stages", "loop", "sources", "seconds"),
}


def add_up(figures: dict[str, Any]) -> None:
    for counts in (figures, *figures["sources"].values()):
        assert counts["received"] == counts["kept"] + counts["unchanged"] + counts["unreadable"]
        assert counts["kept"] == counts["accepted"] + counts["rejected"]
    for name in COUNTS:
        assert figures[name] == sum(counts[name] for counts in figures["sources"].values())
    assert figures["projects"] == sum(figures["stages"].values()) == sum(figures["loop"].values())


def demos(server: postgres.Server) -> list[str]:
    with psycopg.connect(libpq(server.url())) as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        return [row[0] for row in connection.execute(query, [DATABASES])]


def test_the_demo_takes_a_whole_city_in_and_leaves_nothing_running(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    words = f"demo --once --projects 40 --seed 3 --json {file}".split()
    with home() as folder:
        done = hub(*words, HUB_HOME=str(folder))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert not postgres.running(folder), "it had started the database, and stops it"
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures.keys() == KEYS
    assert figures["loop"].keys() == {"open", "partial", "closed"}
    assert figures["received"] > 400
    assert figures["truth_projects"] == 40
    assert figures["seconds"] < 60
    add_up(figures)
    assert figures["pair_precision"] >= 0.99
    assert figures["pair_recall"] >= 0.60
    assert figures["pair_recall"] > figures["code_only_recall"] + 0.2


def test_two_demos_on_one_home_leave_each_other_alone_and_the_database_that_ran_before_running(
    tmp_path: Path,
) -> None:
    with home() as folder:
        server = postgres.ensure(folder)
        with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASES}{2**31 - 1}".encode())
        both = [
            subprocess.Popen(
                [sys.executable, "-m", "app.cli", *f"demo --once --projects 8 --seed {seed}".split()],
                env=variables(HUB_HOME=str(folder)),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for seed in (1, 2)
        ]
        said = [process.communicate(timeout=120)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert all("hub db stop" in text for text in said)
        assert postgres.running(folder)
        assert demos(server) == [], "their own and what a killed one left are dropped"


def test_a_demo_that_stays_goes_when_told_and_takes_its_database_with_it(tmp_path: Path) -> None:
    with home() as folder:
        log = tmp_path / "log"
        words = f"demo --projects 5 --port {free_port()}".split()
        with running(log, *words, environment={"HUB_HOME": str(folder)}) as process:
            until(lambda: "Ctrl-C" in log.read_text(), 60)
        assert process.returncode == 0, log.read_text()
        assert not postgres.running(folder)
        assert demos(postgres.ensure(folder)) == []


@pytest.mark.parametrize("words", ["--projects 0", "--projects -5", "--days 0"])
def test_a_city_of_nothing_is_refused(words: str) -> None:
    done = hub("demo", "--once", *words.split(), HUB_HOME="/dev/null/home")
    assert done.returncode == 1
    assert "at least one" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_city_is_not_taken_in_before_its_documents_are_served(database_url: str) -> None:
    city = small_city(database_url)
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            runs.bind(
                connection, jurisdiction, "housing.permits", location=None, every_seconds=60, scheduled=True
            )
            connection.execute(text("UPDATE ops.source SET succeeded_at = now()"))
    city.land("housing.permits", permit("P1"))
    rules = load_rules(city.registry)
    said = []
    for _ in range(5):
        with city.database.read() as connection:
            said.append(progress(connection, JURISDICTIONS[0])[1])
        advance(city.database, rules, JURISDICTIONS[0])
    city.database.close()
    assert said == [False, False, False, False, True]
