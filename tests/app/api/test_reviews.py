from __future__ import annotations

import pytest

from app.pipeline.rules import load_rules
from tests.app.api.asking import NAMES, SAYS, answer, ask, questions, sides
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.corridor import differing, drawer, same_as_rebuilt
from tests.support.database import JURISDICTIONS
from tests.support.small_city import OTHER_CODE, SmallCity, permit, rid, signed

HERE, THERE = JURISDICTIONS


@pytest.fixture
def judge(client: Client, city: SmallCity, make_key: MakeKey) -> Client:
    """A reviewer of a city with three questions."""
    ask(city)
    return client.holding(make_key("reviewer"))


def test_the_dearest_open_question_comes_first_and_pages_give_each_once(judge: Client) -> None:
    every = questions(judge)
    assert [{item["a"], item["b"]} for item in every] == [set(sides(i)) for i in (2, 1, 0)]
    assert [item["stake"] for item in every] == [30_000_000, 20_000_000, 10_000_000]
    walked, path = [], "/reviews?limit=1"
    while path:
        page = judge.request("GET", path).json()
        walked += page["items"]
        path = page["next"]
    assert walked == every
    assert every[0]["departments"] == ["commerce", "housing"]
    assert every[0]["name_a"] == every[0]["name_b"] == NAMES[2]


def test_filters_and_counts_tell_whose_work_it_is(judge: Client) -> None:
    assert (
        len(questions(judge, department="housing", district="430204", kind="between_cuts", amount=20_000_000))
        == 2
    )
    assert questions(judge, department="commerce", kind="ambiguous") == []
    assert questions(judge, district="430211") == []
    assert len(questions(judge, project=sides(1)[1])) == 1
    alike = questions(judge)[0]["alike"]
    assert len(questions(judge, alike=alike)) == 3
    assert judge.get("/reviews", department="nobody").status_code == 400
    counts = judge.get("/reviews/counts").json()
    assert (counts["questions"], counts["stake"]) == (3, 60_000_000)
    assert (counts["kinds"], counts["departments"]) == ({"between_cuts": 3}, {"commerce": 3, "housing": 3})


def test_a_question_is_assigned_and_given_back(judge: Client) -> None:
    item = questions(judge)[0]
    path = f"/reviews/{item['a']}/{item['b']}/assignment"
    assert judge.request("PUT", path, json={"assignee": "小李 🙂"}).status_code == 200
    assert [one["a"] for one in questions(judge, assigned="小李 🙂")] == [item["a"]]
    assert judge.get("/reviews/counts").json()["assignees"] == {"小李 🙂": 1}
    assert judge.request("PUT", path, json={"assignee": "\0"}).status_code == 400
    assert judge.request("PUT", path, json={"assignee": None}).status_code == 200
    assert questions(judge, assigned="小李 🙂") == []
    a, b = sides(0)[0], sides(1)[1]
    assert judge.request("PUT", f"/reviews/{a}/{b}/assignment", json={"assignee": "x"}).status_code == 404


def test_alike_cases_are_answered_in_one_go_undone_in_one_go_and_outlive_a_rebuild(
    judge: Client, city: SmallCity
) -> None:
    before = drawer(city.database)
    shown = questions(judge, alike=questions(judge)[0]["alike"])
    told = judge.post("/decisions", {"answers": [answer(item, "same") for item in shown], **SAYS})
    assert told.status_code == 201, told.text
    decided = told.json()
    assert (len(decided["said"]), decided["kind"], decided["waits"]) == (3, "judge", True)
    assert (len(decided["changed"]["before"]), len(decided["changed"]["after"])) == (6, 3)
    assert questions(judge) == []  # answered from the moment it is said
    city.drain()
    assert questions(judge, state="open") == []
    for state in ("answered", "all"):
        listed = questions(judge, state=state)
        assert {(item["a"], item["b"]) for item in listed} == {(item["a"], item["b"]) for item in shown}
        assert {(item["kind"], item["said"], *item["departments"]) for item in listed} == {
            ("answered", "same", "commerce", "housing")
        }
        assert judge.get("/reviews/counts", state=state).json()["questions"] == 3
    assert len(questions(judge, state="answered", department="housing", amount=20_000_000)) == 2
    same_as_rebuilt(city.database, load_rules(city.registry))
    undone = judge.post(f"/decisions/{decided['decision_no']}/undo", SAYS).json()
    assert undone["withdrew"] == decided["said"]
    city.drain()
    assert set(differing(before, drawer(city.database))) <= {"progress"}
    assert [item["a"] for item in questions(judge)] == [item["a"] for item in shown]


def test_what_a_decision_had_to_say_was_no_question_that_somebody_answered(
    judge: Client, city: SmallCity
) -> None:
    a, b = sides(0)[0], sides(1)[0]
    judge.post(f"/projects/{a}/merge", {"other": b, **SAYS})
    city.drain()
    judge.post(f"/projects/{a}/split", {"records": [b], **SAYS})
    city.drain()
    assert questions(judge, state="answered") == []
    judge.post("/judgements", {"a": a, "b": sides(2)[0], "verdict": "different", **SAYS})
    city.drain()
    assert [one["said"] for one in questions(judge, state="answered")] == ["different"]


