from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db import landing, runs
from app.pipeline.land import delete_records
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, rid, signed

HERE, THERE = JURISDICTIONS


class TestListSources:
    def test_anonymous_sees_each_source_with_its_accounting(self, reader: Client) -> None:
        sources = {item["source"]: item for item in reader.get("/sources").json()["items"]}
        assert list(sources) == ["commerce.signed", "housing.events", "housing.permits"]
        permits = sources["housing.permits"]
        assert permits["counts"] == {
            "received": 5,
            "kept": 5,
            "unchanged": 0,
            "unreadable": 0,
            "accepted": 4,
            "rejected": 1,
        }
        assert (permits["zh"], permits["transport"], permits["every_seconds"]) == ("施工许可", "table", 3600)
        assert (permits["state"], sources["housing.events"]["state"]) == ("ok", "never")
        assert (permits["deliveries"], permits["waiting"]) == (2, 0)

    def test_counts_add_up_with_unchanged_and_unreadable_rows(self, client: Client, city: SmallCity) -> None:
        city.land("housing.permits", permit("A-1"), permit("", "没有编号"), permit("N-7", "新仓库"))
        city.drain()
        counts = client.get("/sources/housing.permits").json()["counts"]
        assert counts == {
            "received": 8,
            "kept": 6,
            "unchanged": 1,
            "unreadable": 1,
            "accepted": 5,
            "rejected": 1,
        }

    @pytest.mark.parametrize(
        ("enabled", "attention", "since", "state"),
        [
            (False, None, "now()", "disabled"),
            (True, "ask the owner for a new token", "now()", "needs_attention"),
            (True, None, "now()", "ok"),
            (True, None, "now() - interval '31 minutes'", "late"),
            (True, None, "now() - interval '29 minutes'", "ok"),
        ],
    )
    def test_its_state_tells_what_a_person_must_know(
        self, client: Client, city: SmallCity, enabled: bool, attention: str | None, since: str, state: str
    ) -> None:
        with city.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.source (jurisdiction, source, enabled, attention, succeeded_at)"  # sql-lint: allow built-text — the cases above
                    f" VALUES (:j, 'housing.other', :enabled, :attention, {since})"
                ),
                {"j": HERE, "enabled": enabled, "attention": attention},
            )
            connection.execute(
                text("UPDATE ops.source SET every_seconds = 60 WHERE jurisdiction = :j"), {"j": HERE}
            )
        found = client.get("/sources/housing.other").json()
        assert (found["state"], found["installed"]) == (state, False)


