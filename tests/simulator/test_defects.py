from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path as File

import openpyxl
import pytest

from simulator.city import WEEKS_KEPT, City, make_city
from simulator.defects import DEFECTS, OTHER_NAMES, Defect
from simulator.feeds import Feeds, Plan
from simulator.incidents import API, SPAN, WEEKLY
from simulator.model import Path, Project, Row
from simulator.records import commerce, housing, land
from simulator.systems.commerce_folder import SHEET

Said = list[tuple[Project, Row]]


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(21, 2000, difficulty="hard")


@pytest.fixture(scope="module")
def said(city: City) -> Said:
    """Every row of the hard city's projects; prepared cases are free of chance noise."""
    return [(project, row) for project, row in city.rows() if project.hard]


def _first(said: Said, *sources: str) -> Iterator[tuple[Project, Row]]:
    """The first row of every record of these sources."""
    seen = set()
    for project, row in said:
        if row.source in sources and (row.source, row.key) not in seen:
            seen.add((row.source, row.key))
            yield project, row


def _iso(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and text != "0000-00-00"


def _names(city: City, said: Said) -> Iterator[bool]:
    names: dict[str, list[str]] = defaultdict(list)
    for project, row in _first(said, API, land.USE, land.WORKS, housing.PROJECTS):
        names[project.key].append(row.values["XMMC"].strip())
    return (len(set(told)) > 1 for told in names.values() if len(told) > 2)


def _companies(city: City, said: Said) -> Iterator[bool]:
    columns = {land.USE: "YDDW", land.WORKS: "JSDW", housing.PROJECTS: "JSDW", housing.PERMITS: "JSDW"}
    return (row.values[columns[row.source]] != p.owner.name for p, row in _first(said, *columns))


def _codes(city: City, said: Said) -> Iterator[bool]:
    rows = (row.values["XMDM"] for project, row in _first(said, housing.PROJECTS) if row.values["XMDM"])
    return (not re.fullmatch(r"\d{4}-\d{6}-04-01-\d{6}", code) for code in rows)


def _units(city: City, said: Said) -> Iterator[bool]:
    rows = [row.values for _, row in _first(said, API) if not row.key.startswith("CS")]
    return (v["HTYZE"].isdigit() and float(v["HTYZE"]) > 100 * float(v["NTZZE"]) for v in rows)


def _money(city: City, said: Said) -> Iterator[bool]:
    return (not row.values["HTYZE"].replace(".", "").isdigit() for _, row in _first(said, API))


def _dates(city: City, said: Said) -> Iterator[bool]:
    return (not _iso(row.values["FZRQ"]) for _, row in _first(said, land.USE, land.WORKS))


def _stray(city: City, said: Said) -> Iterator[bool]:
    rows = (row for _, row in _first(said, API) if not row.key.startswith("CS"))
    return (bool(re.search("[\u200b\xa0\n\u3000 \ufeff]", row.values["XMMC"])) for row in rows)


def _works(city: City, said: Said) -> Iterator[bool]:
    return (len(project.works) > 1 for project in city.projects if project.hard)


def _granted(city: City) -> list[Project]:
    return [p for p in city.projects if p.hard and p.path is Path.GRANTED and "supply" in p.days]


def _parcels(city: City, said: Said) -> Iterator[bool]:
    return (bool(project.more_parcels) for project in _granted(city))


def _platform(city: City, said: Said) -> Iterator[bool]:
    return (project.holder is not None for project in _granted(city))


def _anew(city: City, said: Said) -> Iterator[bool]:
    kinds = [i.kind for many in city.incidents.values() for i in many]
    happened = kinds.count("reissue")
    return iter([True] * happened + [False] * (len(city.projects) - happened))


def _early(city: City, said: Said) -> Iterator[bool]:
    built = (p.days for p in city.projects if p.hard and {"permit", "started"} <= set(p.days))
    return (days["started"] < days["permit"] for days in built)


def _vanished(city: City, said: Said) -> Iterator[bool]:
    """A new city has a week of them behind it."""
    hard = [project for project in city.projects if project.hard]
    kinds = [i.kind for project in hard for i in city.scene(project).of(WEEKLY, 0)]
    happened = round(kinds.count("vanish") * SPAN / 7)
    return iter([True] * happened + [False] * (len(city.projects) - happened))


def _twice(city: City, said: Said) -> Iterator[bool]:
    told: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for _, row in said:
        if row.source in housing.TABLES:
            told[row.source, row.key].append({k: v for k, v in row.values.items() if k != "LSH"})
    return (any(values.count(one) > 1 for one in values) for values in told.values())


def _tests(city: City, said: Said) -> Iterator[bool]:
    return (row.values["XMMC"] in {"测试项目", "测试", "111", "test"} for _, row in _first(said, API))


def _renamed(city: City, said: Said) -> Iterator[bool]:
    rows = (
        x for x in _first(said, API) if not x[1].key.startswith("CS") and x[0].district.adcode in OTHER_NAMES
    )
    return (row.values["SSQX"] != project.district.name for project, row in rows)


def _unprintable(city: City, said: Said) -> Iterator[bool]:
    rows = _first(said, API, land.USE, land.WORKS, housing.PROJECTS)
    return ("?" in row.values["XMMC"] for _, row in rows)


def _zero(city: City, said: Said) -> Iterator[bool]:
    rows = _first(said, housing.PROJECTS)
    return (row.values["YDMJ"] == "0" for project, row in rows if project.parcel)


def _jargon(city: City, said: Said) -> Iterator[bool]:
    for project in city.projects:
        days = project.days
        waiting = days["signed"] <= city.day < days.get("started", city.day + 1)
        if project.hard and project.signing and not project.ends and waiting:
            yield commerce.state(city.scene(project), project, city.day)["LYZT"] == "已开工"


SHEETS = 8
"""Counted in written sheets, below."""
COUNTS: dict[int, Callable[[City, Said], Iterable[bool]]] = {
    1: _names, 2: _companies, 3: _codes, 4: _units, 5: _money, 6: _dates, 7: _stray, 9: _works, 10: _parcels,
    11: _platform, 12: _anew, 13: _early, 14: _vanished, 15: _twice, 16: _tests, 17: _renamed, 18: _unprintable,
    19: _zero, 20: _jargon,
}  # fmt: skip


def test_the_catalogue_has_twenty_defects_each_once() -> None:
    assert [defect.number for defect in DEFECTS] == list(range(1, 21))
    assert sorted([*COUNTS, SHEETS]) == list(range(1, 21))
    assert len({defect.name for defect in DEFECTS}) == 20


@pytest.mark.parametrize(
    "defect",
    [defect for defect in DEFECTS if defect.number != SHEETS],
    ids=lambda defect: f"{defect.number:02d}",
)
def test_a_defect_happens_at_its_rate(city: City, said: Said, defect: Defect) -> None:
    happened = list(COUNTS[defect.number](city, said))
    share = sum(happened) / len(happened)
    assert any(happened)
    spread = max(4 * (defect.rate * (1 - defect.rate) / len(happened)) ** 0.5, 0.1 * defect.rate)
    assert share == pytest.approx(defect.rate, abs=spread)


def test_every_weekly_sheet_has_merged_heads_subtotals_and_a_note(tmp_path: File) -> None:
    feeds = Feeds(Plan(tmp_path, projects=60, difficulty="hard"))
    feeds.close()
    sheets = sorted((tmp_path / "commerce").iterdir())
    assert len(sheets) == WEEKS_KEPT
    assert DEFECTS[SHEETS - 1].rate == 1
    for path in sheets:
        sheet = openpyxl.load_workbook(path)[SHEET]
        first = [str(row[0]) for row in sheet.iter_rows(min_row=4, values_only=True)]
        assert {str(area) for area in sheet.merged_cells.ranges} >= {"A1:X1", "J2:M2"}
        assert "小计" in first
        assert first[-1].startswith("填报说明")


def test_test_data_is_nobodys_record(city: City, said: Said) -> None:
    tried = {row.key for _, row in said if row.source == API and row.key.startswith("CS")}
    assert len(tried) > 5
    assert not tried & {key for _, key, _ in city.truth()}


def test_land_of_a_platform_company_bears_its_name_and_the_permits_the_builders(said: Said) -> None:
    for project, row in _first(said, land.SUPPLY):
        if project.holder and row.values["TYSHXYDM"]:
            assert row.values["TYSHXYDM"] == project.holder.uscc


def test_the_easy_city_has_none_of_the_thrown_defects() -> None:
    city = make_city(21, 300)
    assert not [p for p in city.projects if p.hard or p.more_parcels or p.holder or p.aliases]
