from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db import hot
from app.db.session import Database
from app.main import create_app
from app.settings import Settings
from connectors.signatures import sign
from tests.app.doors.conftest import FEW, SMALL, STRICT, pushed_registry
from tests.support.client import Client, calling
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SECRET, SmallCity, message

HERE, THERE = JURISDICTIONS
LIMIT = 20_000
EVENT = {"id": "E-1", "permit": "A-1", "on": "2024-10-01"}
VARIABLES = {"TEST_EVENTS_SECRET": SECRET, "TEST_EVENTS_SECRET_999999": SECRET}


@pytest.fixture
def doors(city: SmallCity) -> Iterator[dict[str, Client]]:
    """The door, and its declared twin without it, on one database."""
    with serving(city.database) as found:
        yield found


class serving:  # noqa: N801 - reads as the function it is
    """Serves the hub once with the door in front and once without."""

    def __init__(self, database: Database) -> None:
        settings = Settings(jurisdiction=HERE, push_limit=LIMIT)
        apps = [create_app(settings, database, pushed_registry(), VARIABLES) for _ in range(2)]
        assert apps[1].front is not None
        apps[1].front = None
        self._callers = [calling(app) for app in apps]

    def __enter__(self) -> dict[str, Client]:
        return {
            name: caller.__enter__() for name, caller in zip(("door", "twin"), self._callers, strict=True)
        }

    def __exit__(self, *_: object) -> None:
        for caller in self._callers:
            caller.__exit__(None, None, None)


def raw(body: bytes, message_id: str, *, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = int(time.time()) if at is None else at
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(secret, message_id, stamp, body),
    }


def post(caller: Client, body: bytes, headers: Any, source: str = "housing.events") -> httpx.Response:
    return caller.request("POST", f"/hooks/{source}", content=body, headers=headers)


def sent(caller: Client, message_id: str, event: Any = EVENT, **how: Any) -> httpx.Response:
    body, headers = message([event], message_id)
    return post(caller, body, headers, **how)


Ask = Callable[[Client, str], httpx.Response]


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


def _again(caller: Client, own: str) -> httpx.Response:
    sent(caller, own)
    return sent(caller, own)


def _contradicting(caller: Client, own: str) -> httpx.Response:
    sent(caller, own)
    return sent(caller, own, EVENT | {"on": "2024-10-02"})


def _doubled(caller: Client, own: str) -> httpx.Response:
    body, headers = message([EVENT], own)
    return post(caller, body, [*headers.items(), ("webhook-id", own)])


def _over_quota(caller: Client, own: str) -> httpx.Response:
    for n in range(2):
        assert sent(caller, f"{own}-{n}", source=FEW).status_code == 202
    return sent(caller, f"{own}-2", source=FEW)


def _unsigned(caller: Client, own: str) -> httpx.Response:
    return post(caller, b"{}", {})


def _odd(body: bytes) -> Ask:
    return lambda caller, own: post(caller, body, raw(body, own))


TABLE: dict[str, tuple[int, Ask]] = {
    "valid and new": (202, sent),
    "the same again": (202, _again),
    "the same id with another body": (409, _contradicting),
    "not signed": (401, _unsigned),
    "signed by somebody else": (
        401,
        lambda c, own: post(c, b"{}", raw(b"{}", own, secret="whsec_b3RoZXI=")),
    ),
    "too old": (401, lambda c, own: post(c, b"{}", raw(b"{}", own, at=int(time.time()) - 301))),
    "too new": (401, lambda c, own: post(c, b"{}", raw(b"{}", own, at=int(time.time()) + 302))),
    "of a source nobody knows": (401, lambda c, own: sent(c, own, source="housing.nobody")),
    "of a source nobody pushes": (401, lambda c, own: sent(c, own, source="housing.permits")),
    "of a source of no form": (401, lambda c, own: sent(c, own, source="%00")),
    "with its id said twice": (401, _doubled),
    "with an id too long": (400, lambda c, own: sent(c, own + "x" * 200)),
    "with an id nobody can print": (400, lambda c, own: sent(c, own + "\tb")),
    "with a question nobody knows": (400, lambda c, own: sent(c, own, source="housing.events?x=1")),
    "with a place said twice": (
        400,
        lambda c, own: sent(c, own, source=f"housing.events?jurisdiction={HERE}&jurisdiction={HERE}"),
    ),
    "for a place without a secret": (
        401,
        lambda c, own: sent(c, own, source=f"housing.events?jurisdiction={THERE}"),
    ),
    "for a place the hub does not know": (
        404,
        lambda c, own: sent(c, own, source="housing.events?jurisdiction=999999"),
    ),
    "at the limit": (202, _odd(b"x" * LIMIT)),
    "above the limit": (413, _odd(b"x" * (LIMIT + 1))),
    "above the limit, in pieces": (
        413,
        lambda c, own: c.request("POST", "/hooks/housing.events", content=_pieces(b"x" * LIMIT * 2)),
    ),
    "above its source's own limit": (413, lambda c, own: post(c, b"x" * 1025, {}, SMALL)),
    "no JSON": (202, _odd(b"\x00\xff{")),
    "nothing": (202, _odd(b"")),
    "over quota": (429, _over_quota),
    "strict and right": (202, lambda c, own: sent(c, own, EVENT | {"id": own}, source=STRICT)),
    "strict and wrong": (422, lambda c, own: sent(c, own, {"permit": "A-1"}, source=STRICT)),
    "switched off": (410, lambda c, own: sent(c, own, source=SMALL)),
}