LIKE = ("物流中心", "物流园", "仓储基地", "加工中心", "仓储物流", "冷链基地", "检测物流中心", "装备物流园")
"""What a permit's name goes on with, more and less like 冷链仓储物流园: at whatever weights some are asked about."""


def test_all_questions_of_one_cause_are_answered_in_one_go_and_undone(judge: Client, city: SmallCity) -> None:
    for i, end in enumerate(LIKE):
        code = f"2409-43020{i % 4}-04-01-77777{i}"
        ours = {"investor": "煦璟供应链有限公司", "amount": "500", "code": code}
        city.land("commerce.signed", signed(f"w{i}", f"煦璟{i}号冷链仓储物流园", **ours))
        city.land("housing.permits", permit(f"w{i}", f"煦璟{end}", owner="丁戊己实业有限公司", code=code))
    city.drain()
    before = drawer(city.database)
    cause = next(item["cause"] for item in questions(judge, limit=200) if item["cause"])
    assert cause.startswith("project_code:2409")
    mine = questions(judge, cause=cause)
    others = [item["a"] for item in questions(judge) if item["cause"] != cause]
    assert len(others) >= 3
    counts = judge.get("/reviews/counts", cause=cause).json()
    assert counts["questions"] == len(mine)
    case = {"cause": cause, "verdict": "different", "seen": counts["seen"], "upto": counts["upto"], **SAYS}
    told = judge.post("/reviews/bulk", case)
    assert told.status_code == 201, told.text
    assert len(told.json()["said"]) == len(mine)
    assert questions(judge, cause=cause) == []
    assert [item["a"] for item in questions(judge)] == others
    assert judge.post("/reviews/bulk", case).status_code == 409
    city.drain()
    same_as_rebuilt(city.database, load_rules(city.registry))
    judge.post(f"/decisions/{told.json()['decision_no']}/undo", SAYS)
    city.drain()
    assert set(differing(before, drawer(city.database))) <= {"progress"}
    assert len(questions(judge, cause=cause)) == len(mine)


def test_a_case_that_changed_since_it_was_counted_is_counted_again_first(
    judge: Client, city: SmallCity
) -> None:
    alike = questions(judge)[0]["alike"]
    counts = judge.get("/reviews/counts", alike=alike).json()
    case = {"alike": alike, "verdict": "unsure", "seen": counts["seen"], "upto": counts["upto"], **SAYS}
    item = questions(judge)[0]
    judge.post("/decisions", {"answers": [answer(item, "different")], **SAYS})
    told = judge.post("/reviews/bulk", case)
    assert told.status_code == 409
    assert {fault["where"] for fault in told.json()["faults"]} >= {"seen"}
    now = judge.get("/reviews/counts", alike=alike).json()
    assert judge.post("/reviews/bulk", case | {"upto": now["upto"] + 1}).status_code == 400
    assert judge.post("/reviews/bulk", case | {"contents": "x"}).status_code == 400
    assert judge.post("/reviews/bulk", case | {"alike": "nothing"}).status_code == 409
    nothing = judge.get("/reviews/counts", alike="nothing").json()
    assert nothing["seen"] is None
    fresh = case | {"seen": now["seen"], "upto": now["upto"]}
    assert judge.post("/reviews/bulk", fresh).status_code == 201
    city.drain()
    assert questions(judge, alike=alike) == []


def test_all_answers_are_kept_or_none(judge: Client, city: SmallCity) -> None:
    shown = questions(judge)
    city.land(
        "housing.permits", permit("q0", f"{NAMES[0]}二号", code="", owner="", updated="2025-01-01 00:00:00")
    )
    city.drain()
    told = judge.post("/decisions", {"answers": [answer(item, "same") for item in shown], **SAYS})
    assert told.status_code == 409
    where = {fault["where"] for fault in told.json()["faults"]}
    assert where <= {f"answers.2.seen.{what}" for what in ("hash_a", "hash_b", "etag_a", "etag_b")}
    assert where & {"answers.2.seen.hash_a", "answers.2.seen.hash_b"}
    assert judge.get("/judgements").json()["items"] == []
    twice = {"answers": [answer(shown[0], "same"), answer(shown[0], "different")], **SAYS}
    assert judge.post("/decisions", twice).status_code == 400


def test_a_view_of_words_that_nobody_has_said_yet_is_none(judge: Client) -> None:
    item = questions(judge)[0]
    item["seen"]["upto"] += 1
    told = judge.post("/decisions", {"answers": [answer(item, "same")], **SAYS})
    assert told.status_code == 400, told.text
    assert "`upto` is beyond" in told.json()["detail"]
    assert judge.get("/judgements").json()["items"] == []


