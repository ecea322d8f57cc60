from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import psycopg
import pytest
from sqlalchemy import text

from app.api import changes
from app.api.following import Follower
from app.main import create_app
from app.settings import Settings
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS, libpq
from tests.support.served import served
from tests.support.small_city import SmallCity, permit, rid

HERE, THERE = JURISDICTIONS


def withdraw(city: SmallCity, number: str = "B-2") -> None:
    city.land("housing.permits", permit(number, valid="0", updated="2024-12-01 10:00:00"))
    city.drain()


class TestListChanges:
    def test_a_reader_follows_the_feed_without_gaps(self, client: Client, city: SmallCity) -> None:
        seen: list[int] = []
        answer = client.get("/changes", limit=1).json()
        while True:
            seen += [item["change_no"] for item in answer["items"]]
            if not answer["next"]:
                break
            answer = client.request("GET", answer["next"]).json()
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) >= 2
        withdraw(city)
        news = client.get("/changes", after=answer["last"]).json()
        assert {item["project_id"] for item in news["items"]} == {rid("housing.permits", "B-2")}
        assert [item["districts"] for item in news["items"]] == [["430211"]]

    def test_an_up_to_date_reader_gets_nothing_and_keeps_its_place(self, reader: Client) -> None:
        last = reader.get("/changes", limit=1000).json()["last"]
        assert reader.get("/changes", after=last).json() == {"items": [], "last": last, "next": None}
        assert reader.get("/changes", after=-1).status_code == 400
        assert reader.get("/changes", after=2**63).status_code == 400
        assert reader.get("/changes", wait=26).status_code == 400

    def test_who_comes_from_another_feed_is_sent_for_a_snapshot(self, reader: Client) -> None:
        answer = reader.get("/changes", after=10**9)
        assert answer.status_code == 410
        assert answer.json()["type"].endswith(":snapshot-needed")
        assert answer.headers["link"].endswith('; rel="snapshot"')
        address = answer.headers["link"].partition(">")[0].removeprefix("<")
        assert reader.request("GET", address).status_code == 200

    def test_who_waits_is_answered_as_soon_as_something_changes(
        self, client: Client, city: SmallCity
    ) -> None:
        last = client.get("/changes", limit=1000).json()["last"]
        later = threading.Timer(0.3, withdraw, [city])
        later.start()
        begun = time.monotonic()
        answer = client.get("/changes", after=last, wait=20)
        assert time.monotonic() - begun < 15
        assert [item["kind"] for item in answer.json()["items"]] == ["removed"]
        later.join()

    def test_who_waits_in_vain_is_told_so_in_time(self, reader: Client) -> None:
        last = reader.get("/changes", limit=1000).json()["last"]
        begun = time.monotonic()
        assert reader.get("/changes", after=last, wait=1).json()["items"] == []
        assert 0.9 < time.monotonic() - begun < 10


@pytest.fixture
def address(city: SmallCity) -> Iterator[str]:
    """Where the city's hub is really served, to at most two who follow."""
    app = create_app(Settings(jurisdiction=HERE, followers=2), city.database, city.registry, {})
    with served(app) as url:
        yield f"{url}/api/v1/changes"


@pytest.fixture
def caller(make_key: MakeKey) -> Iterator[httpx.Client]:
    """Somebody with a key who follows over sockets."""
    with httpx.Client(headers={"Authorization": f"Bearer {make_key('reader')}"}) as client:
        yield client


def events(lines: Iterator[str], n: int) -> list[int]:
    """Read on until so many events have come, and give their ids."""
    ids: list[int] = []
    while len(ids) < n:
        line = next(lines)
        if line.startswith("id: "):
            ids.append(int(line[4:]))
    return ids


class TestFollowChanges:
    def test_a_stream_gives_what_was_missed_and_then_what_happens(
        self, address: str, caller: httpx.Client, city: SmallCity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.1)
        with ExitStack() as stack:
            streams = []
            for headers, after in (({}, 0), ({"Last-Event-ID": "1"}, 0)):
                answer = stack.enter_context(
                    caller.stream(
                        "GET", f"{address}/stream", params={"after": after}, headers=headers, timeout=10
                    )
                )
                assert answer.status_code == 200
                assert answer.headers["content-type"].startswith("text/event-stream")
                streams.append(answer.iter_lines())
            last = caller.get(address, params={"limit": 1000}).json()["last"]
            assert events(streams[0], last) == list(range(1, last + 1))
            assert events(streams[1], last - 1) == list(range(2, last + 1))
            while next(streams[0]) != ":":
                pass  # a sign of life
            full = caller.get(f"{address}/stream")
            assert (full.status_code, full.headers["retry-after"]) == (503, "5")
            withdraw(city)
            for lines in streams:
                assert events(lines, 1) == [last + 1]
                assert next(lines) == "event: removed"
        time.sleep(0.3)
        with caller.stream("GET", f"{address}/stream", timeout=10) as again:
            assert again.status_code == 200

    def test_below_what_is_kept_it_answers_410_and_a_stream_that_falls_behind_ends(
        self, address: str, caller: httpx.Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        with city.database.begin() as connection:
            connection.execute(
                text("DELETE FROM ops.change WHERE jurisdiction = :j AND change_no = 1"), {"j": HERE}
            )
        gone = caller.get(f"{address}/stream", params={"after": 0})
        assert gone.status_code == 410
        assert "rel=" in gone.headers["link"]
        assert caller.get(f"{address}/stream", headers={"Last-Event-ID": "x"}).status_code == 400
        neighbour = {"Authorization": f"Bearer {make_key('reader', jurisdiction=THERE)}"}
        with httpx.stream("GET", f"{address}/stream?after=0", headers=neighbour, timeout=10) as other:
            assert events(other.iter_lines(), 1) == [1]

    def test_the_database_may_go_away_for_a_while(
        self, address: str, caller: httpx.Client, city: SmallCity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with caller.stream("GET", f"{address}/stream", timeout=20) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("retry")
            with psycopg.connect(libpq(city.database.url), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            time.sleep(0.5)  # until the farewell has come to the connections of this test
            withdraw(city)
            assert len(events(lines, 1)) == 1


def test_whoever_follows_is_let_go_when_the_server_stops(city: SmallCity, caller: httpx.Client) -> None:
    app = create_app(Settings(jurisdiction=HERE), city.database, city.registry, {})
    with served(app) as url, caller.stream("GET", f"{url}/api/v1/changes/stream", timeout=20) as answer:
        lines = answer.iter_lines()
        next(lines)
        follower: Follower = app.state.follower
        follower.close()
        begun = time.monotonic()
        assert list(lines)[-1:] in ([], [""], [":"])
        assert time.monotonic() - begun < 5
