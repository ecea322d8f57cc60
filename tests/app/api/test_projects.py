from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from sqlalchemy import event, text

from app.access.reach import EVERYWHERE
from app.db.projects import search
from schemas.api.projects import ProjectQuery
from schemas.golden import GoldenProject, LoopLedger
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import CODE, OTHER_CODE, SmallCity, permit, rid, signed

HERE, THERE = JURISDICTIONS
PROJECT = rid("commerce.signed", "A-1")
MEMBER = rid("housing.permits", "A-1")
OTHER = rid("housing.permits", "B-2")
WITHDRAWN = rid("housing.permits", "W-1")


class TestListProjects:
    def test_anonymous_sees_the_projects_of_one_jurisdiction(self, reader: Client) -> None:
        answer = reader.get("/projects")
        assert answer.status_code == 200
        assert {item["project_id"] for item in answer.json()["items"]} == {PROJECT, OTHER}
        assert answer.json()["next"] is None

    def test_the_other_jurisdiction_holds_equal_projects_under_its_own_ids(self, reader: Client) -> None:
        items = reader.get("/projects", jurisdiction=THERE).json()["items"]
        assert {item["project_id"] for item in items} == {
            rid("commerce.signed", "A-1", THERE),
            rid("housing.permits", "B-2", THERE),
        }

    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({"stage": "CONSTRUCTION_PERMIT"}, {PROJECT, OTHER}),
            ({"stage": "CAPACITY"}, set()),
            ({"district": "430211"}, {OTHER}),
            ({"department": "commerce"}, {PROJECT}),
            ({"department": "land"}, set()),
            ({"path": "granted", "loop": "partial"}, {PROJECT}),
            ({"loop": "closed"}, set()),
            ({"text": "排水"}, {OTHER}),
            ({"text": "%"}, set()),
            ({"text": "_"}, set()),
            ({"updated_since": "2000-01-01T00:00:00+08:00"}, {PROJECT, OTHER}),
            ({"updated_since": "2999-01-01T00:00:00Z"}, set()),
            ({"text": "基地", "district": "430204", "department": "housing"}, {PROJECT}),
        ],
    )
    def test_every_filter_narrows(self, reader: Client, filters: dict[str, str], found: set[str]) -> None:
        items = reader.get("/projects", **filters).json()["items"]
        assert {item["project_id"] for item in items} == found

    def test_next_leads_through_everything_once(self, reader: Client) -> None:
        seen: list[str] = []
        address: str | None = "/projects?limit=1"
        while address:
            page = reader.request("GET", address).json()
            seen += [item["project_id"] for item in page["items"]]
            address = page["next"]
        assert sorted(seen) == sorted([PROJECT, OTHER])

    def test_a_walk_by_id_gives_each_project_once_though_others_change_under_it(
        self, client: Client, city: SmallCity
    ) -> None:
        several = [permit(f"K-{n}", f"第{n}热力站", code="", owner=f"某热力{n}公司") for n in range(6)]
        city.land("housing.permits", *several)
        city.drain()
        whole = [item["project_id"] for item in client.get("/projects", limit=200).json()["items"]]
        assert len(whole) == 8
        assert whole == sorted(whole)
        changes = iter(several)

        def change() -> None:
            for row in (next(changes, None), next(changes, None)):
                if row is not None:
                    city.land(
                        "housing.permits", row | {"issued": "2024-09-20", "updated": "2025-01-01 10:00:00"}
                    )
            city.drain()

        assert _walked(client, "/projects?limit=2", change) == whole

    def test_a_walk_by_change_meets_again_what_changes_under_it(
        self, client: Client, city: SmallCity
    ) -> None:
        moved = permit("B-2", "新名字的管网", code=OTHER_CODE, owner="株洲某城建有限公司", district="430211")
        newer = [moved | {"updated": "2025-01-01 10:00:00"}]

        def change() -> None:
            if newer:
                city.land("housing.permits", newer.pop())
                city.drain()

        walked = _walked(client, "/projects?order=updated&limit=1", change)
        assert walked == [OTHER, PROJECT, OTHER]
        items = client.get("/projects", order="updated").json()["items"]
        moments = [item["updated_at"] for item in items]
        assert moments == sorted(moments)
        since = client.get("/projects", order="updated", updated_since=moments[-1]).json()["items"]
        assert [item["project_id"] for item in since] == [OTHER]

    def test_a_cursor_of_one_order_is_none_of_the_other(self, reader: Client) -> None:
        for order, other in (("id", "updated"), ("updated", "id")):
            page = reader.get("/projects", limit=1, order=order).json()
            cursor = page["next"].partition("cursor=")[2].partition("&")[0]
            assert reader.get("/projects", order=order, cursor=cursor).status_code == 200
            assert reader.get("/projects", order=other, cursor=cursor).status_code == 400
        assert reader.get("/projects", order="name").status_code == 400

    @pytest.mark.parametrize("order", ["id", "updated"])
    def test_either_order_is_read_from_an_index(
        self, city: SmallCity, order: Literal["id", "updated"]
    ) -> None:
        places: dict[str, tuple[datetime | None, str]] = {
            "id": (None, PROJECT),
            "updated": (datetime(2024, 1, 1, tzinfo=UTC), PROJECT),
        }
        asked: list[Any] = []
        with city.database.begin() as connection:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
            search(connection, HERE, EVERYWHERE, ProjectQuery(order=order), places[order], 3)
            statement, values = asked[0]
            plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}", values).all())
        assert "Sort" not in plan
        assert {"id": "pk_project", "updated": "ix_project_updated"}[order] in plan

    @pytest.mark.parametrize(
        ("query", "known"),
        [
            ({"path": "grantd"}, "granted"),
            ({"department": "commerse"}, "commerce"),
            ({"district": "430299"}, "six digits"),
            ({"district": "天元区"}, "six digits"),
        ],
    )
    def test_a_word_nobody_knows_is_refused_with_the_words_there_are(
        self, reader: Client, query: dict[str, str], known: str
    ) -> None:
        answer = reader.get("/projects", **query)
        assert answer.status_code == 400
        assert known in answer.json()["detail"]
        if "department" not in query:
            assert reader.get("/portfolio/funnel", **query).status_code == 400
        else:
            assert reader.get("/portfolio/coverage", **query).status_code == 400

    def test_next_keeps_the_filters(self, reader: Client) -> None:
        page = reader.get("/projects", limit=1, path="granted").json()
        assert "path=granted" in page["next"]
        assert "limit=1" in page["next"]

    @pytest.mark.parametrize(
        "cursor", ["abc", "eyJhIjoxfQ", "W10", "WyJcdTAwMDAiLCIxIl0", "bnVsbA", "W251bGwsMV0"]
    )
    def test_a_made_up_cursor_is_refused(self, reader: Client, cursor: str) -> None:
        assert reader.get("/projects", cursor=cursor).status_code == 400

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "201"},
            {"stage": "NOWHERE"},
            {"text": "\0"},
            {"text": "x" * 201},
            {"updated_since": "2024-01-01T00:00:00"},
            {"updated_since": "1716163200"},
            {"jurisdiction": "-1"},
            {"colour": "red"},
        ],
    )
    def test_what_cannot_be_used_is_refused_with_its_place(
        self, reader: Client, query: dict[str, str]
    ) -> None:
        answer = reader.get("/projects", **query)
        assert answer.status_code == 400
        assert answer.json()["faults"][0]["where"].startswith("query.")


