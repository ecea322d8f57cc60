from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.api.callers import Callers
from app.db import documents as stored
from app.db.session import Database
from app.doors import documents, lookup
from app.main import create_app
from app.settings import Settings
from tests.app.api.conftest import MakeKey
from tests.app.api.conftest import make_key as make_key  # noqa: PLC0414 — a fixture is found by its name here
from tests.support.client import Client, calling
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid

HERE, THERE = JURISDICTIONS
PROJECT, ALONE = rid("commerce.signed", "A-1"), rid("housing.permits", "B-2")
MEMBER, WITHDRAWN = rid("housing.permits", "A-1"), rid("housing.permits", "W-1")
Doors = dict[str, Client]


@pytest.fixture
def doors(city: SmallCity) -> Iterator[Doors]:
    """The door, and its declared twin without it, on one database."""
    settings = Settings(jurisdiction=HERE)
    door, twin = (create_app(settings, city.database, city.registry, {}) for _ in range(2))
    twin.front = None
    with calling(door) as one, calling(twin) as other:
        yield {"door": one, "twin": other}


def asked(caller: Client, project_id: str, **headers: str) -> httpx.Response:
    """Ask twice: a key is known to the door once the app has let it in."""
    caller.request("GET", f"/projects/{project_id}/lifecycle", headers=headers)
    return caller.request("GET", f"/projects/{project_id}/lifecycle", headers=headers)


def test_door_and_twin_agree_on_every_document_and_every_refusal(doors: Doors, make_key: MakeKey) -> None:
    keys = {
        "reader": make_key("reader"),
        "of a district": make_key("reader", districts=["430211"]),
        "of elsewhere": make_key("reader", jurisdiction=THERE),
        "sender": make_key("sender", departments=["housing"]),
        "nobody": None,
        "wrong": "hub_00000000_" + "x" * 43,
    }
    said = set()
    for who, key in keys.items():
        for project_id in (PROJECT, ALONE, MEMBER, WITHDRAWN, rid("land.x", "1"), "x", f"{THERE}-x"):
            door, twin = (asked(doors[name].holding(key), project_id) for name in ("door", "twin"))
            assert door.status_code == twin.status_code, (who, project_id)
            assert door.content == twin.content, (who, project_id)
            assert door.headers.get("etag") == twin.headers.get("etag")
            assert door.headers.get("location") == twin.headers.get("location")
            assert door.headers["cache-control"] == twin.headers["cache-control"]
            assert door.headers["x-content-type-options"] == "nosniff"
            said.add(door.status_code)
    assert said == {200, 307, 400, 401, 403, 404, 410}


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', "*"])
def test_who_holds_a_document_is_not_sent_it_again(doors: Doors, make_key: MakeKey, form: str) -> None:
    key = make_key("reader")
    etag = asked(doors["door"].holding(key), PROJECT).headers["etag"]
    for caller in doors.values():
        answer = asked(caller.holding(key), PROJECT, **{"if-none-match": form.format(etag)})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert asked(caller.holding(key), PROJECT, **{"if-none-match": '"other"'}).status_code == 200


