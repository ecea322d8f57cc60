from __future__ import annotations

from typing import Any

import pytest

from app.db import messages
from app.outbound.sender import turn
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.receiver import receiving
from tests.support.small_city import SmallCity

HERE, THERE = JURISDICTIONS


def wanted(url: str = "https://platform.example/in", **over: Any) -> dict[str, Any]:
    return {"name": "城市大脑", "url": url} | over


def send(city: SmallCity) -> int:
    taken = 0
    for slow in (False, True):
        with city.database.begin() as connection:
            claimed = messages.claim(connection, HERE, 60, slow=slow, n=9)
        taken += sum(turn(city.database, one) for one in claimed)
    return taken


@pytest.fixture
def caller(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("system_admin"))


class TestAddSubscription:
    def test_only_an_admin_may(self, client: Client, make_key: MakeKey) -> None:
        assert client.holding(None).post("/subscriptions", wanted()).status_code == 401
        for key in (make_key("department_admin"), make_key("system_admin", districts=["430204"])):
            assert client.holding(key).post("/subscriptions", wanted()).status_code == 403

    def test_its_secret_is_shown_once(self, caller: Client) -> None:
        made = caller.post("/subscriptions", wanted(kinds=["merged", "created"], districts=["430204"]))
        assert made.status_code == 201
        assert made.json()["secret"].startswith("whsec_")
        assert made.json()["kinds"] == ["created", "merged"]
        name = made.json()["subscription_id"]
        for answer in (caller.get(f"/subscriptions/{name}"), caller.get("/subscriptions")):
            assert answer.status_code == 200
            assert "whsec_" not in answer.text
            assert "secret" not in answer.text
        last = caller.get("/changes", limit=1000).json()["last"]
        assert made.json()["place"] == last > 0

    @pytest.mark.parametrize(
        "over",
        [
            *(
                {"url": url}
                for url in ("ftp://a.example", "https://u:p@a.example/", "http://169.254.169.254/", "x")
            ),
            *({"url": "http://metadata.google.internal/x"}, {"kinds": ["exploded"]}, {"districts": ["火星"]}),
            *({"most": 0}, {"most": 101}, {"name": ""}, {"after": -1}, {"colour": "red"}),
        ],
    )
    def test_what_cannot_be_is_refused(self, caller: Client, over: dict[str, Any]) -> None:
        assert caller.post("/subscriptions", wanted(**over)).status_code == 400

    def test_it_cannot_begin_where_the_feed_does_not_lead(self, caller: Client) -> None:
        assert caller.post("/subscriptions", wanted(after=10**6)).status_code == 410

    def test_an_admin_of_another_city_sees_and_changes_nothing_of_it(
        self, caller: Client, client: Client, make_key: MakeKey
    ) -> None:
        name = caller.post("/subscriptions", wanted()).json()["subscription_id"]
        other = client.holding(make_key("system_admin", jurisdiction=THERE))
        assert other.get("/subscriptions").json()["items"] == []
        assert other.get(f"/subscriptions/{name}").status_code == 403
        assert other.request("DELETE", f"/subscriptions/{name}").status_code == 403
        assert other.post(f"/subscriptions/{name}/secret").status_code == 403
        mine = f"{THERE}-{name.partition('-')[2]}"
        for path in ("", "/secret", "/pause", "/enable"):
            method = "POST" if path else "GET"
            assert other.request(method, f"/subscriptions/{mine}{path}").status_code == 404


def test_a_subscription_is_paused_enabled_replayed_and_ended(caller: Client, city: SmallCity) -> None:
    with receiving() as receiver:
        name = caller.post("/subscriptions", wanted(receiver.url, after=0)).json()["subscription_id"]
        path = f"/subscriptions/{name}"
        assert caller.post(f"{path}/pause").json()["state"] == "paused"
        assert send(city) == 0
        assert caller.post(f"{path}/enable").json()["state"] == "active"
        assert send(city) == 1
        last = caller.get(path).json()["place"]
        assert receiver.numbers() == list(range(1, last + 1))
        assert caller.post(f"{path}/replay", {"after": last - 1}).json()["place"] == last - 1
        assert caller.post(f"{path}/replay", {"after": last + 1}).status_code == 410
        assert send(city) == 1
        assert receiver.numbers()[last:] == [last]
        former = caller.post(f"{path}/secret").json()
        assert former["former_until"] is not None
        assert caller.request("DELETE", path).status_code == 204
        assert caller.request("DELETE", path).status_code == 404
        assert caller.get(f"{path}/messages").json()["items"] == []


def test_messages_are_listed_with_their_attempts_sent_again_and_given_up(
    caller: Client, city: SmallCity
) -> None:
    with receiving(500) as receiver:
        path = (
            "/subscriptions/"
            + caller.post("/subscriptions", wanted(receiver.url, after=0, most=1)).json()["subscription_id"]
        )
        send(city)
        [waiting] = caller.get(f"{path}/messages", state="waiting").json()["items"]
        assert (waiting["first_no"], waiting["attempts"]) == (1, 1)
        one = f"{path}/messages/{waiting['message_id']}"
        assert [a["status"] for a in caller.get(f"{one}/attempts").json()["items"]] == [500]
        assert caller.post(f"{one}/give-up").status_code == 200
        assert send(city) >= 1
        page = caller.get(f"{path}/messages", limit=1).json()
        assert len(page["items"]) == 1
        older = caller.request("GET", page["next"]).json()["items"]
        assert older[-1]["state"] == "given_up"
        assert receiver.numbers()[:2] == [1, 2]
        assert caller.post(f"{one}/resend").status_code == 202
        send(city)
        assert receiver.numbers().count(1) == 2
        assert [a["status"] for a in caller.get(f"{one}/attempts").json()["items"]] == [500, 204]
        unknown = f"{path}/messages/{HERE}-abc"
        assert caller.get(f"{unknown}/attempts").status_code == 404
        assert caller.post(f"{unknown}/resend").status_code == 404
        assert caller.post(f"{unknown}/give-up").status_code == 404
