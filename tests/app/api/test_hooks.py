from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from connectors.signatures import sign
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SECRET, SmallCity, message, rid

HERE, THERE = JURISDICTIONS
EVENT = {"id": "E-1", "permit": "A-1", "on": "2024-10-01"}
DOOR = "/hooks/housing.events"


def _push(client: Client, body: bytes, headers: dict[str, str], path: str = DOOR) -> int:
    return client.request("POST", path, content=body, headers=headers).status_code


def test_a_signed_message_is_durable_and_acknowledged_with_its_hash(client: Client, city: SmallCity) -> None:
    body, headers = message([EVENT])
    answer = client.request("POST", DOOR, content=body, headers=headers)
    assert answer.status_code == 202
    assert answer.json() == {
        "delivery": 4,
        "sha256": hashlib.sha256(body).hexdigest(),
        "status": "accepted",
    }
    with city.database.read() as connection:
        kept = connection.execute(
            text(
                "SELECT body, channel, headers->>'webhook-id' AS id FROM memory.delivery"
                " WHERE jurisdiction = :j AND delivery_no = 4"
            ),
            {"j": HERE},
        ).one()
    assert (bytes(kept.body), kept.channel, kept.id) == (body, "push", "msg_1")


def test_the_worker_makes_rows_of_it_and_the_delivery_tells_their_outcome(
    client: Client, city: SmallCity, make_key: MakeKey
) -> None:
    body, headers = message([EVENT, {"permit": "A-1"}])
    number = client.request("POST", DOOR, content=body, headers=headers).json()["delivery"]
    caller = client.holding(make_key("department_admin"))
    assert caller.get(f"/deliveries/{number}").json()["state"] == "waiting"
    city.drain()
    told = caller.get(f"/deliveries/{number}").json()
    assert told["state"] == "normalized"
    assert [(row["outcome"], row["record_id"]) for row in told["rows"]["items"]] == [
        ("accepted", rid("housing.events", "E-1")),
        ("unreadable", None),
    ]


def test_the_same_message_again_is_a_duplicate_of_the_first(client: Client) -> None:
    body, headers = message([EVENT])
    first = client.request("POST", DOOR, content=body, headers=headers).json()
    _, later = message([EVENT], at=int(time.time()) - 60)
    again = client.request("POST", DOOR, content=body, headers=later)
    assert (again.status_code, again.json()) == (202, {**first, "status": "duplicate"})
    assert len(client.get("/deliveries", source="housing.events").json()["items"]) == 1


def test_the_same_id_with_another_body_is_a_conflict(client: Client) -> None:
    assert _push(client, *message([EVENT])) == 202
    assert _push(client, *message([{**EVENT, "on": "2024-10-02"}])) == 409


def test_one_id_in_two_jurisdictions_is_two_messages_but_each_needs_its_own_secret(client: Client) -> None:
    assert _push(client, *message([EVENT])) == 202
    assert _push(client, *message([EVENT]), path=f"{DOOR}?jurisdiction={THERE}") == 401


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,,  v1, \xff"},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 40},
    ],
)
def test_a_message_that_was_not_signed_so_is_refused(client: Client, spoilt: dict[str, str]) -> None:
    body, headers = message([EVENT])
    latin = {name: value.encode("latin-1") for name, value in (headers | spoilt).items()}
    assert client.request("POST", DOOR, content=body, headers=latin).status_code == 401


def test_every_refusal_sounds_alike(client: Client) -> None:
    body, headers = message([EVENT])
    late, late_headers = message([EVENT], at=int(time.time()) - 301)
    said = {
        (answer.status_code, answer.json()["detail"])
        for answer in (
            client.request("POST", DOOR, content=body),
            client.request("POST", DOOR, content=body + b" ", headers=headers),
            client.request("POST", DOOR, content=late, headers=late_headers),
            client.request("POST", "/hooks/housing.permits", content=body, headers=headers),
            client.request("POST", "/hooks/nobody", content=body, headers=headers),
            client.request("POST", "/hooks/%00", content=body, headers=headers),
        )
    }
    assert len(said) == 1
    assert next(iter(said))[0] == 401


def test_a_message_that_is_no_message_is_still_kept(
    client: Client, city: SmallCity, make_key: MakeKey
) -> None:
    body = b'\x00\xff{"records": [' + b"[" * 3000
    stamp = int(time.time())
    headers = {
        "webhook-id": "odd",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(SECRET, "odd", stamp, body),
    }
    assert _push(client, body, headers) == 202
    city.drain()
    told = client.holding(make_key("department_admin")).get("/deliveries/4").json()
    assert (told["counts"]["unreadable"], told["rows"]["items"][0]["outcome"]) == (1, "unreadable")


@pytest.mark.parametrize("message_id", ["x" * 201, "a\tb"])
def test_an_id_that_cannot_be_kept_is_refused(client: Client, message_id: str) -> None:
    assert _push(client, *message([EVENT], message_id)) == 400


def test_a_body_above_the_limit_is_refused_announced_or_streamed(client: Client) -> None:
    body, headers = message([EVENT] * 1000)
    assert len(body) > 20_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    assert _push(client, body, headers) == 413
    assert client.request("POST", DOOR, content=pieces(), headers=headers).status_code == 413
    assert client.get("/deliveries", source="housing.events").json()["items"] == []


def test_a_source_switched_off_is_gone_for_who_signs_and_unknown_for_others(
    client: Client, city: SmallCity
) -> None:
    with city.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.source (jurisdiction, source, enabled) VALUES (:j, 'housing.events', false)"
            ),
            {"j": HERE},
        )
    body, headers = message([EVENT])
    assert _push(client, body, headers) == 410
    assert _push(client, body, {}) == 401


def test_many_senders_of_one_message_make_one_delivery(client: Client) -> None:
    body, headers = message([EVENT], "storm")
    said: list[str] = []

    def send() -> None:
        said.append(client.request("POST", DOOR, content=body, headers=headers).json()["status"])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["accepted"] + ["duplicate"] * 7
