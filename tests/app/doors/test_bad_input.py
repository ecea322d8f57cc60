"""The table of garbage JSON, over HTTP and through the corridor: kept, told row by row, and never an error of the hub."""

from __future__ import annotations

import json
import time

import pytest

from connectors.signatures import sign
from tests.app.api.conftest import client as client  # noqa: PLC0414 — a fixture is found by its name here
from tests.support.client import Client
from tests.support.small_city import SECRET, SmallCity

GOOD = '{"id":"good","permit":"A-1","on":"2024-10-01"}'
ROWS = {
    "a NUL": (r'{"id":"x\u0000","permit":"A-1"}', "json.nul_char"),
    "half a character": (r'{"id":"\ud800","permit":"A-1"}', "json.lone_surrogate"),
    "nested too deep": ('{"id":"x","permit":' + "[" * 70 + "]" * 70 + "}", "json.depth"),
    "nested out of all measure": ('{"id":"x","permit":' + "[" * 9000 + "]" * 9000 + "}", "json.depth"),
    "a number without end": ('{"id":"x","permit":' + "9" * 5000 + "}", "json.number"),
    "a number beyond measure": ('{"id":"x","permit":1e5000}', "json.number"),
    "no number": ('{"id":"x","permit":NaN}', "json.not_finite"),
    "a name said twice": ('{"id":"x","id":"y","permit":"A-1"}', "json.duplicate_key"),
}
BODIES = {
    "GBK": '{"records":[{"id":"株洲","permit":"A-1"}]}'.encode("gbk"),
    "UTF-16": '{"id":"x","permit":"A-1"}'.encode("utf-16"),
    "nothing": b"",
    "a page for people": b"<html><body>login</body></html>",
    "half of it": b'{"records":[{"id":"x"',
    "names out of all measure": b"{" + b",".join(b'"n%d":1' % n for n in range(1200)) + b"}",
}


def pushed(client: Client, city: SmallCity, body: bytes) -> dict[str, object]:
    stamp = int(time.time())
    headers = {
        "webhook-id": "garbage",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(SECRET, "garbage", stamp, body),
    }
    answer = client.request("POST", "/hooks/housing.events", content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    check = client.request("POST", "/hooks/housing.events/check", content=body, headers=headers)
    assert check.status_code == 200, check.text
    city.drain()
    told: dict[str, object] = client.get(f"/deliveries/{answer.json()['delivery']}").json()
    assert told["state"] == "normalized"
    assert (told["verdict"] == "accepted") == check.json()["ok"]
    return told


@pytest.mark.parametrize("what", ROWS)
def test_a_rotten_row_is_told_with_its_reason_and_costs_no_other(
    client: Client, city: SmallCity, what: str
) -> None:
    row, rule = ROWS[what]
    told = pushed(client, city, f'{{"records":[{GOOD},{row}]}}'.encode())
    outcomes = [(one["outcome"], one["rule"]) for one in told["rows"]["items"]]  # type: ignore[index]  # as declared
    assert outcomes[0] == ("accepted", None)
    assert outcomes[1][0] in {"unreadable", "rejected"}
    assert outcomes[1][1] == rule
    assert told["verdict"] == "partly"


@pytest.mark.parametrize("what", BODIES)
def test_a_body_nobody_can_read_is_kept_and_rejected_as_a_whole(
    client: Client, city: SmallCity, what: str
) -> None:
    told = pushed(client, city, BODIES[what])
    assert told["verdict"] == "rejected"
    assert told["counts"]["received"] == told["counts"]["unreadable"] == 1  # type: ignore[index]  # as declared


def test_long_exact_numbers_and_a_mark_before_the_text_are_no_garbage(
    client: Client, city: SmallCity
) -> None:
    body = b"\xef\xbb\xbf" + b'{"id":"12345678901234567890123","permit":"A-1","on":"2024-10-01"}'
    told = pushed(client, city, body)
    assert told["verdict"] == "accepted"
    assert [row["key"] for row in told["rows"]["items"]] == ["12345678901234567890123"]  # type: ignore[index]  # as declared


def test_what_contradicts_a_delivery_is_told_beside_it(client: Client) -> None:
    stamp = int(time.time())
    for body in (b"{}", b"[]", b"[]"):
        headers = {
            "webhook-id": "twice",
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(SECRET, "twice", stamp, body),
        }
        answer = client.request("POST", "/hooks/housing.events", content=body, headers=headers)
    assert answer.status_code == 409
    number = next(
        int(word) for word in json.loads(answer.text)["detail"].replace(";", " ").split() if word.isdecimal()
    )
    told = client.get(f"/deliveries/{number}").json()
    assert (told["verdict"], len(told["anomalies"])) == ("open", 1)
