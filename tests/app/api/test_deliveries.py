from __future__ import annotations

import pytest

from app.pipeline.land import land_page
from schemas.records import Page, Unreadable
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, message, permit, rid, signed

HERE, THERE = JURISDICTIONS


class TestListDeliveries:
    def test_a_department_sees_each_delivery_add_up(self, client: Client, city: SmallCity) -> None:
        city.land("housing.permits", permit("A-1"), permit("", "没有编号"), permit("N-7", "新仓库"))
        city.land("commerce.signed", signed("A-1"))
        items = client.get("/deliveries").json()["items"]
        assert [(item["delivery_no"], item["state"]) for item in items] == [
            (5, "normalized"),
            (4, "landed"),
            (3, "normalized"),
            (2, "normalized"),
            (1, "normalized"),
        ]
        for item in items:
            counts = item["counts"]
            assert counts["received"] == counts["kept"] + counts["unchanged"] + counts["unreadable"]
            if item["state"] == "normalized":
                assert counts["kept"] == counts["accepted"] + counts["rejected"]

    def test_pages_and_filters(self, reader: Client) -> None:
        first = reader.get("/deliveries", limit=2).json()
        second = reader.request("GET", first["next"]).json()
        assert [i["delivery_no"] for i in (*first["items"], *second["items"])] == [3, 2, 1]
        found = reader.get("/deliveries", source="commerce.signed").json()["items"]
        assert [item["delivery_no"] for item in found] == [1]
        assert reader.get("/deliveries", source="land.nothing").json()["items"] == []


