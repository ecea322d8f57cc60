from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.ingest.feeds import CHANGING, found
from bench.ingest.pages import Wanted, changed, pages
from connectors.rows import RowReader
from schemas.records import RawRecord


def test_every_record_is_listed_once_and_told_differently_once_it_has_changed(tmp_path: Path) -> None:
    folder, listings = pages(tmp_path, Wanted(400, page=50, difficulty="easy"))
    assert sum(listing.records for listing in listings) == 400
    heads: dict[str, dict[tuple[str, str], RawRecord]] = {"first": {}, "changed": {}}
    for listing in listings:
        reader = RowReader(found()[listing.source].manifest)
        for state, raws in heads.items():
            for number in range(1, listing.pages + 1):
                for row in json.loads(f"[{(folder / state / listing.source / str(number)).read_text()}]"):
                    raw = reader.from_values(row)
                    assert isinstance(raw, RawRecord)
                    raws[raw.source, raw.key] = raw
    assert len(heads["first"]) == 400
    assert heads["first"].keys() == heads["changed"].keys()
    for name, raw in heads["first"].items():
        assert raw.hash != heads["changed"][name].hash
        assert raw.version < heads["changed"][name].version or not raw.version


def test_pages_are_written_once(tmp_path: Path) -> None:
    folder, listings = pages(tmp_path, Wanted(40, page=50, difficulty="easy"))
    stamp = (folder / "listings.json").stat().st_mtime_ns
    assert pages(tmp_path, Wanted(40, page=50, difficulty="easy")) == (folder, listings)
    assert (folder / "listings.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("source", CHANGING)
def test_what_changes_is_a_column_the_manifest_maps(source: str) -> None:
    manifest = found()[source].manifest
    assert CHANGING[source] in set(manifest.mapped_columns()) - set(manifest.volatile)


def test_amounts_and_words_change_by_a_little() -> None:
    row = {"TDGYID": "1", "CJJK": "629.0000", "GXSJ": "2024-12-31 09:00:00"}
    assert changed("land.supply", row) == row | {"CJJK": "629.0001", "GXSJ": "2025-01-01 09:00:00"}
    assert (
        changed("land.verifications", {"JL": "合格", "GXSJ": "2024-01-01 00:00:00"})["JL"] == "合格（更正）"
    )
