from __future__ import annotations

from typing import Any

import pytest

from app.demo.figures import collect, faults, report
from tests.support.corridor import opened
from tests.support.small_city import small_city


def good() -> dict[str, Any]:
    counts = {"received": 5, "kept": 3, "unchanged": 1, "unreadable": 1, "accepted": 2, "rejected": 1}
    return {
        **counts,
        "projects": 2,
        "stages": {"LAND": 1, "NONE": 1},
        "loop": {"open": 2, "partial": 0, "closed": 0},
        "sources": {"land.supply": dict(counts)},
    }


def test_figures_that_add_up_have_no_fault() -> None:
    assert faults(good()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"received": 6}, "received is not kept"),
        ({"rejected": 2}, "kept is not accepted"),
        ({"unchanged": 2, "unreadable": 0}, "do not sum to the whole"),
        ({"loop": {"open": 1}}, "loop states do not sum"),
        ({"stages": {"LAND": 1}}, "stages do not sum"),
        ({"projects": 0, "stages": {}, "loop": {}}, "no project is served"),
    ],
)
def test_every_account_that_does_not_add_up_is_named(change: dict[str, Any], told: str) -> None:
    assert any(told in fault for fault in faults(good() | change))


def test_projects_at_no_stage_yet_are_counted_and_shown(database_url: str, tmp_path: Any) -> None:
    city = small_city(database_url)
    city.fill()
    city.land("commerce.signed", {"no": "N-1", "name": "全新物流仓储中心"})
    city.drain()
    city.database.close()
    truth = tmp_path / "truth.csv"
    truth.write_text("source,key,project\ncommerce.signed,N-1,new\n")
    with opened(database_url) as database, database.read() as connection:
        figures = collect(connection, 430200, truth)
    assert figures["projects"] == sum(figures["stages"].values())
    assert figures["stages"]["NONE"] == 1
    assert "尚无阶段" in report(figures | {"seconds": 1}, [])
