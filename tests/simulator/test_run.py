from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from simulator.feeds import Plan
from simulator.run import RunningCity, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BEARER = {"Authorization": "Bearer t"}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[RunningCity]:
    with running(Plan(tmp_path, seed=9, projects=40, token="t")) as running_city:
        yield running_city


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
        assert city.push() == {"acked": len(events), "waiting": 0, "problem": "", "total": len(events)}
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


def test_talks_are_listed_beside_the_signed_projects_and_are_none_in_a_core_city(tmp_path: Path) -> None:
    for breadth, some in (("core", False), ("full", True)):
        plan = Plan(tmp_path / breadth, projects=40, breadth=breadth)  # type: ignore[arg-type]  # of a loop over words
        with running(plan) as city:
            url = f"{city.addresses()['commerce_api_url']}/commerce/negotiations"
            assert httpx.get(url).status_code == 401
            data = httpx.get(url, headers={"Authorization": f"Bearer {plan.token}"}).json()["data"]
            assert bool(data["total"]) is some
            assert all(row["ZSBH"].startswith("XS") for row in data["rows"])
