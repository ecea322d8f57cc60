"""All departments of a simulated city, really running in their own process, through the manifests alone."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Binding, Connector
from connectors.recording import record
from connectors.registry import discover, source_in
from connectors.testing import broken, check
from schemas.records import Accepted, Listing, RawRecord

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("city")
    command = [
        sys.executable,
        "-m",
        "simulator",
        "run",
        "--dir",
        str(folder),
        "--projects",
        "60",
        "--seed",
        "7",
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = next(said for said in process.stdout if said.startswith("ready "))
        yield json.loads(line.removeprefix("ready "))
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def bound(city: dict[str, Any], key: str) -> Binding:
    places = {
        "commerce.signed_weekly": city["commerce_folder"],
        "commerce.signed_api": city["commerce_api_url"],
        "land.landchina": city["landchina_folder"],
    }
    database = city["land_url"] if key.startswith("land.") else city["housing_url"]
    return Binding(430200, places.get(key, database), {"HUB_COMMERCE_API_TOKEN": city["token"]})


def open_feed(city: dict[str, Any], key: str) -> Connector:
    return discover().open(key, bound(city, key))


PULLED = [
    "commerce.signed_weekly", "commerce.signed_api", "land.supply", "land.use_permits", "land.works_permits", "land.landchina",
    "housing.projects", "housing.construction_permits", "housing.completions",
]  # fmt: skip


@pytest.mark.parametrize("feed", PULLED)
def test_a_feed_is_read_whole_every_row_is_understood_and_its_keys_are_the_truths(
    city: dict[str, Any], feed: str
) -> None:
    connector = open_feed(city, feed)
    pages = list(connector.fetch(None))
    rows = [row for page in pages for row in page.rows]
    raws = [row for row in rows if isinstance(row, RawRecord)]
    assert len(raws) == len(rows) > 0
    refused = Counter(
        outcome.rule for outcome in connector.normalize(raws) if not isinstance(outcome, Accepted)
    )
    assert not refused
    with Path(city["truth"]).open(encoding="utf-8", newline="") as file:
        truth = {line["key"] for line in csv.DictReader(file) if line["source"] == feed}
    assert truth
    assert truth <= {raw.key for raw in raws}
    assert all(page.cursor for page in pages)


def test_the_weekly_report_is_a_full_listing_per_file(city: dict[str, Any]) -> None:
    pages = list(open_feed(city, "commerce.signed_weekly").fetch(None))
    files = len({page.sender for page in pages})
    assert [page.listing for page in pages].count(Listing.FULL_END) == files >= 2


@pytest.mark.parametrize(
    "feed", [feed for feed in PULLED if feed not in {"commerce.signed_weekly", "land.landchina"}]
)
def test_a_second_run_begins_a_little_before_where_the_first_ended(city: dict[str, Any], feed: str) -> None:
    connector = open_feed(city, feed)
    first = list(connector.fetch(None))
    again = list(connector.fetch(first[-1].cursor))
    assert 0 < sum(len(page.rows) for page in again) < sum(len(page.rows) for page in first)
    seen = {row for page in first for row in page.rows}
    assert all(row in seen for page in again for row in page.rows)


@pytest.mark.parametrize("feed", PULLED)
def test_a_recorded_page_keeps_the_contract_as_soon_as_its_expectation_is_written(
    city: dict[str, Any], feed: str, tmp_path: Path
) -> None:
    folder = tmp_path.joinpath(*feed.split("."))
    shutil.copytree(str(discover().sources[feed].folder), folder, ignore=shutil.ignore_patterns("sample"))
    done = record(source_in(folder), bound(city, feed))
    assert (done.unknown, done.missing, done.left_out) == ((), (), 0)
    assert 0 < done.rows <= 20
    assert broken(check(folder, update=True)) == []
