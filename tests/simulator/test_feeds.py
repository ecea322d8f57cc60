from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import xlrd

from simulator.feeds import Feeds, Plan, write_all
from simulator.records.land import LANDCHINA_HEADS
from simulator.systems.commerce_folder import HEADS, TALKS_HEADS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("city")
    write_all(Plan(home, seed=9, projects=80))
    return home


def _truth(home: Path) -> list[tuple[str, ...]]:
    with (home / "truth.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["source", "key", "project"]
    return [tuple(row) for row in rows]


def _column(home: Path, database: str, query: str) -> list[str]:
    connection = sqlite3.connect(home / "state" / database)
    try:
        return [row[0] for row in connection.execute(query)]
    finally:
        connection.close()


def test_the_same_plan_writes_the_same_truth_and_tables(written: Path, tmp_path: Path) -> None:
    write_all(Plan(tmp_path, seed=9, projects=80))
    assert (tmp_path / "truth.csv").read_bytes() == (written / "truth.csv").read_bytes()
    for database, table in (("land.db", "ZRZY_GDXX"), ("housing.db", "SPGL_JZGCSGXKXXB")):
        one, other = (sqlite3.connect(home / "state" / database) for home in (written, tmp_path))
        query = f'SELECT * FROM "{table}" ORDER BY 1'
        assert one.execute(query).fetchall() == other.execute(query).fetchall()
        one.close()
        other.close()


def test_the_tables_hold_exactly_the_keys_of_the_truth(written: Path) -> None:
    truth = _truth(written)
    for source, database, table, key in (
        ("land.supply", "land.db", "ZRZY_GDXX", "TDGYID"),
        ("land.use_permits", "land.db", "ZRZY_YDGHXK", "YDGHXKZBH"),
        ("land.works_permits", "land.db", "ZRZY_GCGHXK", "GCGHXKZBH"),
        ("housing.projects", "housing.db", "SPGL_XMJBXXB", "GCDM"),
        ("housing.construction_permits", "housing.db", "SPGL_JZGCSGXKXXB", "SGXKZBH"),
        ("housing.completions", "housing.db", "SPGL_JSGCJGYSBAXXB", "JGYSBABH"),
    ):
        stored = _column(written, database, f'SELECT DISTINCT "{key}" FROM "{table}"')
        assert sorted(stored) == sorted(k for s, k, _ in truth if s == source)
        assert stored


def test_every_column_is_text_and_land_keeps_one_row_per_key(written: Path) -> None:
    types = _column(written, "land.db", "SELECT DISTINCT type FROM pragma_table_info('ZRZY_GDXX')")
    assert types == ["TEXT"]
    doubled = 'SELECT "TDGYID" FROM "ZRZY_GDXX" GROUP BY 1 HAVING count(*) > 1'
    assert _column(written, "land.db", doubled) == []
    assert _column(written, "land.db", "PRAGMA journal_mode") == ["wal"]


def test_the_weekly_sheet_has_a_title_a_two_row_head_subtotals_a_total_and_a_note(written: Path) -> None:
    newest = max((written / "commerce").iterdir())
    book = openpyxl.load_workbook(newest)
    sheet = book["签约履约"]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:X1", "J2:M2", "A2:A3", "X2:X3"} <= merged
    assert "招商引资项目签约履约情况周报（2025-06-30）" in str(sheet["A1"].value)
    upper, lower = ([cell.value for cell in sheet[n]] for n in (2, 3))
    assert upper[9:13] == ["资金情况", None, None, None]
    heads = [below or above for above, below in zip(upper, lower, strict=True)]
    assert heads == list(HEADS)
    first = [row[0] for row in sheet.iter_rows(min_row=4, values_only=True)]
    assert "小计" in first
    assert first[-2] == "合计"
    assert str(first[-1]).startswith("填报说明：")
    keys = [row[1] for row in sheet.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
    said = {key for source, key, _ in _truth(written) if source == "commerce.signed_weekly"}
    assert set(keys) <= said
    assert len(keys) > len(set(keys))
    assert len(said) > len(set(keys))
    book.close()


def test_the_sheet_is_as_dirty_as_people_make_it(tmp_path: Path) -> None:
    write_all(Plan(tmp_path, seed=9, projects=300))
    book = openpyxl.load_workbook(max((tmp_path / "commerce").iterdir()))
    cells = [cell for row in book["签约履约"].iter_rows(min_row=4, values_only=True) for cell in row]
    text = "\n".join(cell for cell in cells if isinstance(cell, str))
    for dirt in ("月底前", "已开工", "．", ","):
        assert dirt in text
    assert None in cells
    book.close()


def test_the_land_market_exports_are_xls_and_xlsx_with_the_heads_of_the_register(written: Path) -> None:
    keys: list[str] = []
    kinds = set()
    for path in (written / "landchina").iterdir():
        kinds.add(path.suffix)
        rows: list[list[object]]
        if path.suffix == ".xls":
            sheet = xlrd.open_workbook(str(path)).sheet_by_name("xls格式测试表")
            rows = [list(sheet.row_values(n)) for n in range(sheet.nrows)]
        else:
            book = openpyxl.load_workbook(path)
            rows = [
                ["" if cell is None else cell for cell in row]
                for row in book["xls格式测试表"].iter_rows(values_only=True)
            ]
            book.close()
        assert rows[0] == list(LANDCHINA_HEADS)
        assert all(isinstance(cell, str) for row in rows for cell in row)
        keys += [str(row[7]) for row in rows[1:]]
    assert kinds == {".xls", ".xlsx"}
    assert sorted(k for k in keys if k.strip()) == sorted(
        k for s, k, _ in _truth(written) if s == "land.landchina"
    )


def test_advancing_writes_a_new_sheet_new_rows_and_more_truth(tmp_path: Path) -> None:
    plan = Plan(tmp_path, seed=9, projects=200)
    feeds = Feeds(plan)
    before, sheets = _truth(tmp_path), len(list((tmp_path / "commerce").iterdir()))
    written = feeds.advance(7)
    feeds.close()
    after = _truth(tmp_path)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert len(after) == len(set(after))
    assert len(list((tmp_path / "commerce").iterdir())) == sheets + 1
    assert written["housing.construction_permits"] > 0
    assert sorted(after) == sorted(feeds.city.truth())


def test_a_restart_goes_on_where_it_stopped_and_another_city_starts_clean(tmp_path: Path) -> None:
    plan = Plan(tmp_path, seed=9, projects=40)
    feeds = Feeds(plan)
    feeds.advance(7)
    feeds.close()
    truth = _truth(tmp_path)
    again = Feeds(plan)
    again.close()
    assert again.city.advances == [7]
    assert sorted(_truth(tmp_path)) == sorted(truth)
    other = Feeds(replace(plan, seed=10))
    other.close()
    assert other.city.advances == []
    assert len(list((tmp_path / "commerce").iterdir())) == 3


def test_writing_alone_serves_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "simulator",
        "write",
        "--dir",
        str(tmp_path),
        "--projects",
        "5",
        "--seed",
        "3",
    ]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], capture_output=True, timeout=30)
    assert _truth(tmp_path)
    assert not (tmp_path / "city.json").exists()