def _told(answer: httpx.Response) -> dict[str, Any]:
    """What an answer says, apart from what is its own: number, hash, and the words of its id."""
    said = answer.json()
    if answer.status_code < 300:
        return {"keys": sorted(said), "status": said["status"]}
    return {
        **{name: said[name] for name in ("type", "title", "title_zh", "instance")},
        "faults": [fault["where"] for fault in said["faults"]],
        "headers": sorted({*answer.headers} - {"content-length"}),
    }


def test_door_and_twin_agree_on_the_whole_receiver_table(doors: dict[str, Client], city: SmallCity) -> None:
    with city.database.begin() as connection:
        connection.execute(
            text("INSERT INTO ops.source (jurisdiction, source, enabled) VALUES (:j, :s, false)"),
            {"j": HERE, "s": SMALL},
        )
    for case, (status, ask) in TABLE.items():
        answers = {name: ask(caller, f"{name}-{case.replace(' ', '-')}") for name, caller in doors.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
            answers, status
        ), (case, [answer.text for answer in answers.values()])
        door, twin = (_told(answers[name]) for name in ("door", "twin"))
        assert door == twin, case
        assert ("retry-after" in door.get("headers", ())) is (status in {429, 503}), case


def test_what_is_kept_is_the_same_behind_both(doors: dict[str, Client], city: SmallCity) -> None:
    for name, caller in doors.items():
        body, headers = message([EVENT], f"one-{name}")
        answer = post(caller, body, headers | {"ce-specversion": "1.0", "ce-id": "7", "x-other": "no"})
        assert answer.status_code == 202
        _contradicting(caller, f"two-{name}")
        _contradicting(caller, f"two-{name}")
    with city.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT message_id, channel, sender, headers, body FROM memory.delivery"
                " WHERE message_id LIKE 'one-%' ORDER BY message_id"
            )
        ).all()
        anomalies = connection.execute(
            text("SELECT message_id, count(*) FROM memory.anomaly GROUP BY message_id ORDER BY 1")
        ).all()
        used = connection.execute(text("SELECT jurisdiction, source, variable FROM ops.secret_use")).all()
    door, twin = rows
    assert (door.channel, bytes(door.body), door.sender) == ("push", bytes(twin.body), twin.sender)
    assert sorted(door.headers) == sorted(twin.headers)
    assert {"webhook-signature", "webhook-timestamp", "content-type", "ce-id"} < set(door.headers)
    assert "x-other" not in door.headers
    assert [tuple(row) for row in anomalies] == [("two-door", 1), ("two-twin", 1)]
    assert [tuple(row) for row in used] == [(HERE, "housing.events", "TEST_EVENTS_SECRET")]


def test_a_database_that_is_away_is_said_so_and_the_message_is_asked_for_again() -> None:
    away = Database("postgresql+psycopg://postgres@/hub?host=/nowhere&port=1")
    with serving(away) as found:
        answers = [sent(caller, "m") for caller in found.values()]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.headers["retry-after"] for answer in answers] == ["5", "5"]
    assert all("psycopg" not in answer.text for answer in answers)


def test_a_row_held_for_long_is_waited_for_a_moment_and_no_longer(
    doors: dict[str, Client], city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hot, "PATIENCE_SECONDS", 1)
    with city.database.begin() as connection:
        connection.execute(
            text("SELECT 1 FROM ops.jurisdiction WHERE jurisdiction = :j FOR UPDATE"), {"j": HERE}
        )
        assert sent(doors["door"], "held").status_code == 503
    assert sent(doors["door"], "held").json()["status"] == "accepted"


@pytest.mark.parametrize("name", ["door", "twin"])
def test_a_check_tells_what_would_become_of_a_message_and_keeps_nothing(
    doors: dict[str, Client], name: str
) -> None:
    caller = doors[name]
    body, headers = message([EVENT, {"permit": "A-1"}], "checked")
    told = caller.request("POST", "/hooks/housing.events/check", content=body, headers=headers)
    assert told.status_code == 200, told.text
    assert (told.json()["status"], told.json()["ok"]) == ("accepted", False)
    assert told.json()["totals"]["unreadable"] == 1
    assert [row["row_no"] for row in told.json()["rows"]] == [2]
    assert post(caller, body, headers).json()["status"] == "accepted"
    again = caller.request("POST", "/hooks/housing.events/check", content=body, headers=headers)
    assert again.json()["status"] == "duplicate"
    other, said = message([EVENT], "checked")
    assert (
        caller.request("POST", "/hooks/housing.events/check", content=other, headers=said).status_code == 409
    )
    assert caller.request("POST", "/hooks/housing.events/check", content=body).status_code == 401


def test_the_description_declares_every_answer_of_the_door() -> None:
    described = json.loads((Path(__file__).parents[3] / "schemas" / "openapi.json").read_text())
    said = described["paths"]["/api/v1/hooks/{source}"]["post"]["responses"]
    assert {str(status) for status, _ in TABLE.values()} | {"503"} <= set(said)
