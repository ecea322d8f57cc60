from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.api import returns
from app.main import create_app
from app.pipeline.land import land_page
from app.settings import Settings
from connectors.contract import Binding
from connectors.transport_settings import FilesSettings
from connectors.transports import files
from connectors.transports.sheets import RETURNED
from tests.app.api.conftest import MakeKey
from tests.support.client import Client, calling
from tests.support.corridor import rows_of
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, signed

HERE, THERE = JURISDICTIONS
ROWS = [permit("A-9"), permit("S-2", "样例"), {**permit("B-9"), "no": ""}]


def book(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def fills(page: Any, line: int) -> set[str]:
    return {cell.fill.start_color.rgb for cell in page[line]}


class TestReadDeliveryErrors:
    def test_its_own_department_reads_what_is_wrong_in_pages(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        city.land("housing.permits", *ROWS, permit("C-9", district="北京市"))
        city.drain()
        caller = client.holding(make_key("sender", departments=["housing"]))
        first = caller.get("/deliveries/4/errors", limit=2).json()
        rest = caller.request("GET", first["errors"]["next"]).json()
        found = [
            (item["row_no"], item["key"], item["severity"], item["rule"])
            for item in (*first["errors"]["items"], *rest["errors"]["items"])
        ]
        assert found[:2] == [(2, "S-2", "rejected", "permits.sample"), (3, None, "unreadable", "key.missing")]
        assert found[2][:2] == (4, "C-9")
        assert first["counts"] == {
            "received": 4,
            "kept": 3,
            "unchanged": 0,
            "unreadable": 1,
            "accepted": 2,
            "rejected": 1,
        }
        assert all(item["zh"] and item["en"] for item in first["errors"]["items"])

    @pytest.mark.parametrize("path", ["/deliveries/2/errors", "/deliveries/2/errors.xlsx"])
    def test_another_departments_key_another_citys_and_nobody_are_refused(
        self, client: Client, make_key: MakeKey, path: str
    ) -> None:
        assert client.holding(None).get(path).status_code == 401
        for role, department in (("sender", "commerce"), ("department_admin", "land"), ("reader", "housing")):
            refused = client.holding(make_key(role, departments=[department])).get(path)
            assert refused.status_code == 403
        other = client.holding(make_key("sender", jurisdiction=THERE))
        assert other.get(path, jurisdiction=HERE).status_code == 403
        assert client.holding(make_key("system_admin")).get(path).status_code == 200
        assert client.holding(make_key("system_admin")).get(path.replace("2", "99")).status_code == 404


class TestReturnDelivery:
    @pytest.fixture
    def folder(self, city: SmallCity, tmp_path: Path) -> Path:
        """A file of three rows, one of them faulty, as it lies in the folder and has landed in both cities."""
        folder = tmp_path / "watched"
        folder.mkdir()
        head, *rows = "no,code,name,investor,amount,signed", signed("A-7"), signed("B-7", amount="约三亿多")
        text = "\n".join([head, *(",".join(row[name] for name in head.split(",")) for row in rows)])
        (folder / "签约.csv").write_text(text + "\n", encoding="gb18030")
        os.utime(folder / "签约.csv", (1000, 1000))
        manifest = city.registry.manifest("commerce.signed")
        assert isinstance(manifest.transport, FilesSettings)
        for jurisdiction in JURISDICTIONS:
            pages = files.fetch(
                manifest, manifest.transport, Binding(jurisdiction, location=str(folder)), None
            )
            for page in pages:
                with city.database.begin() as connection:
                    land_page(connection, jurisdiction, "commerce.signed", page, channel="file")
        city.drain()
        return folder

    @pytest.fixture
    def caller(self, city: SmallCity, folder: Path, make_key: MakeKey) -> Iterator[Client]:
        app = create_app(
            Settings(jurisdiction=HERE), city.database, city.registry, {"TEST_SIGNED_FOLDER": str(folder)}
        )
        with calling(app) as caller:
            yield caller.holding(make_key("sender", departments=["commerce"]))

    def test_the_arrived_file_comes_back_marked_with_the_counts_of_its_delivery(self, caller: Client) -> None:
        answer = caller.get("/deliveries/4/errors.xlsx")
        assert answer.headers["content-type"] == returns.XLSX
        made = book(answer)
        told = {row[0]: row[2] for row in made[RETURNED].values if row[0]}
        assert (told["交付编号"], told["交付收到"], told["文件"]) == (4, 2, "签约.csv")
        page = made[made.sheetnames[1]]
        assert [cell.value for cell in page[1]] == ["no", "code", "name", "investor", "amount", "signed"]
        assert page["E3"].comment is not None
        assert "约三亿多" in page["E3"].comment.text

    @pytest.mark.parametrize("gone", [Path.unlink, lambda file: file.write_text("no\n1\n")])
    def test_where_the_file_is_gone_or_another_the_rows_that_were_said_come_back(
        self, caller: Client, folder: Path, gone: Callable[[Path], object]
    ) -> None:
        gone(folder / "签约.csv")
        page = book(caller.get("/deliveries/4/errors.xlsx"))["签约项目"]
        assert {cell.value for cell in page[1]} == {"no", "code", "name", "investor", "amount", "signed"}
        [marked] = [cell for cell in page[3] if cell.comment is not None]
        assert marked.value == "约三亿多"
        assert fills(page, 2) == {"00000000"}

    def test_of_a_file_too_large_for_a_request_the_rows_come_back(
        self, caller: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(returns, "RETURN_LIMIT", 10)
        assert book(caller.get("/deliveries/4/errors.xlsx")).sheetnames == [RETURNED, "签约项目"]

    def test_a_pushed_or_pulled_delivery_comes_back_as_rows(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        city.land("housing.permits", *ROWS)
        city.drain()
        caller = client.holding(make_key("sender", departments=["housing"]))
        page = book(caller.get("/deliveries/4/errors.xlsx"))["施工许可"]
        assert [page.cell(line, 5).value or page.cell(line, 4).value for line in (2, 3, 4)]
        assert [bool(fills(page, line) - {"00000000"}) for line in (2, 3, 4)] == [False, True, True]


class TestCheck:
    def test_a_message_is_told_row_by_row_and_nothing_is_kept(
        self, client: Client, city: SmallCity, make_key: MakeKey
    ) -> None:
        before = rows_of(city.database, "SELECT jurisdiction, delivery_no FROM ops.jurisdiction")
        caller = client.holding(make_key("sender", departments=["housing"]))
        answer = caller.request("POST", "/sources/housing.permits/check", content=json.dumps(ROWS))
        said = answer.json()
        assert (said["ok"], said["totals"]) == (
            False,
            {
                "received": 3,
                "accepted": 1,
                "rejected": 1,
                "unreadable": 1,
                "at_hub": 0,
                "issues": 0,
                "notes": 0,
            },
        )
        assert [(row["row_no"], row["outcome"], row["faults"][0]["rule"]) for row in said["rows"]] == [
            (2, "rejected", "permits.sample"),
            (3, "unreadable", "key.missing"),
        ]
        assert rows_of(city.database, "SELECT jurisdiction, delivery_no FROM ops.jurisdiction") == before

    def test_a_file_is_known_by_its_name(self, client: Client, make_key: MakeKey) -> None:
        caller = client.holding(make_key("system_admin"))
        made = openpyxl.Workbook()
        assert made.active is not None
        for row in (list(signed("A-1")), list(signed("A-1").values())):
            made.active.append(row)
        file = io.BytesIO()
        made.save(file)
        answer = caller.request(
            "POST",
            "/sources/commerce.signed/check",
            content=file.getvalue(),
            params={"name": "签约.xlsx"},
        )
        assert answer.json()["totals"]["accepted"] == 1
        broken = caller.request(
            "POST", "/sources/commerce.signed/check", content=b"PK\3\4", params={"name": "../签约.xlsx"}
        )
        assert [row["faults"][0]["rule"] for row in broken.json()["rows"]] == ["file.broken"]
        assert (
            caller.request(
                "POST", "/sources/commerce.signed/check", content=b"", params={"name": "a.exe"}
            ).status_code
            == 400
        )

    def test_only_its_own_department_asks_and_only_of_what_there_is(
        self, client: Client, make_key: MakeKey
    ) -> None:
        path = "/sources/housing.permits/check"
        assert client.holding(None).request("POST", path, content=b"[]").status_code == 401
        other = client.holding(make_key("sender", departments=["commerce"]))
        assert other.request("POST", path, content=b"[]").status_code == 403
        assert (
            client.holding(make_key("system_admin"))
            .request("POST", "/sources/culture.no/check", content=b"[]")
            .status_code
            == 404
        )

    def test_a_file_may_be_larger_than_a_push_but_not_endless(
        self, client: Client, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caller = client.holding(make_key("system_admin"))
        path = "/sources/housing.permits/check"
        many = json.dumps([permit(f"N-{n}") for n in range(300)]).encode()
        assert len(many) > 20_000
        assert caller.request("POST", path, content=many).json()["totals"]["received"] == 300
        monkeypatch.setattr(returns, "MOST_ROWS", 299)
        refused = caller.request("POST", path, content=many)
        assert (refused.status_code, "hub check" in refused.json()["detail"]) == (400, True)
        headers = {"content-length": str(returns.CHECK_LIMIT + 1)}
        assert caller.request("POST", path, content=b"[]", headers=headers).status_code == 413