def test_the_exchange_databases_may_be_postgresql(tmp_path: Path, empty_database_url: str) -> None:
    plan = Plan(tmp_path, projects=30, land_url=empty_database_url, housing_url=empty_database_url)
    feeds = Feeds(plan)
    feeds.advance(7)
    counts = feeds.land.count() | feeds.housing.count()
    feeds.close()
    for source, key in (("land.supply", 1), ("housing.completions", 0)):
        said = sum(s == source for s, _, _ in _truth(tmp_path))
        assert counts[source] == said if key else counts[source] >= said


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("full-city")
    feeds = Feeds(Plan(home, seed=9, projects=80, breadth="full"))
    feeds.advance(7)
    feeds.close()
    return home


@pytest.mark.parametrize(
    ("source", "database", "table", "key"),
    [
        ("land.site_opinions", "land.db", "ZRZY_YDYSXZ", '"YSXZBH"'),
        ("land.conversions", "land.db", "ZRZY_NZYPF", '"PFWH"'),
        ("land.real_estate", "land.db", "BDC_DJXX", '"BDCDYH"'),
        ("land.verifications", "land.db", "ZRZY_GHHS", '"HSHGZH"'),
        ("housing.buildings", "housing.db", "SPGL_XMDTXXB", '"DTBM"'),
        ("housing.drawing_reviews", "housing.db", "SPGL_SGTSJWJSCXXB", '"SCHGSBH"'),
        ("housing.item_instances", "housing.db", "SPGL_XMSPSXBLXXB", '"SPSXSLBM"'),
        (
            "housing.item_events",
            "housing.db",
            "SPGL_XMSPSXBLXXXXB",
            '"SPSXSLBM" || \'|\' || "BLZT" || \'|\' || "BLSJ"',
        ),
        ("housing.item_documents", "housing.db", "SPGL_XMSPSXPFWJXXB", '"FJID"'),
        ("housing.fire_reviews", "housing.db", "SPGL_JSGCXFSJSCXXB", '"SPSXSLBM"'),
        ("housing.fire_acceptances", "housing.db", "SPGL_JSGCXFYSXXB", '"SPSXSLBM"'),
        ("housing.supervision", "housing.db", "ZAJ_JDXX", '"JDZCH"'),
    ],
)
def test_the_further_tables_hold_exactly_the_keys_of_the_truth(
    full: Path, source: str, database: str, table: str, key: str
) -> None:
    stored = _column(full, database, f'SELECT {key} FROM "{table}"')
    assert sorted(stored) == sorted(k for s, k, _ in _truth(full) if s == source)
    assert stored


