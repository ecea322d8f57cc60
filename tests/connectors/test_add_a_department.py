"""Walks docs/add-a-department.md: its own files, written as they stand there, make a working source."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contract import Binding
from connectors.registry import discover
from connectors.scaffold import new
from connectors.testing import broken, check
from schemas.lifecycle import Rank
from schemas.records import Accepted, ProjectRecord, RawRecord

PAGE = Path(__file__).parents[2] / "docs" / "add-a-department.md"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = "environment.eia_approvals"


@pytest.fixture
def departments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "departments"
    folder.mkdir()
    new(folder, KEY)
    for name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("HUB_CONNECTORS", str(folder))
    return folder


def test_the_page_holds_a_manifest_and_a_sample() -> None:
    names = [name for name, _ in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    assert [Path(name).name for name in names] == ["eia_2024.csv", "manifest.toml"]


def test_the_folder_of_the_page_keeps_the_contract_once_its_expectation_is_written(departments: Path) -> None:
    feed = departments / "environment" / "eia_approvals"
    assert [line[:2] for line in broken(check(feed))] == ["C5"]
    check(feed, update=True)
    assert broken(check(feed)) == []
    assert broken(check(KEY)) == []


def test_the_new_source_stands_beside_the_built_in_ones_and_reads_its_folder(
    departments: Path, tmp_path: Path
) -> None:
    registry = discover()
    assert KEY in registry.sources
    assert "land.supply" in registry.sources
    assert registry.unavailable == ()

    arrivals = tmp_path / "arrivals"
    arrivals.mkdir()
    sample = departments / "environment" / "eia_approvals" / "sample" / "eia_2024.csv"
    (arrivals / "week.csv").write_bytes(sample.read_bytes().decode("utf-8").encode("gb18030"))
    old = sample.stat().st_mtime - 60
    os.utime(arrivals / "week.csv", (old, old))
    connector = registry.open(KEY, Binding(430200, variables={"HUB_ENVIRONMENT_FOLDER": str(arrivals)}))
    rows = [row for page in connector.fetch(None) for row in page.rows]
    raws = [row for row in rows if isinstance(row, RawRecord)]
    assert [raw.key for raw in raws] == ["株环评〔2024〕901号", "株环评表〔2024〕902号"]

    outcome = next(iter(connector.normalize(raws)))
    assert isinstance(outcome, Accepted)
    statement = outcome.statements[0]
    assert isinstance(statement, ProjectRecord)
    assert statement.place.district == "430204"
    assert statement.money["total_investment"].yuan == Decimal(3_250_000_000)
    approval = next(proof for proof in statement.evidence if proof.milestone == "I5")
    assert (approval.rank, approval.number) == (Rank.A, "株环评〔2024〕901号")
    assert approval.on is not None
    assert approval.on.day.isoformat() == "2024-05-30"
