"""A new department by its page alone: one folder, no core file touched, and its approvals stand in the loop of their projects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.db import runs
from app.main import create_app
from app.pipeline.process import drain
from app.pipeline.rules import load_rules
from app.pipeline.sync import sync
from app.settings import Settings
from connectors.registry import Registry, discover
from tests.gates.tree import CODE, ROOT
from tests.support.callers import trusted
from tests.support.client import Client, calling
from tests.support.corridor import books
from tests.support.database import JURISDICTIONS
from tests.support.pulled import claim
from tests.support.small_city import SmallCity, rid, signed, small_city, small_registry
from tests.support.water_bureau import blocks, send_workbook, write_manifests

KEY = "water.flood_reviews"
WITH_CODE, ALONE = "株水洪评〔2024〕901号", "株水洪评〔2024〕902号"


@pytest.fixture
def core_untouched() -> Iterator[None]:
    before = _core()
    yield
    assert _core() == before


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The hub's own sources with the page's folders, whose workbook lies where the deployment says; and a feed to join."""
    folder = tmp_path / "departments"
    write_manifests(folder, blocks())
    monkeypatch.setenv("HUB_WATER_FLOOD_FOLDER", str(send_workbook(tmp_path / "arrivals").parent))
    found = discover(extra=[str(folder)])
    assert found.unavailable == ()
    return Registry(dict(found.sources) | dict(small_registry().sources), [])


@pytest.fixture
def city(database_url: str, registry: Registry) -> Iterator[SmallCity]:
    made = SmallCity(small_city(database_url).database, registry)
    yield made
    made.database.close()


def test_a_new_departments_approval_reaches_the_loop_of_its_project_in_every_jurisdiction(
    core_untouched: None, city: SmallCity, registry: Registry
) -> None:
    same = signed("A-1", "示例新能源5GW组件智造基地（一期）", investor="株洲示例新能源科技有限公司")
    city.land("commerce.signed", same)
    rules = load_rules(registry)
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            runs.bind(connection, jurisdiction, KEY, location=None, every_seconds=1800, scheduled=True)
            due = runs.due(connection, jurisdiction)[0]
            runs.queue_slots(connection, jurisdiction, {due: due.slot})
        assert sync(city.database, rules, claim(city.database, jurisdiction)) == "succeeded"
        drain(city.database, rules, jurisdiction)
    books(city.database)
    with calling(create_app(Settings(jurisdiction=JURISDICTIONS[0]), city.database, registry, {})) as caller:
        client = trusted(caller, city.database.url)
        for jurisdiction in JURISDICTIONS:
            _joined(client, jurisdiction)
            _alone(client, jurisdiction)
            _accounted(client, jurisdiction)


def _joined(client: Client, jurisdiction: int) -> None:
    """The approval that bears the code of a signed project is a member of that project, and proof in its loop."""
    project, record = rid("commerce.signed", "A-1", jurisdiction), rid(KEY, WITH_CODE, jurisdiction)
    assert client.get(f"/projects/{record}").headers["location"] == f"/api/v1/projects/{project}"
    members = {member["record_id"]: member for member in client.get(f"/projects/{project}").json()["members"]}
    assert set(members) == {project, record}
    assert (members[record]["department"], members[record]["source"]) == ("water", KEY)
    approval = _evidence(client, project)["I6", record]
    assert (approval["number"], approval["rank"], approval["on"]) == (WITH_CODE, "C", "2024-05-30")
    found = client.get("/projects", department="water", jurisdiction=jurisdiction).json()["items"]
    assert project in {item["project_id"] for item in found}


def _alone(client: Client, jurisdiction: int) -> None:
    """The approval without a code stands alone as a project with a loop of its own."""
    project = rid(KEY, ALONE, jurisdiction)
    assert client.get(f"/projects/{project}").json()["departments"] == ["water"]
    assert ("I6", project) in _evidence(client, project)


def _accounted(client: Client, jurisdiction: int) -> None:
    told = client.get(f"/sources/{KEY}", jurisdiction=jurisdiction).json()
    assert (told["state"], told["zh"], told["department"]) == ("ok", "洪水影响评价审批", "water")
    counts = told["counts"]
    assert counts["received"] == counts["kept"] + counts["unchanged"] + counts["unreadable"]
    assert counts["kept"] == counts["accepted"] + counts["rejected"]
    assert counts["accepted"] == 2


def _evidence(client: Client, project: str) -> dict[tuple[str, str], Any]:
    ledger = client.get(f"/projects/{project}/lifecycle").json()
    return {
        (milestone["code"], proof["record_id"]): proof
        for stage in ledger["stages"]
        for milestone in stage["milestones"]
        for proof in milestone["proofs"]
    }


def _core() -> dict[str, str]:
    """Every file of the core with its hash."""
    files = (path for room in (*CODE, "migrations") for path in (ROOT / room).rglob("*") if path.is_file())
    return {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "__pycache__" not in path.parts
    }
