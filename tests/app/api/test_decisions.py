from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.db import learning
from app.pipeline.land import rename_key
from app.pipeline.rules import load_rules
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.corridor import differing, drawer, same_as_rebuilt
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed

HERE, THERE = JURISDICTIONS
NAMES = ("清水塘新能源电池厂房", "河西污水处理提标工程", "田心轨道装备检测中心", "荷塘硬质合金刀具车间")
A, B, C, D = (rid("commerce.signed", key) for key in ("s-a", "s-b", "s-c", "s-d"))
SAYS = {"reason": "看过两份文件 👀"}


@pytest.fixture
def judge(client: Client, city: SmallCity, make_key: MakeKey) -> Client:
    """A reviewer of a city with four projects of one record each, beside those it has."""
    apart = {"code": "", "investor": ""}
    city.land("commerce.signed", *(signed(f"s-{k}", n, **apart) for k, n in zip("abcd", NAMES, strict=True)))
    city.drain()
    return client.holding(make_key("reviewer"))


def places(client: Client, *record_ids: str) -> list[str]:
    """Give the project each record is served in."""
    answers = [client.get(f"/projects/{rid}") for rid in record_ids]
    return [
        a.headers["location"].rsplit("/", 1)[1] if a.status_code == 307 else a.json()["project_id"]
        for a in answers
    ]


def as_rebuilt(city: SmallCity) -> None:
    same_as_rebuilt(city.database, load_rules(city.registry))


def sizes(told: dict[str, Any], when: str) -> dict[str, int]:
    return {one["project_id"]: one["records"] for one in told["changed"][when]}


