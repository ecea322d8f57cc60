"""Real 供地结果 through the manifests alone; nothing of them is in this repository."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from connectors.contract import Binding
from connectors.registry import discover
from schemas.records import Accepted, RawRecord, Rejection
from tests.support.shared_data import shared_data

FEEDS = [
    ("land.landchina", "cn_landchina/modianor_2005", 3787, 3439),
    ("land.landchina_en", "cn_landchina/liptao_2019", 189, 189),
    ("land.landchina_unified", "cn_landchina", 15143, 15143),
]


def arrive(
    feed: str, folder: Path, heads: dict[str, bytes], cursor: str | None
) -> tuple[list[RawRecord], int, str | None]:
    """Read what is new in a folder and keep what differs from the heads: all rows, how many were kept, the cursor."""
    rows, kept = list[RawRecord](), 0
    for page in discover().open(feed, Binding(430200, location=str(folder))).fetch(cursor):
        cursor = page.cursor
        for row in page.rows:
            assert isinstance(row, RawRecord), row
            rows.append(row)
            kept += heads.get(row.key) != row.hash
            heads[row.key] = row.hash
    return rows, kept, cursor


@pytest.mark.parametrize(("feed", "folder", "count", "distinct"), FEEDS)
def test_every_row_is_accounted_for_and_a_second_arrival_keeps_nothing(
    feed: str, folder: str, count: int, distinct: int, tmp_path: Path
) -> None:
    there = [path for path in shared_data(folder).iterdir() if path.suffix in {".xls", ".xlsx", ".csv"}]
    for path in there:
        shutil.copy2(path, tmp_path / path.name)
    heads: dict[str, bytes] = {}
    rows, kept, cursor = arrive(feed, tmp_path, heads, None)
    assert (len(rows), kept, len(heads)) == (count, distinct, distinct)
    for path in there:
        shutil.copy2(path, tmp_path / f"again_{path.name}")
    again, kept, _ = arrive(feed, tmp_path, heads, cursor)
    assert (len(again), kept) == (count, 0)


@pytest.mark.parametrize(("feed", "folder", "count", "distinct"), FEEDS)
def test_hardly_a_row_is_refused_and_every_oddity_has_a_name(
    feed: str, folder: str, count: int, distinct: int
) -> None:
    connector = discover().open(feed, Binding(430200, location=str(shared_data(folder))))
    outcomes = [
        outcome
        for page in connector.fetch(None)
        for outcome in connector.normalize(row for row in page.rows if isinstance(row, RawRecord))
    ]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Rejection)]
    assert len(outcomes) == count
    assert len(refused) <= count * 0.05
    assert all(outcome.rule and outcome.zh and outcome.en for outcome in refused)
    issues = Counter(
        issue.rule for outcome in outcomes if isinstance(outcome, Accepted) for issue in outcome.issues
    )
    if feed == "land.landchina_unified":
        assert issues["area.sentinel_zero"] == 22
        assert issues["money.sentinel_zero"] == 5575
        assert issues["date.sentinel"] >= 44