def test_the_further_tables_of_a_core_city_are_empty(written: Path) -> None:
    for database, table, key in (("land.db", "BDC_DJXX", "BDCDYH"), ("housing.db", "ZAJ_JDXX", "JDZCH")):
        assert _column(written, database, f'SELECT "{key}" FROM "{table}"') == []


def test_the_workbook_of_a_full_city_has_a_second_sheet_of_talks(full: Path, written: Path) -> None:
    newest = max((full / "commerce").iterdir())
    book = openpyxl.load_workbook(newest)
    assert book.sheetnames == ["签约履约", "在谈项目"]
    sheet = book["在谈项目"]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:R1", "H2:I2", "A2:A3", "R2:R3"} <= merged
    upper, lower = ([cell.value for cell in sheet[n]] for n in (2, 3))
    assert [b or a for a, b in zip(upper, lower, strict=True)] == list(TALKS_HEADS)
    rows = [row for row in sheet.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
    keys = {f"{row[1]}|{row[2]}|{row[10]}" for row in rows}
    assert keys
    assert keys <= {key for source, key, _ in _truth(full) if source == "commerce.negotiations_weekly"}
    book.close()
    core = openpyxl.load_workbook(max((written / "commerce").iterdir()))
    assert core.sheetnames == ["签约履约"]
    core.close()


def test_a_city_of_another_breadth_or_difficulty_starts_clean(tmp_path: Path) -> None:
    plan = Plan(tmp_path, seed=9, projects=30)
    feeds = Feeds(plan)
    feeds.advance(7)
    feeds.close()
    for other in (replace(plan, breadth="full"), replace(plan, difficulty="hard")):
        again = Feeds(other)
        again.close()
        assert again.city.advances == []


def test_the_state_of_a_city_from_before_there_were_difficulties_is_an_easy_ones(tmp_path: Path) -> None:
    plan = Plan(tmp_path, seed=9, projects=30)
    feeds = Feeds(plan)
    feeds.advance(7)
    feeds.close()
    state = tmp_path / "state" / "city.json"
    old = json.loads(state.read_text())
    state.write_text(json.dumps({k: v for k, v in old.items() if k not in {"difficulty", "breadth"}}))
    again = Feeds(plan)
    again.close()
    assert again.city.advances == [7]