def _walked(client: Client, address: str, between: Callable[[], None]) -> list[str]:
    """Every project a walk gives, in order, while something happens between its pages."""
    seen: list[str] = []
    following: str | None = address
    while following:
        page = client.request("GET", following).json()
        seen += [item["project_id"] for item in page["items"]]
        following = page["next"]
        between()
    return seen


class TestReadProject:
    def test_anonymous_reads_the_golden_project(self, reader: Client) -> None:
        answer = reader.get(f"/projects/{PROJECT}")
        project = GoldenProject.model_validate_json(answer.content)
        assert project.project_id == PROJECT
        assert {member.record_id for member in project.members} == {PROJECT, MEMBER}
        assert answer.headers["etag"].startswith('"')

    def test_a_member_leads_to_its_project_and_is_not_stored(self, reader: Client) -> None:
        answer = reader.get(f"/projects/{MEMBER}")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/api/v1/projects/{PROJECT}"
        assert answer.headers["cache-control"] == "no-store"

    def test_a_withdrawn_record_is_gone(self, reader: Client) -> None:
        assert reader.get(f"/projects/{WITHDRAWN}").status_code == 410

    @pytest.mark.parametrize("key", ["nobody-said-this", "S-1"])
    def test_what_is_in_no_project_is_not_found(self, reader: Client, key: str) -> None:
        assert reader.get(f"/projects/{rid('housing.permits', key)}").status_code == 404

    @pytest.mark.parametrize(
        "bad", ["x", "430200", "%00", "430200-A", "0-abc", "9" * 12 + "-abc", "430200-" + "a" * 90]
    )
    def test_what_is_no_id_is_refused(self, reader: Client, bad: str) -> None:
        assert reader.get(f"/projects/{bad}").status_code == 400

    def test_the_same_content_is_not_sent_twice(self, reader: Client) -> None:
        etag = reader.get(f"/projects/{PROJECT}").headers["etag"]
        answer = reader.request(
            "GET", f"/projects/{PROJECT}", headers={"if-none-match": f'"other", W/{etag}'}
        )
        assert answer.status_code == 304
        assert answer.content == b""
        assert answer.headers["etag"] == etag


