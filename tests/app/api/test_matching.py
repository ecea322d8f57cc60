from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.db import jurisdictions, rule_sets
from app.db.session import Database
from app.pipeline.matching.model import write_model
from app.pipeline.matching.published import FEATURES
from app.pipeline.matching.score import MODEL
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import load_rules
from tests.app.api.asking import NAMES, SAYS, ask, sides
from tests.app.api.conftest import MakeKey, serving
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import CODE, SmallCity, rid, signed

HERE, THERE = JURISDICTIONS
SIGNED, PERMIT = rid("commerce.signed", "A-1"), rid("housing.permits", "A-1")


@pytest.fixture
def judge(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("reviewer"))


class TestMatchExample:
    def test_what_is_known_of_a_project_finds_it_with_its_terms(self, judge: Client) -> None:
        told = judge.post(
            "/match", {"name": "某组件智造基地", "numbers": [{"scheme": "project_code", "value": CODE}]}
        )
        assert told.status_code == 200, told.text
        best = told.json()["candidates"][0]
        assert (best["record_id"], best["project_id"]) == (SIGNED, SIGNED)
        assert (best["band"], best["rule"]) == ("safe", None)
        assert best["points"] == best["prior"] + sum(term["points"] for term in best["terms"])
        assert any(term["b"].replace("-", "").startswith("2404") for term in best["terms"])
        assert told.json()["understood"]["codes"] == CODE.replace("-", "")
        assert judge.get("/judgements").json()["items"] == []

    def test_each_term_says_the_example_first(self, judge: Client) -> None:
        told = judge.post(
            "/match", {"name": "某组件智造基地扩建", "owners": ["某新能源集团有限公司"], "limit": 50}
        )
        for one in told.json()["candidates"]:
            names = [term for term in one["terms"] if term["name"].startswith("name")]
            assert all("扩建" not in term["b"] for term in names)

    def test_an_owner_or_an_address_alone_finds_who_says_it_or_says_that_nobody_does(
        self, judge: Client
    ) -> None:
        told = judge.post("/match", {"owners": ["株洲某新能源科技有限公司"]}).json()
        assert PERMIT in [one["record_id"] for one in told["candidates"]]
        assert told["reasons"] == []
        for address in ("炎陵县九龙工业园棠珩大道340号", "九龙工业园棠珩大道340号"):
            told = judge.post("/match", {"address": address}).json()
            assert [one["rule"] for one in told["reasons"]] == ["unknown"]

    @pytest.mark.parametrize(
        ("example", "told"),
        [
            ({"name": "厂房"}, [("name", "generic")]),
            ({"name": "——"}, [("name", "not_understood")]),
            ({"name": "不存在的量子芯片项目"}, [("name", "unknown")]),
            ({"owners": ["株洲市荷塘区人民政府"]}, [("owners", "public")]),
            ({"owners": ["🏗️"]}, [("owners", "unknown")]),
            ({"address": "内"}, [("address", "too_short")]),
            ({"credit_codes": ["91430200MA4L00000X"]}, [("credit_codes", "uscc.check")]),
            (
                {"name": "某组件智造基地", "owners": ["不存在的量子芯片有限公司"], "least": 1_000_000},
                [("owners", "unknown"), ("least", "below")],
            ),
        ],
    )
    def test_no_answer_is_empty_without_a_reason(
        self, judge: Client, example: dict[str, Any], told: list[tuple[str, str]]
    ) -> None:
        found = judge.post("/match", example).json()
        assert found["candidates"] == []
        assert [(one["field"], one["rule"]) for one in found["reasons"]] == told
        assert all(one["zh"] and one["en"] for one in found["reasons"])

    def test_what_everybody_says_is_no_trait_and_a_stranger_finds_nobody(self, judge: Client) -> None:
        nobody = judge.post("/match", {"name": "不存在的量子芯片项目"}).json()
        assert (nobody["candidates"], nobody["compared"]) == ([], 0)
        assert judge.post("/match", {"name": "厂房"}).json()["candidates"] == []

    @pytest.mark.parametrize(
        "bad",
        [
            {},
            {"name": ""},
            {"name": "\0"},
            {"name": "x" * 501},
            {"district": "430204"},
            {"name": "x", "district": "999999"},
            {"name": "x", "investment": "NaN"},
            {"name": "x", "investment": -1},
            {"name": "x", "limit": 51},
            {"numbers": [{"scheme": "project_code", "value": "没有编号"}]},
            {"numbers": [{"scheme": "nothing", "value": "1"}]},
            {"owners": ["x"] * 6},
            [],
            None,
        ],
    )
    def test_what_is_no_example_is_refused(self, admin: Client, bad: Any) -> None:
        answer = admin.request(
            "POST", "/match", content=json.dumps(bad), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400, answer.text

    @pytest.mark.parametrize(
        "name", ["🏗️" * 40, "恒" * 500, "工业用地", "Ⅱ期", "'; DROP TABLE x; --", "\u200b\u200b"]
    )
    def test_odd_names_are_answered(self, admin: Client, name: str) -> None:
        assert admin.post("/match", {"name": name}).status_code == 200

    def test_a_key_asks_at_home(self, client: Client, make_key: MakeKey) -> None:
        assert client.holding(None).post("/match", {"name": "某组件智造基地"}).status_code == 401
        stranger = client.holding(make_key("department_admin", jurisdiction=THERE))
        found = stranger.post("/match", {"name": "某组件智造基地"}).json()["candidates"]
        assert {one["record_id"].split("-")[0] for one in found} == {str(THERE)}


class TestExplainPair:
    def test_one_project_says_so_with_every_term(self, judge: Client) -> None:
        told = judge.get(f"/pairs/{SIGNED}/{PERMIT}").json()
        assert told["points"] == told["prior"] + sum(term["points"] for term in told["terms"])
        assert [reason["code"] for reason in told["reasons"]] == ["together"]
        assert told["a"]["project_id"] == told["b"]["project_id"]
        assert {told["a"]["statement"]["key"], told["b"]["statement"]["key"]} == {"A-1"}
        assert told == judge.get(f"/pairs/{PERMIT}/{SIGNED}").json()

    def test_an_open_question_says_how_far_it_is_from_both_cuts(self, judge: Client, city: SmallCity) -> None:
        ask(city, 1)
        told = judge.get("/pairs/{}/{}".format(*sides(0))).json()
        assert [reason["code"] for reason in told["reasons"]] == ["between"]
        assert told["cuts"][0] <= told["average"] < told["cuts"][1]
        assert (told["compared"], told["possible"], len(told["pairs"])) == (1, 1, 1)
        assert told["question"]["seen"] == told["seen"]

    def test_a_rule_and_a_word_are_named(self, judge: Client, city: SmallCity) -> None:
        city.land(
            "commerce.signed",
            signed("f1", f"{NAMES[0]}一期", code="", investor="某环保有限公司"),
            signed("f2", f"{NAMES[0]}二期", code="", investor="某环保有限公司"),
        )
        city.drain()
        one, two = rid("commerce.signed", "f1"), rid("commerce.signed", "f2")
        told = judge.get(f"/pairs/{one}/{two}").json()
        assert (told["rule"], told["band"]) == ("phase", "apart")
        assert "rule.phase" in [reason["code"] for reason in told["reasons"]]
        assert {told["rules"][0]["a"], told["rules"][0]["b"]} == {one, two}
        word = judge.post("/judgements", {"a": one, "b": two, "verdict": "different", **SAYS}).json()
        codes = {reason["code"] for reason in judge.get(f"/pairs/{one}/{two}").json()["reasons"]}
        assert "waits" in codes
        city.drain()
        told = judge.get(f"/pairs/{one}/{two}").json()
        assert [w["judgement_no"] for w in told["words"]] == [word["judgement_no"]]
        assert told["reasons"][0]["code"] == "different"

    def test_strangers_and_withdrawn_records_are_told(self, judge: Client) -> None:
        other, gone = rid("housing.permits", "B-2"), rid("housing.permits", "W-1")
        codes = [r["code"] for r in judge.get(f"/pairs/{SIGNED}/{other}").json()["reasons"]]
        assert "not_compared" in codes
        assert "withdrawn" in [r["code"] for r in judge.get(f"/pairs/{SIGNED}/{gone}").json()["reasons"]]

    def test_unknown_ids_and_those_of_another_city_are_refused(self, judge: Client) -> None:
        assert judge.get(f"/pairs/{SIGNED}/{rid('land.x', '1')}").status_code == 404
        assert judge.get(f"/pairs/{SIGNED}/{SIGNED}").status_code == 400
        assert judge.get(f"/pairs/{SIGNED}/{rid('housing.permits', 'A-1', THERE)}").status_code == 400
        there = rid("commerce.signed", "A-1", THERE), rid("housing.permits", "A-1", THERE)
        assert judge.get("/pairs/{}/{}".format(*there)).status_code == 403


class TestPublishedModel:
    def test_every_replica_tells_what_the_drawer_was_derived_by_and_stays_ready(
        self, judge: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        path = f"/pairs/{SIGNED}/{PERMIT}"
        easier = replace(MODEL, prior=MODEL.prior + 700_000)
        with serving(SmallCity(Database(city.database.url), city.registry)) as caller:
            replica = caller.holding(make_key("reviewer"))
            before = judge.get(path).json()
            with city.database.begin() as connection:
                held = jurisdictions.hold(connection, HERE)
                rule_sets.publish(connection, held, write_model(easier), FEATURES, "easier", {}, "", "王")
            assert judge.get(path).json() == replica.get(path).json() == before
            rebuild(city.database, load_rules(city.registry))
            for client in (judge, replica):
                assert client.get("/health/ready").json()["rule_set"] == 1
                told = client.get(path).json()
                assert (told["prior"], told["points"]) == (easier.prior, before["points"] + 700_000)
                best = client.post("/match", {"name": "某组件智造基地"}).json()["candidates"][0]
                assert best["prior"] == easier.prior


class TestListConflicts:
    def test_words_that_contradict_are_listed_with_all_three(self, judge: Client, city: SmallCity) -> None:
        apart = {"code": "", "investor": ""}
        city.land("commerce.signed", *(signed(f"c{i}", name, **apart) for i, name in enumerate(NAMES)))
        city.drain()
        a, b, c = (rid("commerce.signed", f"c{i}") for i in range(3))
        said = [
            judge.post("/judgements", {"a": x, "b": y, "verdict": verdict, **SAYS}).json()["judgement_no"]
            for x, y, verdict in ((a, b, "same"), (b, c, "same"), (a, c, "different"))
        ]
        city.drain()
        (conflict,) = judge.get("/conflicts").json()["items"]
        assert {conflict["a"], conflict["b"]} == {b, c}
        told = [[w["judgement_no"] for w in conflict[part]] for part in ("path", "refused", "against")]
        assert told == [[said[0]], [said[1]], [said[2]]]
        assert judge.get("/reviews", kind="words_conflict").json()["items"][0]["kind"] == "words_conflict"
        codes = [r["code"] for r in judge.get(f"/pairs/{b}/{c}").json()["reasons"]]
        assert codes[:2] == ["different", "conflict"]
        judge.post("/judgements", {"a": a, "b": b, "verdict": "phase_of", **SAYS})
        city.drain()
        within = [one for one in judge.get("/conflicts").json()["items"] if {one["a"], one["b"]} == {a, b}]
        assert [w["verdict"] for one in within for w in one["refused"]] == ["same", "phase_of"]
        judge.post("/decisions/4/undo", SAYS)
        judge.post("/judgements", {"withdraws": said[2], **SAYS})
        city.drain()
        assert judge.get("/conflicts").json()["items"] == []
