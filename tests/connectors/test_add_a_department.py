"""Walks docs/add-a-department.md from nothing to a working department: every command, and every answer it shows."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from app.cli import main
from connectors.contract import Binding
from connectors.registry import discover
from schemas.lifecycle import Rank
from schemas.records import Accepted, ProjectRecord, RawRecord
from tests.gates.tree import ROOT
from tests.support.database import JURISDICTIONS
from tests.support.water_bureau import Block, blocks, open_bureau, write_manifests

IN_ONE_PROCESS = """
import os, shlex, sys
from app.cli import main
for line in sys.argv[1:]:
    word, *rest = shlex.split(line)
    if word == "export":
        os.environ.update([rest[0].split("=")])
    elif main(rest):
        sys.exit(1)
"""
FEEDS = ("water.flood_reviews", "water.intake_permits", "water.soil_plans")
NEEDS_A_HUB = ("db", "sync", "sources")


class Walk:
    """Does what a reader of the page does, in a folder of their own."""

    def __init__(
        self,
        place: Path,
        bureau: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.place, self.bureau = place, bureau
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.said = ""

    def take(self, block: Block) -> None:
        """Write a file, run commands, or compare what they said."""
        if block.role == "file":
            write_manifests(self.place / "departments", [block])
        elif block.language == "sh":
            self.said = "".join(self.run(line) for line in block.text.splitlines())
        elif block.language == "text":
            assert self.said == block.text
        elif block.language == "python":
            told: dict[str, object] = {}
            exec(block.text, told)
            assert callable(told["test_contract"])
            told["test_contract"]()

    def run(self, line: str) -> str:
        """Run a line of shell and give what it printed."""
        word, *rest = shlex.split(line)
        if word == "export":
            name, _, value = rest[0].partition("=")
            self.monkeypatch.setenv(name, self.bureau.get(name, value.replace("$PWD", str(self.place))))
            return ""
        assert word == "hub"
        assert main(rest) == 0, self.capsys.readouterr().err
        return self.capsys.readouterr().out.replace(f"{self.place}/", "")

    def with_a_hub(self, *lines: str) -> str:
        """Run commands that open the hub's database, which they close by ending."""
        started = [sys.executable, "-c", IN_ONE_PROCESS, *lines]
        done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Walk]:
    """Give a reader at the beginning of the page, before a bureau that stands on this machine."""
    place = tmp_path / "own"
    place.mkdir()
    monkeypatch.chdir(place)
    with open_bureau(tmp_path) as bureau:
        yield Walk(place, bureau, monkeypatch, capsys)


def needs_a_hub(block: Block) -> bool:
    return block.language == "sh" and any(f"hub {word} " in block.text for word in NEEDS_A_HUB)


def page() -> tuple[list[Block], list[Block]]:
    """Give the blocks that need no database of the hub, and those that do."""
    found = blocks()
    first = next(place for place, block in enumerate(found) if needs_a_hub(block))
    return found[:first], found[first:]


def test_the_page_goes_from_three_empty_folders_to_a_green_check_and_a_reading_hub(
    walk: Walk, database_url: str
) -> None:
    folders, hub = page()
    for block in folders:
        walk.take(block)
    assert_no_person_is_in(walk.place / "departments")
    walk.monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    first, second = (f"export HUB_JURISDICTION={jurisdiction}" for jurisdiction in JURISDICTIONS)
    look, pull, told = hub
    assert told.language == "text"
    pulls = pull.text.splitlines()
    said = walk.with_a_hub(first, *look.text.splitlines(), *pulls, second, *pulls, "hub sources list")
    assert said.count(told.text) == len(JURISDICTIONS)
    assert [re.search(rf"^{feed} .* on$", said, re.MULTILINE) is not None for feed in FEEDS] == [True] * 3


def assert_no_person_is_in(departments: Path) -> None:
    files = [path for path in departments.rglob("*") if path.suffix == ".json"]
    assert len(files) == 5
    for file in files:
        said = file.read_text(encoding="utf-8")
        assert not [person for person in ("张三", "李四", "1410000000") if person in said]


def test_what_the_page_says_is_understood_as_it_says(walk: Walk) -> None:
    folders, _ = page()
    for block in folders:
        walk.take(block)
    found = discover()
    assert found.unavailable == ()
    assert {"land.supply", *FEEDS} <= found.sources.keys()
    stated = {feed: statements(feed, walk.bureau) for feed in FEEDS}
    assert {feed: len(said) for feed, said in stated.items()} == dict(zip(FEEDS, (2, 2, 2), strict=True))
    review, permit, plan = (stated[feed][0] for feed in FEEDS)
    assert {said.place.district for said in (review, permit, plan)} == {"430204"}
    assert review.money["total_investment"].yuan == Decimal(3_250_000_000)
    assert plan.money["soil_conservation"].yuan == Decimal(1_865_000)
    assert permit.texts["use"] == "industry"
    for said in (review, plan):
        proof = next(each for each in said.evidence if each.milestone == "I6")
        assert (proof.rank, proof.number) == (Rank.C, said.key)
        assert proof.on is not None
    expected = json.loads(
        (walk.place / "departments/water/soil_plans/expected.json").read_text(encoding="utf-8")
    )
    assert [row["op"] for row in expected] == ["upsert", "upsert", "delete"]


def statements(feed: str, bureau: dict[str, str]) -> list[ProjectRecord]:
    """Give what the hub takes from the bureau itself."""
    connector = discover().open(feed, Binding(JURISDICTIONS[0], variables=bureau))
    raws = [row for page in connector.fetch(None) for row in page.rows if isinstance(row, RawRecord)]
    outcomes = [outcome for outcome in connector.normalize(raws) if isinstance(outcome, Accepted)]
    assert len(outcomes) == len(raws)
    return [said for outcome in outcomes for said in outcome.statements if isinstance(said, ProjectRecord)]
