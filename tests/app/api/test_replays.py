from __future__ import annotations

from pathlib import Path

import pytest

from app.pipeline.rules import load_rules
from app.worker import Worker
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.corridor import drawer
from tests.support.database import JURISDICTIONS
from tests.support.mended import mended_city, taken_up
from tests.support.small_city import SmallCity

HERE, THERE = JURISDICTIONS
PERMITS = "housing.permits"
ASKED = {"sources": [PERMITS]}


@pytest.fixture
def desk(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("system_admin"))


@pytest.fixture
def worker(city: SmallCity, tmp_path: Path) -> Worker:
    """A worker that was started with a manifest that no longer refuses samples."""
    return Worker(city.database, mended_city(city, PERMITS, '["样例"]', '["测试"]', tmp_path))


class TestAskReplay:
    def test_anonymous_and_who_is_no_admin_are_refused(self, client: Client, make_key: MakeKey) -> None:
        assert client.holding(None).post("/replays", ASKED).status_code == 401
        assert client.holding(make_key("reviewer")).post("/replays", ASKED).status_code == 403

    def test_a_source_nobody_knows_and_a_jurisdiction_of_others_are_refused(self, desk: Client) -> None:
        assert desk.post("/replays", {"sources": ["culture.gone"]}).status_code == 404
        assert desk.post("/replays", {"sources": []}).status_code == 400
        assert desk.post(f"/replays?jurisdiction={THERE}", ASKED).status_code == 403

    def test_one_source_is_replayed_once_at_a_time(self, desk: Client, make_key: MakeKey) -> None:
        first = desk.post("/replays", ASKED).json()
        again = desk.post("/replays", {"sources": [PERMITS, "commerce.signed"]})
        assert again.status_code == 409
        assert first["replay_id"] in again.json()["detail"]
        assert desk.post("/replays", {"sources": ["commerce.signed"]}).status_code == 202
        other = desk.holding(make_key("system_admin", jurisdiction=THERE))
        assert other.post("/replays", ASKED).status_code == 202


def test_a_replay_is_planned_looked_at_run_and_polled(desk: Client, city: SmallCity, worker: Worker) -> None:
    before = drawer(city.database)
    worker.renew()
    [need] = desk.get(f"/sources/{PERMITS}").json()["needs"]
    assert "/api/v1/replays" in need["zh"]
    asked = desk.post("/replays", ASKED).json()
    assert (asked["step"], asked["state"], asked["by"]) == ("plan", "queued", "reviewer")
    at = f"/replays/{asked['replay_id']}"
    assert desk.post(f"{at}/run").status_code == 409, "not planned yet"
    worker.replay()
    planned = desk.get(at).json()
    assert (planned["state"], planned["done"], planned["total"]) == ("planned", 4, 4)
    [plan] = planned["plan"]
    assert (plan["accepted"], plan["new"], plan["changed"]) == ({"permits.sample": 1}, 1, 0)
    [accepted] = [sample for sample in plan["samples"] if sample["fate"] == "accepted"]
    assert (accepted["key"], accepted["rule_was"], accepted["value"]) == ("S-1", "permits.sample", "样例")
    assert drawer(city.database) == before
    for _ in range(2):
        assert desk.post(f"{at}/run").json()["state"] == "queued"
    worker.replay()
    worker.process()
    done = desk.get(at).json()
    assert (done["step"], done["state"], done["plan"], done["counts"]) == ("run", "succeeded", [plan], [plan])
    assert desk.post(f"{at}/run").json()["state"] == "succeeded", "asked again it is done already"
    assert desk.get("/rejections", source=PERMITS, kind="rejected").json()["items"] == []
    assert desk.get(f"/sources/{PERMITS}").json()["needs"] == []
    listed = desk.get("/replays", state="succeeded").json()["items"]
    assert [item["replay_id"] for item in listed] == [asked["replay_id"]]
    assert desk.get("/replays", state="failed").json()["items"] == []


def test_a_replay_that_waits_or_was_planned_can_be_cancelled_and_run_later(
    desk: Client, city: SmallCity, worker: Worker
) -> None:
    taken_up(city.database, worker.rules, HERE)
    direct = desk.post("/replays", {**ASKED, "dry_run": False}).json()
    at = f"/replays/{direct['replay_id']}"
    assert desk.post(f"{at}/cancel").json()["state"] == "cancelled"
    assert desk.post(f"{at}/cancel").json()["state"] == "cancelled"
    worker.replay()
    assert desk.get(at).json()["done"] == 0
    planned = desk.post("/replays", ASKED).json()
    worker.replay()
    assert desk.post(f"/replays/{planned['replay_id']}/cancel").json()["state"] == "cancelled"
    assert desk.post(f"/replays/{planned['replay_id']}/run").status_code == 409, "plan another"
    assert desk.post(f"{at}/run").status_code == 202
    worker.replay()
    assert desk.get(at).json()["state"] == "succeeded"
    assert desk.get("/replays/430200-nothing").status_code == 404


def test_the_hub_serves_while_a_replay_is_due(client: Client, city: SmallCity, worker: Worker) -> None:
    assert worker.rules.fingerprint != load_rules(city.registry).fingerprint
    taken_up(city.database, worker.rules, HERE)
    assert client.get("/health/ready").json()["fingerprint"] == worker.rules.fingerprint