@pytest.mark.parametrize("verdict", ["unsure", "phase_of", "part_of", "replaces"])
def test_an_answer_that_moves_nothing_leaves_the_queue_and_is_found_among_the_answered(
    judge: Client, city: SmallCity, verdict: str
) -> None:
    item = questions(judge)[0]
    told = judge.post("/decisions", {"answers": [answer(item, verdict)], **SAYS}).json()
    assert told["changed"] == {"before": [], "after": []}
    for _ in range(2):  # before resolving has heard of it, and after
        assert len(questions(judge)) == 2
        assert [one["a"] for one in questions(judge, state="answered")] == [item["a"]]
        city.drain()
    assert questions(judge, state="answered")[0]["said"] == verdict
    assert judge.post(f"/decisions/{told['decision_no']}/undo", SAYS).status_code == 201
    city.drain()
    assert len(questions(judge)) == 3


def test_pairs_to_be_taught_are_drawn_anew_after_each_word_and_their_chance_is_kept(
    judge: Client, city: SmallCity
) -> None:
    drawn = questions(judge, order="teaching")
    assert drawn == questions(judge, order="teaching")
    assert {item["kind"] for item in drawn} == {"teaching"}
    item = next(one for one in drawn if {one["a"], one["b"]} == set(sides(2)))
    assert (
        judge.post("/decisions", {"answers": [answer(item, "same", drawn=True)], **SAYS}).status_code == 201
    )
    (word,) = judge.get("/judgements").json()["items"]
    assert 20_000 < word["drawn"] <= 1_000_000
    assert all({one["a"], one["b"]} != set(sides(2)) for one in questions(judge, order="teaching"))


def test_no_word_counts_as_drawn_because_somebody_says_so(judge: Client) -> None:
    item = questions(judge)[0]
    other = judge.get(f"/pairs/{sides(0)[0]}/{sides(1)[1]}").json()
    never = {"a": other["a"]["record_id"], "b": other["b"]["record_id"], "seen": other["seen"]}
    told = judge.post("/decisions", {"answers": [answer(never, "different", drawn=True)], **SAYS})
    assert told.status_code == 201, told.text
    assert judge.post("/decisions", {"answers": [answer(item, "same")], **SAYS}).status_code == 201
    assert [word["drawn"] for word in judge.get("/judgements").json()["items"]] == [None, None]


def test_one_citys_queue_is_not_anothers(judge: Client, make_key: MakeKey) -> None:
    stranger = judge.holding(make_key("reviewer", jurisdiction=THERE))
    assert len(questions(stranger)) == 3
    assert not {item["a"] for item in questions(stranger)} & {item["a"] for item in questions(judge)}
    assert stranger.get("/reviews", jurisdiction=HERE).status_code == 403
    item = questions(judge)[0]
    assert stranger.post("/decisions", {"answers": [answer(item, "same")], **SAYS}).status_code == 404
    path = f"/reviews/{item['a']}/{item['b']}/assignment"
    assert stranger.request("PUT", path, json={"assignee": "x"}).status_code == 403
    assert len(questions(judge)) == len(questions(stranger)) == 3


def test_who_answers_what_was_to_be_confirmed_is_asked_no_more(judge: Client, city: SmallCity) -> None:
    judge.post(
        "/judgements", {"a": sides(0)[0], "b": rid("housing.permits", "B-2"), "verdict": "same", **SAYS}
    )
    moved = permit("B-2", "城东水厂扩建", code=OTHER_CODE, updated="2025-01-01 00:00:00")
    city.land("housing.permits", moved)
    city.drain()
    (item,) = judge.get("/reviews", kind="confirm").json()["items"]
    answer = {"a": item["a"], "b": item["b"], "verdict": "different", "seen": item["seen"]}
    assert judge.post("/decisions", {"answers": [answer], "reason": "再看过"}).status_code == 201
    city.drain()
    assert judge.get("/reviews", kind="confirm").json()["items"] == []
    assert judge.get("/judgements", confirm=True).json()["items"] == []
    back = permit(
        "B-2",
        "河西排水管网改造",
        code=OTHER_CODE,
        owner="株洲某城建有限公司",
        district="430211",
        updated="2025-02-01 00:00:00",
    )
    city.land("housing.permits", back)
    city.drain()
    (asks,) = judge.get("/judgements", confirm=True).json()["items"]
    assert asks["verdict"] == "different"


def test_who_may_answer_a_part_of_a_case_answers_that_part(
    judge: Client, city: SmallCity, make_key: MakeKey
) -> None:
    alike = questions(judge)[0]["alike"]
    for elsewhere in ({"districts": ("430211",)}, {"departments": ("land",)}):
        stranger = judge.holding(make_key("reviewer", **elsewhere))
        counts = stranger.get("/reviews/counts", alike=alike).json()
        assert (counts["questions"], counts["seen"]) == (0, None)
        seen = judge.get("/reviews/counts", alike=alike).json()
        case = {"alike": alike, "verdict": "different", "seen": seen["seen"], "upto": seen["upto"], **SAYS}
        assert stranger.post("/reviews/bulk", case).status_code == 409
        assert stranger.get("/reviews", state="answered").json()["items"] == []
    assert judge.holding(make_key("reader")).post("/reviews/bulk", case).status_code == 403
    assert judge.holding(None).post("/reviews/bulk", case).status_code == 401
    assert len(questions(judge)) == 3