class TestReadDelivery:
    def test_anonymous_is_refused(self, client: Client) -> None:
        assert client.holding(None).get("/deliveries/1").status_code == 401

    def test_a_key_sees_the_outcome_and_hash_of_each_row(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        caller = client.holding(make_key("department_admin"))
        rows = caller.get("/deliveries/2").json()["rows"]["items"]
        assert [(row["row_no"], row["key"], row["outcome"]) for row in rows] == [
            (1, "A-1", "accepted"),
            (2, "B-2", "accepted"),
            (3, "S-1", "rejected"),
            (4, "W-1", "accepted"),
        ]
        assert rows[0]["record_id"] == rid("housing.permits", "A-1")
        assert all(len(row["hash"]) == 32 for row in rows)
        assert (rows[2]["rule"], rows[2]["field"]) == ("permits.sample", "name")
        city.land(
            "housing.permits",
            permit("A-1", updated="2025-01-01 00:00:00"),
            permit("", "没有编号"),
            permit("N-7"),
        )
        landed = caller.get("/deliveries/4").json()
        outcomes = [row["outcome"] for row in landed["rows"]["items"]]
        assert (landed["state"], outcomes) == ("landed", ["confirmed", "unreadable", "waiting"])

    def test_rows_come_in_pages(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("department_admin"))
        first = caller.get("/deliveries/2", limit=3).json()["rows"]
        rest = caller.request("GET", first["next"]).json()["rows"]
        assert [row["row_no"] for row in (*first["items"], *rest["items"])] == [1, 2, 3, 4]

    def test_what_is_not_there_or_no_number(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("department_admin"))
        assert caller.get("/deliveries/99").status_code == 404
        for bad in ("0", "-1", "x", str(2**63), "1.5", "%00"):
            assert caller.get(f"/deliveries/{bad}").status_code == 400
        assert caller.get("/deliveries/1", jurisdiction=THERE).status_code == 403


class TestListRejections:
    def test_anonymous_is_refused(self, client: Client) -> None:
        assert client.holding(None).get("/rejections").status_code == 401

    def test_a_rejection_names_rule_value_words_and_who_must_act(
        self, client: Client, make_key: MakeKey
    ) -> None:
        for jurisdiction in JURISDICTIONS:
            items = (
                client.holding(make_key("department_admin", jurisdiction=jurisdiction))
                .get("/rejections")
                .json()["items"]
            )
            assert items == [
                {
                    "kind": "rejected",
                    "delivery_no": 2,
                    "row_no": 3,
                    "source": "housing.permits",
                    "record_id": rid("housing.permits", "S-1", jurisdiction),
                    "rule": "permits.sample",
                    "field": "name",
                    "value": "样例",
                    "responsible": "department",
                    "zh": "样例行不是数据",
                    "en": "a sample is no data",
                }
            ]

    @pytest.mark.parametrize(
        ("filters", "n"),
        [
            ({"source": "housing.permits"}, 3),
            ({"source": "commerce.signed"}, 0),
            ({"rule": "permits.sample"}, 3),
            ({"rule": "x"}, 0),
        ],
    )
    def test_filters_and_pages(
        self, client: Client, city: SmallCity, make_key: MakeKey, filters: dict[str, str], n: int
    ) -> None:
        city.land("housing.permits", permit("S-2", "样例"), permit("S-3", "样例"))
        city.drain()
        caller, seen = client.holding(make_key("department_admin")), []
        page = caller.get("/rejections", limit=2, **filters).json()
        seen += page["items"]
        while page["next"]:
            page = caller.request("GET", page["next"]).json()
            seen += page["items"]
        assert len(seen) == n
        places = [(item["delivery_no"], item["row_no"]) for item in seen]
        assert places == sorted(set(places), reverse=True)

    def test_what_nobody_could_read_stands_there_too_and_the_books_still_add_up(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        city.land("housing.permits", permit("S-2", "样例"), permit("", "没有编号"), permit("N-7", "新仓库"))
        city.drain()
        caller = client.holding(make_key("department_admin"))
        page, seen = caller.get("/rejections", limit=1).json(), []
        while True:
            seen += page["items"]
            if not page["next"]:
                break
            page = caller.request("GET", page["next"]).json()
        assert [(item["kind"], item["delivery_no"], item["row_no"]) for item in seen] == [
            ("unreadable", 4, 2),
            ("rejected", 4, 1),
            ("rejected", 2, 3),
        ]
        odd = seen[0]
        assert (odd["source"], odd["record_id"], odd["responsible"]) == (
            "housing.permits",
            None,
            "department",
        )
        assert all(odd[name] for name in ("rule", "zh", "en"))
        assert caller.get("/rejections", rule=odd["rule"]).json()["items"] == [odd]
        assert caller.get("/rejections", source="commerce.signed").json()["items"] == []
        for kind, counted in (("unreadable", "unreadable"), ("rejected", "rejected")):
            found = caller.get("/rejections", kind=kind, source="housing.permits").json()["items"]
            counts = caller.get("/sources/housing.permits").json()["counts"]
            assert {item["kind"] for item in found} == {kind}
            assert len(found) == counts[counted]

    def test_a_push_nobody_could_read_names_who_must_act(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        body, headers = message([{"permit": "A-1"}])
        client.request("POST", "/hooks/housing.events", content=body, headers=headers)
        city.drain()
        caller = client.holding(make_key("department_admin"))
        found = caller.get("/rejections", source="housing.events").json()["items"]
        assert [(item["kind"], item["responsible"]) for item in found] == [("unreadable", "department")]
        there = client.holding(make_key("department_admin", jurisdiction=THERE))
        assert there.get("/rejections", source="housing.events").json()["items"] == []

    def test_a_row_the_hub_itself_broke_is_the_hubs(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        with city.database.begin() as connection:
            odd = [Unreadable("connector.failed", b"{}", "连接器出错", "the connector failed")]
            land_page(connection, HERE, "housing.permits", Page(tuple(odd), ""))
        found = (
            client.holding(make_key("department_admin")).get("/rejections", kind="unreadable").json()["items"]
        )
        assert [(item["rule"], item["responsible"]) for item in found] == [("connector.failed", "hub")]


class TestListIssues:
    def test_anonymous_is_refused(self, client: Client) -> None:
        assert client.holding(None).get("/issues").status_code == 401

    def test_an_issue_names_field_severity_and_words(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        city.land("housing.permits", permit("D-1", district="火星区"), permit("D-2", district="火星区"))
        city.drain()
        caller = client.holding(make_key("department_admin"))
        first = caller.get("/issues", limit=1).json()
        second = caller.request("GET", first["next"]).json()
        found = first["items"] + second["items"]
        assert [item["rule"] for item in found] == ["district.unknown"] * 2
        assert found[0]["value"] == "火星区"
        assert found[0]["severity"] in {"note", "doubt", "dropped"}
        assert caller.get("/issues", rule="x").json()["items"] == []


class TestUnmaskRow:
    def test_what_a_list_masks_is_told_to_its_own_department_for_a_reason_that_is_kept(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        city.land("housing.permits", permit("P-1", district="张工 13800001234"))
        city.drain()
        caller = client.holding(make_key("department_admin", departments=["housing"]))
        [issue, *_] = caller.get("/issues").json()["items"]
        assert "138****1234" in issue["value"]
        path = f"/deliveries/{issue['delivery_no']}/rows/{issue['row_no']}/unmask"
        told = caller.post(path, {"reason": "与建设单位核对"})
        assert "13800001234" in told.json()["said"]
        watcher = client.holding(make_key("audit_admin", departments=(), districts=()))
        [row] = watcher.get("/audit", operation="unmask_row").json()["items"]
        assert path in row["target"]
        assert "核对" in row["target"]

    def test_others_and_those_without_a_reason_are_refused(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("department_admin", departments=["housing"]))
        assert caller.post("/deliveries/2/rows/1/unmask", {"reason": "x"}).status_code == 400
        assert caller.post("/deliveries/2/rows/99/unmask", {"reason": "核对一下"}).status_code == 404
        assert caller.post("/deliveries/1/rows/1/unmask", {"reason": "核对一下"}).status_code == 403