class TestReadLifecycle:
    def test_anonymous_reads_the_loop_ledger(self, reader: Client) -> None:
        ledger = LoopLedger.model_validate_json(reader.get(f"/projects/{PROJECT}/lifecycle").content)
        assert ledger.project_id == PROJECT
        assert len(ledger.stages) == 11

    def test_a_member_leads_to_the_ledger_of_its_project(self, reader: Client) -> None:
        answer = reader.get(f"/projects/{MEMBER}/lifecycle")
        assert (answer.status_code, answer.headers["location"]) == (
            307,
            f"/api/v1/projects/{PROJECT}/lifecycle",
        )

    def test_its_etag_changes_with_its_content(self, client: Client, city: SmallCity) -> None:
        before = client.get(f"/projects/{PROJECT}/lifecycle").headers["etag"]
        city.land("housing.permits", permit("A-1", issued="2024-09-19", updated="2024-12-01 10:00:00"))
        city.drain()
        after = client.request("GET", f"/projects/{PROJECT}/lifecycle", headers={"if-none-match": before})
        assert after.status_code == 200
        assert after.headers["etag"] != before

    def test_gone_and_not_found(self, reader: Client) -> None:
        assert reader.get(f"/projects/{WITHDRAWN}/lifecycle").status_code == 410
        assert reader.get(f"/projects/{rid('land.x', '1')}/lifecycle").status_code == 404


class TestListProjectRecords:
    def test_anonymous_is_refused(self, reader: Client) -> None:
        answer = reader.holding(None).get(f"/projects/{PROJECT}/records")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_a_key_reads_each_statement_with_its_raw_row(self, client: Client, make_key: MakeKey) -> None:
        items = (
            client.holding(make_key("department_admin")).get(f"/projects/{PROJECT}/records").json()["items"]
        )
        assert {item["record_id"] for item in items} == {PROJECT, MEMBER}
        said = next(item for item in items if item["record_id"] == MEMBER)
        assert (said["source"], said["key"], said["delivery_no"], said["row_no"]) == (
            "housing.permits",
            "A-1",
            2,
            1,
        )
        assert said["statement"]["name"] == "某组件智造基地厂房"

    def test_its_pages_give_every_record_once(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("department_admin"))
        first = caller.get(f"/projects/{PROJECT}/records", limit=1).json()
        second = caller.request("GET", first["next"]).json()
        assert {first["items"][0]["record_id"], second["items"][0]["record_id"]} == {PROJECT, MEMBER}
        assert second["next"] is None

    def test_a_key_of_another_jurisdiction_is_refused(self, client: Client, make_key: MakeKey) -> None:
        stranger = client.holding(make_key("system_admin", jurisdiction=THERE))
        assert stranger.get(f"/projects/{PROJECT}/records").status_code == 403

    def test_moved_gone_and_not_found(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("department_admin"))
        assert caller.get(f"/projects/{MEMBER}/records").status_code == 307
        assert caller.get(f"/projects/{WITHDRAWN}/records").status_code == 410
        assert caller.get(f"/projects/{rid('land.x', '1')}/records").status_code == 404


class TestExplainField:
    def test_anonymous_learns_who_won_and_who_lost(self, reader: Client) -> None:
        claim = reader.get(f"/projects/{PROJECT}/fields/name/explain").json()
        said = {claim["value"], *(loser["value"] for loser in claim["losers"])}
        assert said == {"某组件智造基地", "某组件智造基地厂房"}
        assert all(loser["reason"] for loser in claim["losers"])

    @pytest.mark.parametrize("field", ["nothing", "投资额", "..%2f", "%E4%BB%B7"])
    def test_a_field_nobody_said_is_not_found(self, reader: Client, field: str) -> None:
        assert reader.get(f"/projects/{PROJECT}/fields/{field}/explain").status_code == 404

    def test_moved_gone_and_refused(self, reader: Client) -> None:
        assert reader.get(f"/projects/{MEMBER}/fields/name/explain").status_code == 307
        assert reader.get(f"/projects/{WITHDRAWN}/fields/name/explain").status_code == 410
        assert reader.get(f"/projects/{PROJECT}/fields/%00/explain").status_code == 400


def test_a_part_leads_to_the_project_of_its_parent(client: Client, city: SmallCity) -> None:
    city.land("housing.events", {"id": "E-1", "permit": "A-1", "on": "2024-10-01"})
    city.drain()
    answer = client.get(f"/projects/{rid('housing.events', 'E-1')}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"/api/v1/projects/{PROJECT}")


def test_a_project_whose_last_record_is_withdrawn_is_gone(client: Client, city: SmallCity) -> None:
    city.land("housing.permits", permit("B-2", valid="0", updated="2024-12-01 10:00:00"))
    city.drain()
    assert client.get(f"/projects/{OTHER}").status_code == 410
    assert [item["project_id"] for item in client.get("/projects").json()["items"]] == [PROJECT]


def test_a_record_that_landed_and_was_not_read_yet_is_not_found_for_now(
    client: Client, city: SmallCity
) -> None:
    city.land("commerce.signed", signed("N-9", code=CODE))
    answer = client.get(f"/projects/{rid('commerce.signed', 'N-9')}")
    assert answer.status_code == 404
    assert "ask again" in answer.json()["detail"]
