from __future__ import annotations

import csv
import io
import json

import pytest

from app.api import exporting
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS

HERE = JURISDICTIONS[0]
PATH = "/exports/projects"


class TestExportProjects:
    def test_somebody_without_a_key_gets_nothing(self, client: Client) -> None:
        assert client.holding(None).get(PATH).status_code == 401

    def test_every_form_names_the_projects_the_list_names(self, reader: Client) -> None:
        listed = reader.get("/projects").json()["items"]
        lines = [json.loads(line) for line in reader.get(PATH).text.splitlines()]
        assert [{k: v for k, v in line.items() if k != "updated_at"} for line in lines] == [
            {k: v for k, v in one.items() if k != "updated_at"} for one in listed
        ]
        table = reader.get(PATH, form="csv", bom=True)
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert [one["project_id"] for one in rows] == [one["project_id"] for one in listed]
        assert reader.get(PATH, form="xlsx").content.startswith(b"PK")

    def test_documents_are_those_that_are_served_and_tell_where_to_follow_from(self, reader: Client) -> None:
        answer = reader.get(PATH, document="golden")
        for line in answer.text.splitlines():
            document = json.loads(line)
            assert reader.get(f"/projects/{document['project_id']}").json() == document
        last = reader.get("/changes", limit=1000).json()["last"]
        assert answer.headers["hub-change-number"] == str(last)
        assert f"projects-{HERE}-{last}.ndjson" in answer.headers["content-disposition"]
        ledger = reader.get(PATH, document="lifecycle").text.splitlines()
        assert len(ledger) == len(answer.text.splitlines()) > 1

    def test_filters_are_those_of_the_list(self, reader: Client) -> None:
        one = reader.get("/projects").json()["items"][0]
        found = reader.get(PATH, text=one["name"], stage=one["stage"]).text.splitlines()
        assert [json.loads(line)["project_id"] for line in found] == [one["project_id"]]
        assert reader.get(PATH, stage="LEAD", text="nothing of that name").text == ""
        for wrong in ({"form": "pdf"}, {"district": "火星"}, {"department": "nobody"}, {"limit": 3}):
            assert reader.get(PATH, **wrong).status_code == 400

    def test_who_sees_one_district_is_given_that_one(self, client: Client, make_key: MakeKey) -> None:
        every = [json.loads(line) for line in client.get(PATH).text.splitlines()]
        district = every[-1]["district"]
        seen = client.holding(make_key("reader", districts=[district])).get(PATH).text.splitlines()
        assert (
            {json.loads(line)["district"] for line in seen}
            == {district}
            != {one["district"] for one in every}
        )

    def test_who_comes_while_others_export_is_asked_to_come_again(
        self, reader: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = exporting.threading.BoundedSemaphore(1)  # type: ignore[attr-defined]  # the room the route asks for
        taken.acquire()
        monkeypatch.setattr(taken, "acquire", lambda timeout: False)
        monkeypatch.setattr(exporting, "AT_ONCE", taken)
        assert reader.get(PATH).status_code == 503
