"""Real published land supply results go through the hub: every row accounted for, nothing kept twice."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db.session import Database
from app.pipeline.rules import load_rules
from connectors.contract import Binding
from connectors.registry import discover
from tests.support.corridor import Delivery, books, land, opened, rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.shared_data import shared_data

RULES = load_rules(discover())
FIRST, SECOND = JURISDICTIONS
FEEDS = {
    "land.landchina": ("modianor_2005", "HUB_LANDCHINA_FOLDER"),
    "land.landchina_en": ("liptao_2019", "HUB_LANDCHINA_EN_FOLDER"),
    "land.landchina_unified": ("landchina_unified_dev.csv", "HUB_LANDCHINA_UNIFIED_FOLDER"),
}


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def fetched(source: str, folder: Path, cursor: str | None = None) -> list[Delivery]:
    """Give what lies in a folder as its connector reads it."""
    variables = {FEEDS[source][1]: str(folder)}
    connector = RULES.registry.open(source, Binding(FIRST, None, variables))
    return [Delivery(source, page, f"{source}-1") for page in connector.fetch(cursor)]


def laid_out(source: str, target: Path) -> Path:
    """Copy a feed's files where they may be touched, as old as they would be at a department."""
    kept = shared_data("cn_landchina") / FEEDS[source][0]
    folder = target / source
    folder.mkdir()
    for file in [kept] if kept.is_file() else sorted(kept.iterdir()):
        copy = shutil.copy(file, folder)
        os.utime(copy, (time.time() - 3600,) * 2)
    return folder


@pytest.mark.parametrize("source", sorted(FEEDS))
def test_every_row_is_accounted_for_and_a_second_arrival_keeps_nothing(
    hub: Database, tmp_path: Path, source: str
) -> None:
    folder = laid_out(source, tmp_path)
    told = fetched(source, folder)
    rows = sum(len(one.page.rows) for one in told)
    assert rows > 100
    landed = land(hub, FIRST, told)
    # the other city holds equal keys; of a very large feed only a part, to spare time
    land(hub, SECOND, told[:3])
    for jurisdiction in JURISDICTIONS:
        walk(hub, RULES, jurisdiction, 1000)
    assert sum(one.received for one in landed) == rows
    books(hub)
    [(received, kept, unreadable, rejected)] = rows_of(
        hub,
        "SELECT sum(received), sum(kept), sum(unreadable), sum(rejected) FROM memory.landing"
        " JOIN outcome USING (jurisdiction, delivery_no) WHERE jurisdiction = :j",
        j=FIRST,
    )
    assert received == rows
    assert (rejected + unreadable) * 100 <= rows * 5
    assert (
        rows_of(hub, "SELECT rule FROM rejection WHERE rule = '' OR zh = '' OR en = '' OR responsible = ''")
        == []
    )
    assert (
        rows_of(hub, "SELECT count(*) FROM record WHERE jurisdiction = :j", j=FIRST)[0][0] <= kept - rejected
    )
    [(members, projects, land_stage)] = rows_of(
        hub,
        "SELECT (SELECT count(*) FROM member WHERE jurisdiction = :j), count(*), count(*) FILTER (WHERE stage = 'LAND')"
        " FROM project WHERE jurisdiction = :j",
        j=FIRST,
    )
    assert members >= projects > 0
    assert land_stage > 0
    for file in folder.iterdir():
        file.rename(file.with_stem(f"{file.stem}_again"))
    again = land(hub, FIRST, fetched(source, folder, told[-1].page.cursor))
    assert sum(one.received for one in again) == rows
    assert sum(one.kept for one in again) == 0
    assert sum(one.unreadable for one in again) == unreadable
    assert fetched(source, folder, fetched(source, folder)[-1].page.cursor) == []
