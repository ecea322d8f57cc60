from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit


class TestReadFunnel:
    def test_anonymous_sees_every_project_at_its_stage(self, reader: Client) -> None:
        funnel = reader.get("/portfolio/funnel").json()
        assert funnel["projects"] == 2
        assert Decimal(funnel["investment"]) == Decimal(1200000000)
        assert [(row["stage"], row["projects"]) for row in funnel["stages"]] == [("CONSTRUCTION_PERMIT", 2)]
        assert funnel["stages"][0]["loop"] == {"open": 1, "partial": 1, "closed": 0}

    def test_both_jurisdictions_are_counted_apart(self, reader: Client) -> None:
        assert reader.get("/portfolio/funnel", jurisdiction=JURISDICTIONS[1]).json()["projects"] == 2

    @pytest.mark.parametrize(
        ("filters", "projects"),
        [
            ({"district": "430204"}, 1),
            ({"loop": "partial"}, 1),
            ({"path": "granted"}, 2),
            ({"stage": "LEAD"}, 0),
        ],
    )
    def test_every_filter_narrows(self, reader: Client, filters: dict[str, str], projects: int) -> None:
        assert reader.get("/portfolio/funnel", **filters).json()["projects"] == projects

    def test_it_agrees_with_the_list_of_projects(self, client: Client, city: SmallCity) -> None:
        city.land("housing.permits", permit("C-3", "某物流园", code="", owner="某物流有限公司"))
        city.drain()
        projects = client.get("/projects", limit=200).json()["items"]
        assert client.get("/portfolio/funnel").json()["projects"] == len(projects) == 3


class TestReadCoverage:
    def test_anonymous_sees_what_each_department_gives_and_owes(self, reader: Client) -> None:
        cells = _cells(reader.get("/portfolio/coverage").json())
        assert cells["housing", "CONSTRUCTION_PERMIT"] == {"proved": 2}
        assert cells["land", "LAND"] == {"owed": 2}

    def test_freshness_names_the_last_landing_of_each_source(self, reader: Client) -> None:
        fresh = {row["source"]: row for row in reader.get("/portfolio/coverage").json()["freshness"]}
        assert set(fresh) == {"commerce.signed", "housing.events", "housing.permits"}
        assert fresh["housing.permits"]["landed_at"] is not None
        assert fresh["housing.events"]["landed_at"] is None
        assert fresh["housing.permits"]["succeeded_at"] is None

    def test_it_narrows_to_a_department_and_a_stage(self, reader: Client) -> None:
        answer = reader.get("/portfolio/coverage", department="housing", stage="CONSTRUCTION_PERMIT").json()
        assert set(_cells(answer)) == {("housing", "CONSTRUCTION_PERMIT")}
        assert {row["department"] for row in answer["freshness"]} == {"housing"}

    def test_the_cells_stand_in_order_of_life(self, reader: Client) -> None:
        cells = reader.get("/portfolio/coverage", department="commerce").json()["cells"]
        assert [cell["stage"] for cell in cells][:3] == ["LEAD", "NEGOTIATION", "SIGNED"]


def _cells(answer: Any) -> dict[tuple[str, str], dict[str, int]]:
    return {(cell["department"], cell["stage"]): cell["states"] for cell in answer["cells"]}