def faults(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 409, answer.text
    return [(one["where"], one["message"]) for one in answer.json()["faults"]]


def test_a_merge_says_what_it_changes_can_be_undone_and_outlives_a_rebuild(
    judge: Client, city: SmallCity
) -> None:
    alone = drawer(city.database)
    answer = judge.post(f"/projects/{A}/merge", {"other": B, **SAYS})
    assert answer.status_code == 201, answer.text
    merged = answer.json()
    assert (merged["kind"], merged["by"], merged["waits"]) == ("merge", "reviewer", True)
    assert sizes(merged, "before") == {A: 1, B: 1}
    assert sizes(merged, "after") == {A: 2}
    city.drain()
    assert places(judge, A, B) == [A, A]
    told = judge.get(f"/decisions/{merged['decision_no']}").json()
    assert (told["waits"], told["undone_by"], told["changed"]) == (False, None, merged["changed"])
    as_rebuilt(city)
    undone = judge.post(f"/decisions/{merged['decision_no']}/undo", SAYS).json()
    assert (sizes(undone, "before"), sizes(undone, "after")) == ({A: 2}, {A: 1, B: 1})
    city.drain()
    assert places(judge, A, B) == [A, B]
    assert set(differing(alone, drawer(city.database))) <= {"progress"}
    as_rebuilt(city)
    again = judge.post(f"/decisions/{undone['decision_no']}/undo", SAYS).json()
    city.drain()
    assert places(judge, A, B) == [A, A]
    assert again["said"]
    listed = judge.get("/decisions").json()["items"]
    assert [one["kind"] for one in listed] == ["undo", "undo", "merge"]
    assert [one["undone_by"] for one in listed] == [None, again["decision_no"], undone["decision_no"]]


def test_a_decision_is_undone_once_and_what_is_built_on_it_first(judge: Client, city: SmallCity) -> None:
    first = judge.post(f"/projects/{A}/merge", {"other": B, **SAYS}).json()["decision_no"]
    city.drain()
    second = judge.post(f"/projects/{B}/merge", {"other": C, **SAYS}).json()["decision_no"]
    for _ in range(2):  # before resolving has heard of it, and after
        assert faults(judge.post(f"/decisions/{first}/undo", SAYS)) == [("decision", str(second))]
        city.drain()
    third = judge.post(f"/projects/{C}/split", {"records": [B], **SAYS}).json()["decision_no"]
    city.drain()
    assert len(set(places(judge, A, B, C))) == 2
    blocked = faults(judge.post(f"/decisions/{first}/undo", SAYS))
    assert ("decision", str(third)) in blocked
    for number in (third, second, first):
        assert judge.post(f"/decisions/{number}/undo", SAYS).status_code == 201
        city.drain()
        assert judge.post(f"/decisions/{number}/undo", SAYS).status_code == 409
    assert places(judge, A, B, C) == [A, B, C]
    as_rebuilt(city)


def test_a_merge_never_goes_over_a_different_and_names_it(judge: Client, city: SmallCity) -> None:
    word = judge.post("/judgements", {"a": B, "b": A, "verdict": "different", **SAYS}).json()
    city.drain()
    answer = judge.post(f"/projects/{A}/merge", {"other": B, **SAYS})
    assert faults(answer) == [("decision", str(word["decision_no"]))]
    assert judge.post(f"/decisions/{word['decision_no']}/undo", SAYS).status_code == 201
    city.drain()
    assert judge.post(f"/projects/{A}/merge", {"other": B, **SAYS}).status_code == 201
    assert judge.post(f"/projects/{A}/merge", {"other": A, **SAYS}).status_code == 409


def test_what_is_decided_of_a_project_waits_until_an_earlier_decision_on_it_is_heard(
    judge: Client, city: SmallCity
) -> None:
    first = judge.post(f"/records/{A}/move", {"to": B, **SAYS}).json()["decision_no"]
    for path, body in (
        (f"/records/{A}/move", {"to": C}),
        (f"/projects/{B}/merge", {"other": C}),
        (f"/projects/{B}/merge", {"other": A}),
        (f"/projects/{A}/split", {"records": [A]}),
    ):
        answer = judge.post(path, {**body, **SAYS})
        assert (answer.status_code, faults(answer)) == (409, [("decision", str(first))]), path
    city.drain()
    assert judge.post(f"/records/{A}/move", {"to": C, **SAYS}).status_code == 201
    city.drain()
    assert places(judge, A)[0] == places(judge, C)[0] != places(judge, B)[0]
    as_rebuilt(city)


def test_a_split_takes_out_what_it_names_and_leaves_the_rest_together(judge: Client, city: SmallCity) -> None:
    """One project of six records the machine has put together by one code."""
    city.land("housing.permits", *(permit(f"P-{i}") for i in range(4)))
    city.drain()
    whole = places(judge, rid("housing.permits", "P-0"))[0]
    leaving = [rid("housing.permits", key) for key in ("P-1", "P-2")]
    answer = judge.post(f"/projects/{whole}/split", {"records": leaving, **SAYS})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (sizes(told, "before"), sorted(sizes(told, "after").values())) == ({whole: 6}, [2, 4])
    city.drain()
    assert len(set(places(judge, *leaving))) == 1
    rest = [rid("housing.permits", key) for key in ("P-0", "P-3", "A-1")]
    assert set(places(judge, *rest)) == {whole} != set(places(judge, *leaving))
    as_rebuilt(city)
    back = judge.post(f"/decisions/{told['decision_no']}/undo", SAYS).json()
    assert sizes(back, "after") == {whole: 6}
    city.drain()
    assert set(places(judge, *leaving, *rest)) == {whole}


def test_a_record_moves_from_one_project_into_another(judge: Client, city: SmallCity) -> None:
    city.land("housing.permits", permit("P-1"))
    city.drain()
    moved, stays = rid("housing.permits", "P-1"), rid("housing.permits", "A-1")
    home = places(judge, moved)[0]
    told = judge.post(f"/records/{moved}/move", {"to": C, **SAYS}).json()
    assert sizes(told, "before") == {home: 3, C: 1}
    assert sorted(sizes(told, "after").values()) == [2, 2]
    city.drain()
    assert places(judge, stays)[0] == home
    assert len(set(places(judge, moved, C))) == 1
    as_rebuilt(city)
    back = judge.post(f"/records/{moved}/move", {"to": home, **SAYS})
    assert back.status_code == 409  # the words of the first move stand between; they are named
    assert faults(back) == [("decision", str(told["decision_no"]))]
    assert judge.post(f"/decisions/{told['decision_no']}/undo", SAYS).status_code == 201
    city.drain()
    assert places(judge, moved, stays, C) == [home, home, C]


def test_of_two_reviewers_at_once_the_second_is_told_what_the_first_said(
    judge: Client, city: SmallCity
) -> None:
    shown = judge.get("/reviews", order="teaching", limit=50).json()["items"]
    assert shown
    item = shown[0]
    word = {"a": item["a"], "b": item["b"], "seen": item["seen"]}
    ask = {"answers": [{**word, "verdict": "same", "drawn": True}], **SAYS}
    first = judge.post("/decisions", ask).json()
    again = judge.post("/decisions", {"answers": [{**word, "verdict": "different"}], **SAYS})
    assert faults(again)[0] == (
        "decision",
        f"{first['decision_no']}: reviewer said same of {item['a']} and {item['b']}",
    )
    assert all(
        {one["a"], one["b"]} != {item["a"], item["b"]}
        for one in judge.get("/reviews", order="teaching").json()["items"]
    )


def test_of_two_who_decide_in_one_moment_one_is_kept(judge: Client, city: SmallCity) -> None:
    def merge(other: str) -> int:
        return judge.post(f"/projects/{A}/merge", {"other": other, **SAYS}).status_code

    with ThreadPoolExecutor(2) as both:
        found = list(both.map(merge, (B, B)))
    assert sorted(found) == [201, 409]
    assert [one["kind"] for one in judge.get("/decisions").json()["items"]] == ["merge"]
    city.drain()
    as_rebuilt(city)


def test_a_word_that_does_not_touch_a_question_leaves_its_view_as_it_was(judge: Client) -> None:
    seen = {other: judge.get(f"/pairs/{A}/{other}").json() for other in (B, C, D)}

    def decide(other: str, verdict: str) -> int:
        a, b = seen[other]["a"]["record_id"], seen[other]["b"]["record_id"]
        word = {"a": a, "b": b, "verdict": verdict, "seen": seen[other]["seen"]}
        return judge.post("/decisions", {"answers": [word], **SAYS}).status_code

    assert [decide(B, "different"), decide(C, "same")] == [201, 201]
    assert [decide(D, "same"), decide(B, "unsure")] == [409, 409]


def test_an_answer_on_a_stale_view_names_what_changed(judge: Client, city: SmallCity) -> None:
    item = judge.get("/reviews", order="teaching").json()["items"][0]
    seen = item["seen"] | {"hash_a": "0" * 8, "etag_b": "f" * 8}
    word = {"a": item["a"], "b": item["b"], "verdict": "unsure", "seen": seen}
    told = faults(judge.post("/decisions", {"answers": [word], **SAYS}))
    assert [where for where, _ in told] == ["answers.0.seen.hash_a", "answers.0.seen.etag_b"]
    stale = {"other": B, "seen": {A: "0" * 8}, **SAYS}
    assert faults(judge.post(f"/projects/{A}/merge", stale))[0][0] == f"seen.{A}"
    assert judge.get("/decisions").json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"/projects/{A}/merge", {"other": rid("commerce.signed", "nobody"), **SAYS}, 404),
        (f"/projects/{A}/merge", {"other": rid("commerce.signed", "s-b", THERE), **SAYS}, 404),
        (f"/projects/{A}/merge", {"other": B, "reason": "\0"}, 400),
        (f"/projects/{A}/merge", {"other": B, "reason": ""}, 400),
        (f"/projects/{A}/merge", {"reason": "x"}, 400),
        (f"/projects/{rid('commerce.signed', 'nobody')}/merge", {"other": A, **SAYS}, 404),
        (f"/projects/{A}/split", {"records": [], **SAYS}, 400),
        (f"/projects/{A}/split", {"records": [A], **SAYS}, 400),
        (f"/projects/{A}/split", {"records": [B], **SAYS}, 400),
        (f"/records/{A}/move", {"to": A, **SAYS}, 409),
        ("/decisions/77/undo", SAYS, 404),
        ("/decisions/0/undo", SAYS, 400),
        (f"/decisions/{2**63}/undo", SAYS, 400),
        ("/decisions", {"answers": [], **SAYS}, 400),
        ("/decisions", None, 400),
    ],
)
def test_what_cannot_be_decided_changes_nothing(judge: Client, path: str, body: Any, status: int) -> None:
    answer = judge.request(
        "POST", path, content=json.dumps(body), headers={"content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert judge.get("/decisions").json()["items"] == []
    assert judge.get("/judgements").json()["items"] == []


def test_a_decision_follows_a_record_to_its_new_key_and_is_undone_there(
    judge: Client, city: SmallCity
) -> None:
    merged = judge.post(f"/projects/{A}/merge", {"other": B, **SAYS}).json()["decision_no"]
    city.land("commerce.signed", signed("s-new", NAMES[1], code="", investor=""))
    with city.database.begin() as connection:
        rename_key(connection, HERE, "commerce.signed", "s-b", "s-new", "department")
    city.drain()
    new = rid("commerce.signed", "s-new")
    assert places(judge, A, new) == [A, A]
    undone = judge.post(f"/decisions/{merged}/undo", SAYS)
    assert (undone.status_code, len(undone.json()["withdrew"])) == (201, 1)
    city.drain()
    assert len(set(places(judge, A, new))) == 2
    as_rebuilt(city)


def test_only_what_a_person_was_asked_or_chose_teaches_not_what_a_decision_had_to_say(
    judge: Client, city: SmallCity
) -> None:
    code = "2407-430204-04-01-222222"
    city.land("commerce.signed", signed("t-0", NAMES[0], code=code))
    city.land("housing.permits", *(permit(f"t-{i}", NAMES[0], code=code) for i in range(3)))
    city.drain()
    three = [rid("commerce.signed", "t-0"), *(rid("housing.permits", f"t-{i}") for i in range(2))]
    assert len(set(places(judge, *three))) == 1
    judge.post("/judgements", {"a": A, "b": D, "verdict": "different", **SAYS})
    judge.post(f"/projects/{B}/merge", {"other": C, **SAYS})
    city.drain()
    moved = judge.post(f"/records/{three[2]}/move", {"to": B, **SAYS}).json()
    city.drain()
    with city.database.read() as connection:
        found = {w.number: w for w in learning.words(connection, HERE)}
        said = [found[n] for n in moved["said"]]
    assert [w.verdict for w in said if w.asked] == ["same", "different"]
    assert said[0].asked
    kinds = sorted(w.verdict for w in found.values() if w.asked and w.number not in moved["said"])
    assert kinds.count("different") == 1
    undone = judge.post(f"/decisions/{moved['decision_no']}/undo", SAYS).json()
    judge.post(f"/decisions/{undone['decision_no']}/undo", SAYS)
    with city.database.read() as connection:
        again = [w for w in learning.words(connection, HERE) if w.number > max(found)]
    assert sorted(w.verdict for w in again if w.asked) == ["different", "same"]
    assert len(again) >= len(said)


def test_only_who_may_judge_decides_and_only_at_home(judge: Client, make_key: MakeKey) -> None:
    for caller, status in ((judge.holding(None), 401), (judge.holding(make_key("system_admin")), 403)):
        assert caller.post(f"/projects/{A}/merge", {"other": B, **SAYS}).status_code == status
        assert caller.get("/reviews").status_code == status
    stranger = judge.holding(make_key("reviewer", jurisdiction=THERE))
    assert stranger.post(f"/projects/{A}/merge", {"other": B, **SAYS}).status_code == 403
    assert stranger.get("/decisions", jurisdiction=HERE).status_code == 403
