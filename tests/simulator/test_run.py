from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import openpyxl
import pytest
import xlrd
from standardwebhooks.webhooks import Webhook

from simulator.records.land import LANDCHINA_HEADS
from simulator.run import Feeds, Plan, RunningCity, running, write_all
from simulator.systems.commerce_folder import HEADS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BEARER = {"Authorization": "Bearer t"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("city")
    write_all(Plan(home, seed=9, projects=80))
    return home


@pytest.fixture
def city(tmp_path: Path) -> Iterator[RunningCity]:
    with running(Plan(tmp_path, seed=9, projects=40, token="t")) as running_city:
        yield running_city


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


def test_the_interface_wants_its_token(city: RunningCity) -> None:
    url = f"{city.server.url}/commerce/projects"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": "Bearer other"}).status_code == 401
    assert httpx.get(url, headers=BEARER).status_code == 200


def test_the_interface_pages_through_every_row_in_the_order_of_change(city: RunningCity) -> None:
    rows: list[dict[str, str]] = []
    page = total = 1
    while len(rows) < total:
        query = {"page": str(page), "size": "7"}
        answer = httpx.get(f"{city.server.url}/commerce/projects", params=query, headers=BEARER).json()
        assert (answer["code"], answer["msg"], answer["data"]["size"]) == (0, "ok", 7)
        total, page = answer["data"]["total"], page + 1
        assert answer["data"]["rows"]
        rows += answer["data"]["rows"]
    order = [(row["GXSJ"], row["ZSBH"]) for row in rows]
    assert order == sorted(order)
    said = {key for source, key, _ in city.feeds.city.truth() if source == "commerce.signed_api"}
    assert {row["ZSBH"] for row in rows} == said
    since = order[-5][0]
    query = {"updated_since": since, "size": "500"}
    answer = httpx.get(f"{city.server.url}/commerce/projects", params=query, headers=BEARER).json()
    assert [row["GXSJ"] for row in answer["data"]["rows"]] == [at for at, _ in order if at >= since]


@pytest.mark.parametrize("query", ["page=0", "size=x", "page=-1"])
def test_a_page_that_is_no_number_is_refused(city: RunningCity, query: str) -> None:
    assert httpx.get(f"{city.server.url}/commerce/projects?{query}", headers=BEARER).status_code == 400


def test_the_levers_move_the_city_and_tell_its_state(city: RunningCity) -> None:
    base = f"{city.server.url}/_simulator"
    before = httpx.get(f"{base}/state").json()
    moved = httpx.post(f"{base}/advance?days=7").json()
    after = httpx.get(f"{base}/state").json()
    assert moved["day"] == after["day"] == before["day"] + 7
    assert after["advances"] == [7]
    assert after["tables"]["housing.projects"] >= before["tables"]["housing.projects"]
    assert httpx.post(f"{base}/push").json()["problem"] == "no --hub-url"


class _Hub(BaseHTTPRequestHandler):
    """Takes signed pushes the way the hub's door does; the first message meets a busy door."""

    taken: list[dict[str, str]]
    ids: list[str]
    busy: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Webhook(SECRET).verify(body, dict(self.headers.items()))
        kind = type(self)
        kind.ids.append(self.headers["webhook-id"])
        kind.busy -= 1
        if kind.busy < 0:
            assert self.path == "/api/v1/hooks/housing.permit_events"
            kind.taken += json.loads(body)["records"]
        self.send_response(503 if kind.busy >= 0 else 202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[tuple[str, type[_Hub]]]:
    class Hub(_Hub):
        taken: list[dict[str, str]] = []
        ids: list[str] = []
        busy = 1

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", Hub
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_pushed_signed_once_and_again_after_a_busy_answer(
    tmp_path: Path, hub: tuple[str, type[_Hub]]
) -> None:
    url, taken = hub
    plan = Plan(tmp_path, seed=9, projects=40, hub_url=url, push_secret=SECRET, push_by_itself=False)
    with running(plan) as city:
        events = {row.key for row in city.feeds.events()}
        assert city.push() == {"acked": len(events), "waiting": 0, "problem": ""}
        assert [record["event_id"] for record in taken.taken] == list(
            dict.fromkeys(record["event_id"] for record in taken.taken)
        )
        assert {record["event_id"] for record in taken.taken} == events
        assert taken.ids[0] == taken.ids[1]
        assert city.push()["acked"] == 0
        assert set(taken.taken[0]) == {"event_id", "type", "SGXKZBH", "GCDM", "happened_at", "detail"}
        permits = {
            key for source, key, _ in city.feeds.city.truth() if source == "housing.construction_permits"
        }
        assert {record["SGXKZBH"] for record in taken.taken} <= permits
    with running(plan) as city:
        assert city.push()["acked"] == 0


def test_events_wait_for_a_hub_that_is_not_there(tmp_path: Path) -> None:
    plan = Plan(tmp_path, projects=20, hub_url="http://127.0.0.1:9", push_by_itself=False)
    with running(plan) as city:
        assert city.pusher
        answer = city.pusher.push(waits=(0.01,))
        assert answer.acked == 0
        assert answer.waiting == city.pusher.waiting > 0
        assert "ConnectError" in answer.problem


def test_a_city_runs_as_a_process_says_ready_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "simulator",
        "run",
        "--dir",
        str(tmp_path),
        "--projects",
        "20",
        "--token",
        "t",
    ]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ) as process:
        try:
            assert process.stdout
            word, _, rest = process.stdout.readline().partition(" ")
            told = json.loads(rest)
            assert word == "ready"
            assert told == json.loads((tmp_path / "city.json").read_text(encoding="utf-8"))
            assert httpx.get(told["commerce_projects_url"], headers=BEARER).status_code == 200
            assert Path(told["truth"]).exists()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


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