def test_a_document_that_was_asked_for_is_kept_and_a_change_is_seen_at_once(
    doors: Doors, city: SmallCity, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    really = stored.find

    async def find(connection: Any, at: int, ids: Sequence[str]) -> Any:
        looks.append(len(ids))
        return await really(connection, at, ids)

    monkeypatch.setattr(stored, "find", find)
    caller = doors["door"].holding(make_key("reader"))
    before = asked(caller, ALONE).headers["etag"]
    time.sleep(3 * documents.BEAT_SECONDS)
    asked(caller, ALONE)
    looks.clear()
    assert {asked(caller, ALONE).headers["etag"] for _ in range(10)} == {before}
    assert not looks
    city.land(
        "housing.permits",
        permit(
            "B-2",
            "河西排水管网改造二标",
            district="430211",
            updated="2024-12-01 09:00:00",
            issued="2024-10-09",
        ),
    )
    city.drain()
    begun = time.monotonic()
    while asked(caller, ALONE).headers["etag"] == before:
        assert time.monotonic() - begun < lookup.OLDEST_SECONDS
    assert asked(caller, ALONE).content == asked(doors["twin"].holding(make_key("reader")), ALONE).content


def test_more_changes_than_documents_are_kept_forget_them_all_and_are_not_read(
    doors: Doors, city: SmallCity, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    heard: list[int] = []
    really, hears = stored.changed, lookup.Shelf.hear

    async def changed(connection: Any, at: int, after: int, upto: int) -> Any:
        read.append(upto - after)
        return await really(connection, at, after, upto)

    def hear(shelf: lookup.Shelf, at: int, number: int, gone: Iterable[str]) -> None:
        hears(shelf, at, number, gone)
        heard.append(number)

    def wait_for(times: int) -> None:
        begun = time.monotonic()
        while len(heard) < times:
            assert time.monotonic() - begun < documents.IDLE_SECONDS
            time.sleep(0.01)

    monkeypatch.setattr(stored, "changed", changed)
    monkeypatch.setattr(lookup.Shelf, "hear", hear)
    monkeypatch.setattr(documents, "MOST_KEPT", 2)
    caller = doors["door"].holding(make_key("reader"))
    asked(caller, ALONE)
    wait_for(1)
    for times, more in enumerate((3, 2), start=2):
        before = asked(caller, ALONE).headers["etag"]
        with city.database.begin() as connection:
            at = {"j": HERE, "n": more, "id": ALONE}
            connection.execute(text("UPDATE project SET etag = md5(etag) WHERE project_id = :id"), at)
            connection.execute(
                text(
                    "INSERT INTO ops.change (jurisdiction, change_no, at, kind, project_id)"
                    " SELECT :j, change_no + n, now(), 'updated', :id FROM ops.jurisdiction, generate_series(1, :n) AS n"
                    " WHERE jurisdiction = :j"
                ),
                at,
            )
            connection.execute(
                text("UPDATE ops.jurisdiction SET change_no = change_no + :n WHERE jurisdiction = :j"), at
            )
        wait_for(times)
        assert asked(caller, ALONE).headers["etag"] != before
    assert read == [2]


def test_a_key_that_calls_too_often_is_told_to_wait(city: SmallCity, make_key: MakeKey) -> None:
    app = create_app(Settings(jurisdiction=HERE, rate_per_key=2), city.database, city.registry, {})
    with calling(app) as caller:
        own = caller.holding(make_key("reader"))
        answers = [own.get(f"/projects/{PROJECT}/lifecycle") for _ in range(8)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in late)


def test_a_database_that_is_away_is_said_so(
    city: SmallCity, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Callers(city.database)
    token = make_key("reader")
    account = known.of(token, "")
    monkeypatch.setattr(Callers, "known", lambda self, said: account)
    away = Database("postgresql+psycopg://postgres@/hub?host=/nowhere&port=1")
    with calling(create_app(Settings(jurisdiction=HERE), away, city.registry, {})) as caller:
        answer = caller.holding(token).get(f"/projects/{PROJECT}/lifecycle")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_swapped_drawer_is_read_without_an_error(
    doors: Doors, city: SmallCity, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "BEAT_SECONDS", 10)
    caller = doors["door"].holding(make_key("reader"))
    before = asked(caller, PROJECT)
    with city.database.begin() as connection:
        connection.execute(text("ALTER SCHEMA derived RENAME TO derived_old"))
        connection.execute(text("CREATE SCHEMA derived"))
        for name in ("project", "member"):
            connection.execute(text(f"CREATE TABLE derived.{name} AS TABLE derived_old.{name}"))
        connection.execute(text("DROP SCHEMA derived_old CASCADE"))
    assert asked(caller, PROJECT).content == before.content
