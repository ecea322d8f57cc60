"""Every route × role × department × district over HTTP, generated from the route table (F29); what a route gives is held against its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from app.access.reach import EVERY
from app.access.roles import SCOPES, Role
from app.access.rules import RULES, Rows
from app.api import changes
from app.db import keys
from app.db.accounts import rights
from tests.app.api.conftest import serving
from tests.app.api.test_openapi import OPERATIONS
from tests.support.client import Client
from tests.support.database import JURISDICTIONS, throw_away_database
from tests.support.small_city import SmallCity, message, rid, small_city

HERE, THERE = JURISDICTIONS
PROJECT, MEMBER = rid("commerce.signed", "A-1"), rid("housing.permits", "A-1")
ELSEWHERE = rid("housing.permits", "B-2")
"""A project of commerce and housing in 430204, and one of housing in 430211."""
DEPARTMENTS, DISTRICTS = ("housing", "commerce", "land", EVERY), ("430204", "430211", EVERY)
REACHES = [(department, district) for department, district in product(DEPARTMENTS, DISTRICTS)]
FILLED = {
    "project_id": PROJECT,
    "record_id": MEMBER,
    "a": PROJECT,
    "b": MEMBER,
    "field": "name",
    "source": "housing.permits",
    "delivery_no": "2",
    "row_no": "1",
    "name": "nobody",
    "key_id": "none",
    "run_id": "run-1",
    "number": "1",
    "replay_id": "none",
    "subscription_id": "none",
    "message_id": "none",
}
SEEN = {
    "upto": 0,
    "hash_a": "x",
    "hash_b": "x",
    "project_a": None,
    "project_b": None,
    "etag_a": None,
    "etag_b": None,
}
BODIES: dict[str, Any] = {
    "judge": {"a": PROJECT, "b": MEMBER, "verdict": "same", "reason": "x", "hash_a": "0" * 32},
    "decide": {"reason": "x", "answers": [{"a": PROJECT, "b": MEMBER, "verdict": "same", "seen": SEEN}]},
    "merge_projects": {"other": PROJECT, "reason": "x", "seen": {PROJECT: "x"}},
    "split_project": {"records": [PROJECT], "reason": "x", "seen": {PROJECT: "x"}},
    "move_record": {"to": PROJECT, "reason": "x", "seen": {PROJECT: "x"}},
    "assign_review": {"assignee": None},
    "undo_decision": {"reason": "x"},
    "add_account": {"name": "x", "roles": []},
    "change_rights": {"roles": []},
    "add_key": {},
    "unmask_row": {"reason": "the owner asks"},
    "decide_held_deletion": {"decision": "refuse"},
    "reconcile": {"source": "housing.permits", "count": 3},
    "ask_replay": {"sources": ["culture.gone"]},
    "match_example": {"name": "某组件智造基地"},
}
"""What is sent so that only the rule can refuse it, and nothing is changed where it does not."""
ONE_SOURCE = re.compile(r'"source": ?"(\w+)\.')


@pytest.fixture(scope="module")
def city_url(postgres_server: str, filled_template: str) -> Iterator[str]:
    with throw_away_database(postgres_server, template=filled_template) as url:
        city = small_city(url)
        with city.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.run (jurisdiction, run_id, source, trigger, state, queued_at)"
                    " VALUES (:j, 'run-1', 'housing.permits', 'asked', 'queued', now())"
                ),
                {"j": HERE},
            )
        city.database.close()
        yield url


@pytest.fixture(scope="module")
def anonymous(city_url: str) -> Iterator[Client]:
    with serving(small_city(city_url)) as caller:
        yield caller


@pytest.fixture(scope="module")
def held(city_url: str) -> dict[tuple[Role, str, str], str]:
    """A key of each role in each reach."""
    city = small_city(city_url)
    with city.database.begin() as connection:
        made = {
            (role, *reach): keys.add(
                connection,
                HERE,
                f"{role} {reach}",
                rights([role], [reach[0]], [reach[1]]),
                by="test",
            )
            for role in Role
            for reach in REACHES
        }
        made[Role.SYSTEM_ADMIN, "", ""] = keys.add(
            connection, THERE, "stranger", rights(["system_admin", "reviewer"], ["all"], ["all"]), by="test"
        )
    city.database.close()
    return made


def send(caller: Client, method: str, path: str, operation: dict[str, Any]) -> Any:
    """Call a route with everything filled in that it asks for."""
    name = operation["operationId"]
    address = re.sub(r"\{(\w+)\}", lambda found: FILLED[found[1]], path)
    if name in {"push", "check_push"}:
        body, headers = message([], "msg_matrix")
        return caller.request("POST", address.replace("permits", "events"), content=body, headers=headers)
    if name == "log_in":
        return caller.request("POST", address, json={"name": "nobody", "password": "x"})
    if name == "follow_changes":
        address += "?after=0"
    if "requestBody" not in operation:
        return caller.request(method.upper(), address)
    if name not in BODIES:
        return caller.request(method.upper(), address, content=b"[]")
    return caller.request(method.upper(), address, json=BODIES[name])


def refused(name: str, department: str, district: str) -> int | None:
    """The status by which a reach is turned away from what the matrix asks for, None where it is let in."""
    everywhere, spoken = district == EVERY, department in {"housing", EVERY}
    match RULES[name].rows:
        case Rows.WHOLE:
            return None if everywhere and department == EVERY else 403
        case Rows.QUESTION if name not in {"list_reviews", "count_reviews", "answer_alike"}:
            answers = department != "land" and district in {"430204", EVERY}
            return None if answers else 403
        case Rows.OWN if name == "list_project_records":
            return None if district in {"430204", EVERY} else 404
        case Rows.OWN if not name.startswith("list_") or name == "list_held_deletions":
            return None if everywhere and spoken else 403
        case Rows.GOLDEN if name not in LISTS:
            return None if district in {"430204", EVERY} else 404
    return None


LISTS = {
    *("list_projects", "export_projects", "read_funnel", "read_coverage"),
    *("list_changes", "follow_changes", "match_example"),
}
"""Routes that leave out what is not reached instead of refusing."""


def check_rows(name: str, department: str, district: str, given: str) -> None:
    """Fail where an answer has a row that the reach has not."""
    rows = RULES[name].rows
    if rows in {Rows.GOLDEN, Rows.QUESTION}:
        for project, place in ((PROJECT, "430204"), (ELSEWHERE, "430211")):
            if district not in {place, EVERY}:
                assert project not in given, (name, department, district)
    if rows is Rows.OWN and department != EVERY:
        assert set(ONE_SOURCE.findall(given)) <= {department}, (name, department, district)
    if rows is Rows.OWN and name != "list_project_records" and district != EVERY:
        assert not ONE_SOURCE.search(given), (name, department, district)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    OPERATIONS,
    ids=[operation["operationId"] for *_, operation in OPERATIONS],
)
def test_each_role_in_each_reach_is_given_what_the_rule_says_and_no_row_more(
    anonymous: Client,
    held: dict[tuple[Role, str, str], str],
    method: str,
    path: str,
    operation: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = operation["operationId"]
    rule = RULES[name]
    monkeypatch.setattr(changes, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.01)
    if rule.anonymous:
        assert send(anonymous, method, path, operation).status_code < 400 or name in {
            "log_in",
            "begin_login",
            "end_login",
        }
        return
    assert send(anonymous, method, path, operation).status_code == 401
    assert send(anonymous.holding("hub_12345678_" + "x" * 43), method, path, operation).status_code == 401
    for (role, department, district), key in held.items():
        if path.endswith("/lifecycle"):
            send(anonymous.holding(key), method, path, operation)  # whom it knows, the door answers itself
        answer = send(anonymous.holding(key), method, path, operation)
        seen = (name, role, department, district, answer.status_code, answer.text[:300])
        if not department:
            assert answer.status_code < 500, seen
            assert HERE_ONLY.isdisjoint(answer.text.split('"')) or answer.status_code >= 400, seen
        elif not rule.scopes & SCOPES[role]:
            assert answer.status_code == 403, seen
        elif (status := refused(name, department, district)) is not None:
            assert answer.status_code == status, seen
            assert answer.json()["type"].startswith("urn:lifecycle-hub:problem:not-"), seen
        else:
            assert answer.status_code not in {401, 403}, seen
            assert answer.status_code < 500, seen
            if answer.status_code < 300:
                check_rows(name, department, district, answer.text)


HERE_ONLY = {PROJECT, MEMBER, ELSEWHERE}
"""What a key of the other jurisdiction must never be given."""


def test_the_lists_of_who_sees_all_are_not_empty(
    anonymous: Client, held: dict[tuple[Role, str, str], str]
) -> None:
    caller = anonymous.holding(held[Role.SYSTEM_ADMIN, EVERY, EVERY])
    assert {PROJECT, ELSEWHERE} <= {one["project_id"] for one in caller.get("/projects").json()["items"]}
    assert {PROJECT, ELSEWHERE} <= {one["project_id"] for one in caller.get("/changes").json()["items"]}
    for path in ("/deliveries", "/rejections", f"/projects/{PROJECT}/records"):
        assert caller.get(path).json()["items"]
    district = anonymous.holding(held[Role.READER, "land", "430204"])
    assert [one["project_id"] for one in district.get("/projects").json()["items"]] == [PROJECT]
    assert district.get("/portfolio/funnel").json()["projects"] == 1
    cells = district.get("/portfolio/coverage").json()["cells"]
    assert sum(sum(cell["states"].values()) for cell in cells) > 0
    whole = caller.get("/portfolio/coverage").json()["cells"]
    other = anonymous.holding(held[Role.READER, "land", "430211"]).get("/portfolio/coverage").json()["cells"]
    assert _sum(whole) == _sum([*cells, *other])


def _sum(cells: list[dict[str, Any]]) -> dict[tuple[str, str, str], int]:
    total: dict[tuple[str, str, str], int] = {}
    for cell in cells:
        for state, n in cell["states"].items():
            place = (cell["department"], cell["stage"], state)
            total[place] = total.get(place, 0) + n
    return total


def test_a_stream_tells_what_its_reach_sees_and_goes_on_behind_what_it_does_not(
    anonymous: Client, held: dict[tuple[Role, str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LONGEST_SECONDS", 0.05)
    monkeypatch.setattr(changes, "HEARTBEAT_SECONDS", 0.01)
    for district, seen in (("430204", {PROJECT}), ("430211", {ELSEWHERE}), (EVERY, {PROJECT, ELSEWHERE})):
        caller = anonymous.holding(held[Role.READER, "land", district])
        told = caller.get("/changes/stream", after=0).text
        assert {project for project in (PROJECT, ELSEWHERE) if project in told} == seen
        page = caller.get("/changes", limit=1).json()
        while page["next"]:
            page = caller.request("GET", page["next"]).json()
        assert page["last"] == caller.get("/changes", limit=1000).json()["last"] >= 2


def test_a_route_without_a_rule_keeps_the_hub_from_starting(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import guard, routes

    assert RULES
    monkeypatch.setattr(routes, "operations", lambda app: [*guard.operations(app), "read_secret"])
    with pytest.raises(LookupError, match="read_secret"), serving(city):
        pass
