from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import text

from app.pipeline.rules import load_rules
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.corridor import same_as_rebuilt
from tests.support.database import JURISDICTIONS
from tests.support.small_city import OTHER_CODE, SmallCity, permit, rid, signed

HERE, THERE = JURISDICTIONS
PROJECT = rid("commerce.signed", "A-1")
MEMBER = rid("housing.permits", "A-1")
OTHER = rid("housing.permits", "B-2")


@pytest.fixture
def judge(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("reviewer"))


@pytest.fixture
def reconciler(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("department_admin"))


def _word(a: str = PROJECT, b: str = OTHER, verdict: str = "unsure", **more: Any) -> dict[str, Any]:
    return {"a": a, "b": b, "verdict": verdict, "reason": "看过两份文件", **more}


class TestJudge:
    def test_anonymous_and_keys_without_the_scope_are_refused(
        self, client: Client, make_key: MakeKey
    ) -> None:
        assert client.holding(None).post("/judgements", _word()).status_code == 401
        assert client.holding(make_key("system_admin")).post("/judgements", _word()).status_code == 403

    @pytest.mark.parametrize("verdict", ["same", "different", "unsure", "phase_of", "part_of", "replaces"])
    def test_a_word_is_kept_with_who_said_it(self, judge: Client, verdict: str) -> None:
        answer = judge.post("/judgements", _word(verdict=verdict))
        assert answer.status_code == 201
        said = answer.json()
        assert (said["judgement_no"], said["verdict"], said["by"]) == (1, verdict, "reviewer")
        assert (said["confirm"], said["withdrawn_by"]) == (False, None)

    def test_different_parts_a_project_and_withdrawing_it_joins_it_again(
        self, judge: Client, city: SmallCity
    ) -> None:
        number = judge.post("/judgements", _word(b=MEMBER, verdict="different")).json()["judgement_no"]
        city.drain()
        assert judge.get(f"/projects/{MEMBER}").status_code == 200
        answer = judge.post("/judgements", {"withdraws": number, "reason": "错看了"})
        assert (answer.status_code, answer.json()["withdraws"]) == (201, number)
        city.drain()
        assert judge.get(f"/projects/{MEMBER}").status_code == 307
        assert judge.get("/judgements").json()["items"][-1]["withdrawn_by"] == answer.json()["judgement_no"]

    def test_a_word_on_a_content_that_has_changed_is_a_conflict(self, judge: Client, city: SmallCity) -> None:
        with city.database.read() as connection:
            seen = connection.execute(
                text("SELECT hash FROM record WHERE jurisdiction = :j AND record_id = :r"),
                {"j": HERE, "r": OTHER},
            ).scalar_one()
        assert judge.post("/judgements", _word(hash_b=seen)).status_code == 201
        city.land(
            "housing.permits", permit("B-2", "改了名字的管网", code=OTHER_CODE, updated="2025-01-01 00:00:00")
        )
        city.drain()
        assert judge.post("/judgements", _word(hash_b=seen)).status_code == 409

    @pytest.mark.parametrize(
        "bad",
        [
            {},
            _word(verdict="perhaps"),
            _word(b=PROJECT),
            _word(reason=""),
            _word(reason="\0"),
            _word(reason="\ud800"),
            _word(reason="x" * 2001),
            _word(more=1),
            _word(withdraws=1),
            _word(a="x"),
            _word(b=rid("housing.permits", "B-2", THERE)),
            {"withdraws": 1, "confirms": 1, "reason": "x"},
            {"withdraws": 0, "reason": "x"},
            {"withdraws": 2**63, "reason": "x"},
            {"a": PROJECT, "b": OTHER, "reason": "x"},
            [],
            None,
            "x",
            {"confirms": "NaN", "reason": "x"},
        ],
    )
    def test_what_is_no_word_is_refused(self, admin: Client, bad: Any) -> None:
        answer = admin.request(
            "POST", "/judgements", content=json.dumps(bad), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"\xff", b"[" * 15_000, b'{"confirms": ' + b"9" * 5000 + b"}"]
    )
    def test_what_is_no_json_is_refused(self, admin: Client, body: bytes) -> None:
        answer = admin.request(
            "POST", "/judgements", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400

    def test_unknown_records_and_words_are_not_found(self, admin: Client) -> None:
        assert admin.post("/judgements", _word(b=rid("land.x", "1"))).status_code == 404
        assert admin.post("/judgements", {"withdraws": 7, "reason": "x"}).status_code == 404
        assert admin.post("/judgements", {"confirms": 7, "reason": "x"}).status_code == 404

    def test_a_word_taken_back_cannot_be_taken_back_or_confirmed_again(self, judge: Client) -> None:
        number = judge.post("/judgements", _word()).json()["judgement_no"]
        taken = judge.post("/judgements", {"withdraws": number, "reason": "x"}).json()["judgement_no"]
        for verb in ("withdraws", "confirms"):
            for word in (number, taken):
                assert judge.post("/judgements", {verb: word, "reason": "x"}).status_code == 409

    def test_withdrawing_a_confirmed_word_takes_back_all_of_it(self, judge: Client) -> None:
        number = judge.post("/judgements", _word()).json()["judgement_no"]
        again = judge.post("/judgements", {"confirms": number, "reason": "again"}).json()
        assert (again["verdict"], again["confirms"]) == ("unsure", number)
        judge.post("/judgements", {"withdraws": again["judgement_no"], "reason": "x"})
        words = [item for item in judge.get("/judgements").json()["items"] if item["withdraws"] is None]
        assert len(words) == 2
        assert all(item["withdrawn_by"] for item in words)

    def test_a_key_says_nothing_about_another_jurisdiction(self, client: Client, make_key: MakeKey) -> None:
        stranger = client.holding(make_key("system_admin", "reviewer", jurisdiction=THERE))
        assert stranger.post("/judgements", _word()).status_code == 400
        assert stranger.post(f"/judgements?jurisdiction={HERE}", _word()).status_code == 403
        assert stranger.get("/judgements").json()["items"] == []


class TestListJudgements:
    def test_anonymous_is_refused(self, client: Client) -> None:
        assert client.holding(None).get("/judgements").status_code == 401

    def test_pages_and_either_side_of_a_record(self, judge: Client) -> None:
        judge.post("/judgements", _word())
        judge.post("/judgements", _word(a=MEMBER, b=OTHER))
        first = judge.get("/judgements", limit=1).json()
        second = judge.request("GET", first["next"]).json()
        assert [p["items"][0]["judgement_no"] for p in (first, second)] == [2, 1]
        assert [w["judgement_no"] for w in judge.get("/judgements", record=MEMBER).json()["items"]] == [2]
        assert len(judge.get("/judgements", record=OTHER).json()["items"]) == 2

    def test_a_side_that_changed_owner_and_name_asks_to_be_confirmed(
        self, judge: Client, city: SmallCity
    ) -> None:
        number = judge.post("/judgements", _word()).json()["judgement_no"]
        city.land(
            "housing.permits", permit("B-2", "城东水厂扩建", code=OTHER_CODE, updated="2025-01-01 00:00:00")
        )
        city.drain()
        assert judge.get("/judgements").json()["items"][0]["confirm"] is True
        for path in ("/judgements?confirm=true", "/judgements?confirm=true&limit=1"):
            (asks,) = judge.request("GET", path).json()["items"]
            assert (asks["judgement_no"], asks["confirm"]) == (number, True)
        (item,) = judge.get("/reviews", kind="confirm").json()["items"]
        assert ({item["a"], item["b"]}, item["said"]) == ({asks["a"], asks["b"]}, asks["verdict"])
        same_as_rebuilt(city.database, load_rules(city.registry))
        judge.post("/judgements", {"confirms": number, "reason": "仍然如此"})
        assert [item["confirm"] for item in judge.get("/judgements").json()["items"]] == [False, False]
        for _ in range(2):  # before resolving has heard of it, and after
            assert judge.get("/judgements", confirm=True).json()["items"] == []
            assert judge.get("/reviews", kind="confirm").json()["items"] == []
            city.drain()

    def test_a_new_name_alone_does_not(self, judge: Client, city: SmallCity) -> None:
        judge.post("/judgements", _word())
        same_owner = permit(
            "B-2", "城东水厂扩建", code=OTHER_CODE, owner="株洲某城建有限公司", updated="2025-01-01 00:00:00"
        )
        city.land("housing.permits", same_owner)
        city.drain()
        assert judge.get("/judgements").json()["items"][0]["confirm"] is False


class TestReconcile:
    def test_anonymous_and_keys_without_the_scope_are_refused(
        self, client: Client, make_key: MakeKey
    ) -> None:
        inventory = {"source": "housing.permits", "count": 3}
        assert client.holding(None).post("/reconciliations", inventory).status_code == 401
        assert client.holding(make_key("reader")).post("/reconciliations", inventory).status_code == 403

    def test_an_inventory_that_agrees(self, admin: Client) -> None:
        told = admin.post(
            "/reconciliations", {"source": "commerce.signed", "count": 1, "keys": ["A-1"]}
        ).json()
        assert told["agrees"] is True
        assert (
            told["source_count"],
            told["heads"],
            told["statements"],
            told["in_projects"],
            told["projects"],
        ) == (
            1,
            1,
            1,
            1,
            1,
        )
        assert told["discrepancies"] == []

    def test_each_discrepancy_has_a_kind_an_owner_and_a_repair(
        self, reconciler: Client, city: SmallCity
    ) -> None:
        city.land("housing.permits", permit("X-9", "某加油站"))
        keys = ["A-1", "S-1", "W-1", "M-404", "B-2", "B-2", "X-9"]
        hashes = ["0" * 32] + [_hash(city, key) for key in keys[1:]]
        told = reconciler.post(
            "/reconciliations", {"source": "housing.permits", "keys": keys, "hashes": hashes}
        ).json()
        found = {(item["kind"], item["key"], item["owner"]) for item in told["discrepancies"]}
        assert found == {
            ("different", "A-1", "department"),
            ("rejected", "S-1", "department"),
            ("missing", "W-1", "department"),
            ("missing", "M-404", "department"),
            ("doubled", "B-2", "department"),
            ("unresolved", "X-9", "hub"),
        }
        assert told["totals"] == {"different": 1, "doubled": 1, "missing": 2, "rejected": 1, "unresolved": 1}
        assert all(item["zh"] and item["en"] for item in told["discrepancies"])
        assert (
            next(item["rule"] for item in told["discrepancies"] if item["kind"] == "rejected")
            == "permits.sample"
        )
        assert told["agrees"] is False

    def test_what_is_missing_may_be_not_pulled_yet_or_never_sent_and_says_both(
        self, reconciler: Client, city: SmallCity
    ) -> None:
        with city.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.source (jurisdiction, source, succeeded_at)"
                    " VALUES (:j, 'housing.permits', '2024-11-02T03:04:05Z')"
                ),
                {"j": HERE},
            )
        inventory = {"source": "housing.permits", "keys": ["A-1", "M-404"], "hashes": ["0" * 32] * 2}

        def told() -> dict[str, Any]:
            items = reconciler.post("/reconciliations", inventory).json()["discrepancies"]
            return {item["kind"]: item for item in items}

        for kind in ("missing", "different"):
            item = told()[kind]
            assert "2024-11-02T" in item["zh"]
            assert "尚未取到" in item["zh"]
            assert "未曾发出" in item["zh"]
            assert "2024-11-02T" in item["en"]
            assert "not pulled yet" in item["en"]
            assert "never sent" in item["en"]
            assert item["owner"] == "department"
        with city.database.begin() as connection:
            connection.execute(
                text("UPDATE ops.source SET failures = 2 WHERE jurisdiction = :j"), {"j": HERE}
            )
        assert {kind: item["owner"] for kind, item in told().items()} == {
            "missing": "hub",
            "different": "hub",
            "extra": "department",
        }

    def test_what_the_inventory_does_not_name_is_extra(self, admin: Client) -> None:
        told = admin.post("/reconciliations", {"source": "housing.permits", "keys": ["A-1", "S-1"]}).json()
        kinds = {(item["kind"], item["key"]) for item in told["discrepancies"]}
        assert kinds == {("extra", "B-2"), ("rejected", "S-1")}

    def test_a_count_alone_is_held_against_the_heads(self, admin: Client) -> None:
        told = admin.post("/reconciliations", {"source": "commerce.signed", "count": 2}).json()
        assert (told["agrees"], told["source_count"], told["heads"]) == (False, 2, 1)

    def test_an_older_statement_in_use_is_stale(self, reconciler: Client, city: SmallCity) -> None:
        city.land("housing.permits", permit("B-2", "样例", updated="2025-01-01 00:00:00"))
        city.drain()
        told = reconciler.post(
            "/reconciliations", {"source": "housing.permits", "keys": ["A-1", "B-2"]}
        ).json()
        assert {(i["kind"], i["key"], i["rule"]) for i in told["discrepancies"] if i["kind"] != "extra"} == {
            ("stale", "B-2", "permits.sample")
        }

    def test_a_renamed_key_is_found_under_its_first_name(self, reconciler: Client, city: SmallCity) -> None:
        from app.pipeline.land import rename_key

        with city.database.begin() as connection:
            rename_key(connection, HERE, "commerce.signed", "A-1", "A-1/2024", "admin")
        told = reconciler.post("/reconciliations", {"source": "commerce.signed", "keys": ["A-1/2024"]}).json()
        assert told["agrees"] is True

    def test_its_hash_is_that_of_everything_else(self, admin: Client) -> None:
        answer = admin.post("/reconciliations", {"source": "commerce.signed", "keys": ["A-1"]})
        told = answer.json()
        sealed = told.pop("sha256")
        said = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        assert hashlib.sha256(said).hexdigest() == sealed

    def test_nothing_is_changed_by_a_dry_run(self, reconciler: Client, city: SmallCity) -> None:
        reconciler.post("/reconciliations", {"source": "housing.permits", "keys": ["A-1"]})
        with city.database.read() as connection:
            assert (
                connection.execute(
                    text("SELECT count(*) FROM ops.report WHERE jurisdiction = :j"), {"j": HERE}
                ).scalar_one()
                == 0
            )

    def test_a_large_inventory_is_taken_and_listed_in_part(self, admin: Client) -> None:
        keys = [f"K-{n}" for n in range(5000)]
        told = admin.post("/reconciliations", {"source": "commerce.signed", "keys": keys}).json()
        assert told["totals"] == {"extra": 1, "missing": 5000}
        assert len(told["discrepancies"]) == 201

    @pytest.mark.parametrize(
        "bad",
        [
            {"source": "commerce.signed"},
            {"source": "x", "count": 1},
            {"source": "commerce.signed", "count": -1},
            {"source": "commerce.signed", "count": 1.5},
            {"source": "commerce.signed", "keys": ["\0"]},
            {"source": "commerce.signed", "keys": ["\ud800"]},
            {"source": "commerce.signed", "keys": [""]},
            {"source": "commerce.signed", "keys": ["a"], "hashes": []},
            {"source": "commerce.signed", "keys": ["a"], "hashes": ["zz"]},
            {"source": "commerce.signed", "count": 1, "dry_run": False},
            {"source": "commerce.signed", "count": 1, "more": 1},
        ],
    )
    def test_what_is_no_inventory_is_refused(self, admin: Client, bad: dict[str, Any]) -> None:
        answer = admin.request(
            "POST", "/reconciliations", content=json.dumps(bad), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400

    def test_unknown_sources_and_other_jurisdictions(self, admin: Client) -> None:
        assert admin.post("/reconciliations", {"source": "land.nothing", "count": 1}).status_code == 404
        path = "/reconciliations?jurisdiction=12"
        assert admin.post(path, {"source": "commerce.signed", "count": 1}).status_code == 403


def _hash(city: SmallCity, key: str) -> str:
    with city.database.read() as connection:
        found = connection.execute(
            text("SELECT encode(hash, 'hex') FROM memory.head WHERE jurisdiction = :j AND record_id = :r"),
            {"j": HERE, "r": rid("housing.permits", key)},
        ).scalar_one_or_none()
    return found or "0" * 32


def test_two_records_said_to_be_the_same_become_one_project(judge: Client, city: SmallCity) -> None:
    city.land("commerce.signed", signed("Z-1", "河西片区提质", code="", investor="某投资集团有限公司"))
    city.drain()
    new = rid("commerce.signed", "Z-1")
    assert judge.get(f"/projects/{new}").status_code == 200
    judge.post("/judgements", _word(a=new, b=OTHER, verdict="same"))
    city.drain()
    assert judge.get(f"/projects/{new}").headers["location"] == f"/api/v1/projects/{OTHER}"