class TestSettleSource:
    def test_who_runs_the_hub_says_how_a_source_is_run_and_how_fresh_it_must_be(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        path, wanted = "/sources/housing.permits/settings", {"missed": "all", "fresh_seconds": 90}
        caller = client.holding(make_key("system_admin"))
        assert caller.request("PUT", path, json=wanted).status_code == 404
        with city.database.begin() as connection:
            runs.bind(connection, HERE, "housing.permits", location=None, every_seconds=60, scheduled=False)
            connection.execute(
                text(
                    "UPDATE ops.source SET succeeded_at = now() - interval '2 minutes' WHERE jurisdiction = :j"
                ),
                {"j": HERE},
            )
        found = caller.request("PUT", path, json=wanted).json()
        assert (found["missed"], found["fresh_seconds"], found["open_until"]) == ("all", 90, None)
        assert caller.request("PUT", path, json={"missed": "never"}).status_code == 400
        assert (
            client.holding(make_key("department_admin")).request("PUT", path, json=wanted).status_code == 403
        )


class TestCancelRun:
    def test_its_department_may_end_a_run(self, client: Client, make_key: MakeKey) -> None:
        made = client.post("/sources/housing.permits/sync").json()
        path = f"/runs/{made['run_id']}/cancel"
        other = client.holding(make_key("department_admin", departments=["commerce"]))
        assert other.post(path).status_code == 403
        ended = client.post(path)
        assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
        assert ended.json()["cancel_requested_at"] is not None
        assert client.post(path).json() == ended.json()
        assert client.post("/runs/none/cancel").status_code == 404


class TestNeeds:
    """What a source needs of a person is said where people look: at the source and at its health."""

    def test_a_held_deletion_asks_for_an_admins_word_until_it_is_said(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        for run in ("run-1", "run-2"):
            with city.database.begin() as connection:
                landing.hold_deletion(connection, HERE, "commerce.signed", run, 10, ["430200-a"])
        for path in ("/sources", "/health/sources"):
            items = {item["source"]: item for item in client.get(path).json()["items"]}
            told = items["commerce.signed"]
            assert (told["state"], told["held_deletions"]) == ("needs_attention", 2)
            assert "/api/v1/sources/commerce.signed/held-deletions" in told["needs"][0]["zh"]
            assert "/api/v1/sources/commerce.signed/held-deletions" in told["needs"][0]["en"]
            assert (items["housing.permits"]["state"], items["housing.permits"]["needs"]) == ("ok", [])
        there = client.get("/sources/commerce.signed", jurisdiction=THERE).json()
        assert (there["state"], there["held_deletions"]) == ("ok", 0)
        admin = client.holding(make_key("system_admin"))
        for run in ("run-1", "run-2"):
            admin.post(f"/sources/commerce.signed/held-deletions/{run}", {"decision": "refuse"})
        told = client.get("/sources/commerce.signed").json()
        assert (told["state"], told["held_deletions"], told["needs"]) == ("ok", 0, [])

    def test_a_delivery_of_which_no_row_could_be_read_calls_a_person_until_a_readable_one_comes(
        self, client: Client, city: SmallCity
    ) -> None:
        city.land("housing.permits", permit("N-7", "新仓库"), permit("", "没有编号"))
        told = client.get("/sources/housing.permits").json()
        assert (told["state"], told["unreadable_recent"]) == ("ok", 1)
        city.land("housing.permits", permit("", "没有编号"), permit("", "也没有编号"))
        city.land("housing.permits")
        with city.database.begin() as connection:
            delete_records(
                connection, HERE, "housing.permits", [rid("housing.permits", "B-2")], "an admin's word"
            )
        told = client.get("/sources/housing.permits").json()
        assert (told["state"], told["unreadable_recent"]) == ("needs_attention", 2)
        assert "rejections?source=housing.permits&kind=unreadable" in told["needs"][0]["en"]
        city.land("housing.permits", permit("N-8", "新厂房"))
        told = client.get("/sources/housing.permits").json()
        assert (told["state"], told["unreadable_recent"], told["needs"]) == ("ok", 2, [])

    def test_what_was_unreadable_yesterday_is_not_recent(self, client: Client, city: SmallCity) -> None:
        city.land("housing.permits", permit("N-7", "新仓库"), permit("", "没有编号"))
        with city.database.begin() as connection:
            connection.execute(text("SET ROLE NONE"))
            connection.execute(
                text("UPDATE memory.landing SET landed_at = now() - interval '25 hours' WHERE unreadable > 0")
            )
        assert client.get("/sources/housing.permits").json()["unreadable_recent"] == 0

    def test_a_source_that_is_switched_off_still_says_what_it_needs(
        self, client: Client, city: SmallCity
    ) -> None:
        with city.database.begin() as connection:
            landing.hold_deletion(connection, HERE, "commerce.signed", "run-1", 10, ["430200-a"])
            connection.execute(
                text(
                    "INSERT INTO ops.source (jurisdiction, source, enabled) VALUES (:j, 'commerce.signed', false)"
                ),
                {"j": HERE},
            )
        told = client.get("/sources/commerce.signed").json()
        assert (told["state"], len(told["needs"])) == ("disabled", 1)


class TestReadSource:
    def test_anonymous_sees_one_source(self, reader: Client) -> None:
        assert reader.get("/sources/housing.permits").json()["owner"] == "住建局建管科"

    def test_an_unknown_source_is_not_found(self, reader: Client) -> None:
        assert reader.get("/sources/land.nothing").status_code == 404
        assert reader.get("/sources/no-key").status_code == 400


class TestSyncSource:
    def test_anonymous_and_keys_without_the_scope_are_refused(
        self, client: Client, make_key: MakeKey
    ) -> None:
        assert client.holding(None).post("/sources/housing.permits/sync").status_code == 401
        answer = client.holding(make_key("reviewer")).post("/sources/housing.permits/sync")
        assert answer.status_code == 403
        assert "department_admin" in answer.json()["detail"]

    def test_it_queues_one_run_and_a_second_is_a_conflict(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("system_admin"))
        answer = caller.post("/sources/housing.permits/sync")
        assert answer.status_code == 202
        run = answer.json()
        assert (run["state"], run["source"]) == ("queued", "housing.permits")
        assert caller.post("/sources/housing.permits/sync").status_code == 409
        assert caller.post("/sources/commerce.signed/sync").status_code == 202
        assert client.get(f"/runs/{run['run_id']}").json() == run

    def test_the_other_jurisdiction_has_its_own_queue(self, client: Client, make_key: MakeKey) -> None:
        for jurisdiction in JURISDICTIONS:
            caller = client.holding(make_key("system_admin", jurisdiction=jurisdiction))
            assert caller.post("/sources/housing.permits/sync").status_code == 202
        assert len(client.get("/runs", jurisdiction=THERE).json()["items"]) == 1

    def test_a_key_does_not_act_in_another_jurisdiction(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("system_admin"))
        assert caller.post(f"/sources/housing.permits/sync?jurisdiction={THERE}").status_code == 403
        assert client.get("/runs", jurisdiction=THERE).json()["items"] == []

    def test_what_cannot_be_asked_is_refused(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        caller = client.holding(make_key("system_admin"))
        assert caller.post("/sources/land.nothing/sync").status_code == 404
        assert caller.post("/sources/housing.events/sync").status_code == 409
        with city.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.source (jurisdiction, source, enabled) VALUES (:j, 'housing.permits', false)"
                ),
                {"j": HERE},
            )
        assert caller.post("/sources/housing.permits/sync").status_code == 409


class TestRuns:
    def test_anonymous_pages_through_runs_newest_first(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("system_admin"))
        for source in ("housing.permits", "commerce.signed"):
            caller.post(f"/sources/{source}/sync")
        first = client.get("/runs", limit=1).json()
        second = client.request("GET", first["next"]).json()
        assert [first["items"][0]["source"], second["items"][0]["source"]] == [
            "commerce.signed",
            "housing.permits",
        ]
        assert second["next"] is None

    def test_filters_narrow(self, client: Client, make_key: MakeKey) -> None:
        client.holding(make_key("system_admin")).post("/sources/housing.permits/sync")
        assert len(client.get("/runs", source="housing.permits", state="queued").json()["items"]) == 1
        assert client.get("/runs", state="failed").json()["items"] == []

    def test_an_unknown_run_is_not_found(self, reader: Client) -> None:
        assert reader.get("/runs/430200-0").status_code == 404
        assert reader.get("/runs/%00").status_code == 400


class TestHeldDeletions:
    @pytest.fixture(autouse=True)
    def _held(self, city: SmallCity) -> None:
        for jurisdiction in JURISDICTIONS:
            vanished = [rid("commerce.signed", "A-1", jurisdiction)]
            with city.database.begin() as connection:
                landing.hold_deletion(connection, jurisdiction, "commerce.signed", "run-1", 10, vanished)

    def test_anonymous_is_refused(self, client: Client) -> None:
        nobody = client.holding(None)
        assert nobody.get("/sources/commerce.signed/held-deletions").status_code == 401
        answer = nobody.post("/sources/commerce.signed/held-deletions/run-1", {"decision": "confirm"})
        assert answer.status_code == 401

    def test_an_admin_decides_once_and_only_here(self, client: Client, make_key: MakeKey) -> None:
        admin = client.holding(make_key("system_admin"))
        answer = admin.post("/sources/commerce.signed/held-deletions/run-1", {"decision": "refuse"})
        assert (answer.status_code, answer.json()["decided_by"]) == (200, "reviewer")
        again = admin.post("/sources/commerce.signed/held-deletions/run-1", {"decision": "confirm"})
        assert again.status_code == 409
        items = admin.get("/sources/commerce.signed/held-deletions").json()["items"]
        assert [(item["run_id"], item["decision"], item["vanished"]) for item in items] == [
            ("run-1", "refuse", [rid("commerce.signed", "A-1")])
        ]
        there = client.holding(make_key("department_admin", jurisdiction=THERE))
        assert there.get("/sources/commerce.signed/held-deletions").json()["items"][0]["decision"] is None

    def test_confirming_deletes_the_records_that_vanished(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        admin = client.holding(make_key("system_admin"))
        admin.post("/sources/commerce.signed/held-deletions/run-1", {"decision": "confirm"})
        city.drain()
        assert client.get("/portfolio/funnel").json()["investment"] == "0"
        assert client.get("/portfolio/funnel", jurisdiction=THERE).json()["investment"] == "1200000000"

    def test_a_newer_listing_overtakes_it(self, client: Client, city: SmallCity, make_key: MakeKey) -> None:
        city.land("commerce.signed", signed("A-1"))
        admin = client.holding(make_key("system_admin"))
        path = "/sources/commerce.signed/held-deletions"
        assert admin.post(f"{path}/run-1", {"decision": "confirm"}).status_code == 409
        assert admin.get(path).json()["items"][0]["decision"] is None
        assert admin.post(f"{path}/run-1", {"decision": "refuse"}).status_code == 200

    def test_other_scopes_unknown_runs_and_unknown_words_are_refused(
        self, client: Client, make_key: MakeKey
    ) -> None:
        path = "/sources/commerce.signed/held-deletions"
        assert (
            client.holding(make_key("reviewer")).post(f"{path}/run-1", {"decision": "refuse"}).status_code
            == 403
        )
        admin = client.holding(make_key("system_admin"))
        assert admin.post(f"{path}/run-2", {"decision": "refuse"}).status_code == 404
        assert admin.post(f"{path}/run-1", {"decision": "perhaps"}).status_code == 400
        assert admin.post(f"{path}/run-1", {"decision": "refuse", "more": 1}).status_code == 400
