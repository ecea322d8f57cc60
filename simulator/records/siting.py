"""Land's further papers: 预审选址, 农转用, 不动产登记 and 规划核实 in the exchange database."""

from __future__ import annotations

import random
from collections.abc import Iterator

from simulator.areas import city_area
from simulator.dice import chance, date_of, dice, office_time, stamp
from simulator.model import GROUNDLESS, Project, Row, Scenario, Table
from simulator.records.history import Scene, number_on
from simulator.records.land import WORKS, opinion_number, purpose, supplied
from simulator.saying import company_name, place_name, project_name

OPINIONS, CONVERSIONS = "land.site_opinions", "land.conversions"
REAL_ESTATE, VERIFICATIONS = "land.real_estate", "land.verifications"

TABLES = {
    OPINIONS: Table(
        "ZRZY_YDYSXZ",
        "YSXZBH",
        "YSXZBH XMMC XMDM JSDW TYSHXYDM NXZWZ NYDMJ XZJSYD GDMJ TDYT JSGM FZJG FZRQ YXQZ XZQDM SJYXBS GXSJ",
    ),
    CONVERSIONS: Table("ZRZY_NZYPF", "PFWH", "PFWH DZJGH JSXMMC XMWZ YDZMJ GDMJ PFRQ PZJG PCLX SJYXBS GXSJ"),
    REAL_ESTATE: Table("BDC_DJXX", "BDCDYH", "BDCDYH BDCQZH QLR ZJH QLLX YT MJ ZL DJSJ HTBH SJYXBS GXSJ"),
    VERIFICATIONS: Table("ZRZY_GHHS", "HSHGZH", "HSHGZH GCGHXKZBH HSRQ JL SJYXBS GXSJ"),
}
"""The further tables of the exchange database, by source."""

_CERTIFICATES = 40
"""Numbers of 不动产权证 kept for a project: ten for parcels, the others for units."""
_UNITS = 12
"""Units of the building of the case of many units."""


def rows(scene: Scene, project: Project) -> Iterator[Row]:
    """The rows of the four tables; each paper is written once."""
    if project.path not in GROUNDLESS:
        yield from _opinion(scene, project)
        yield from _conversions(scene, project)
        yield from _real_estate(scene, project)
        yield from _verification(scene, project)


def _row(scene: Scene, source: str, key: str, day: int, rng: random.Random, values: dict[str, str]) -> Row:
    at = stamp(office_time(scene.calendar.first, day, rng))
    return Row(source, key, at, day, {**values, TABLES[source].key: key, "SJYXBS": "1", "GXSJ": at})


def _opinion(scene: Scene, project: Project) -> Iterator[Row]:
    number = opinion_number(scene, project)
    if not number or project.parcel is None:
        return
    rng, first = dice(scene.seed, project.key, OPINIONS), scene.calendar.first
    day = project.days["code"] + rng.randint(5, 25)
    issued = date_of(first, day)
    hectares = project.parcel.area / 10_000
    yield _row(
        scene,
        OPINIONS,
        number,
        day,
        rng,
        {
            "XMMC": project_name(rng, project, "land"),
            "XMDM": project.code if chance(rng, 0.5) and not project.hidden_from("land") else "",
            "JSDW": company_name(rng, project, project.owner.name),
            "TYSHXYDM": project.owner.uscc if chance(rng, 0.8) or project.easy else "",
            "NXZWZ": place_name(rng, project),
            "NYDMJ": f"{hectares * 1.02:.4f}",
            "XZJSYD": f"{hectares * 0.7:.4f}",
            "GDMJ": f"{hectares * 0.3:.4f}",
            "TDYT": purpose(project),
            "JSGM": f"总建筑面积{sum(w.floor_area for w in project.works)}平方米",
            "FZJG": project.district.name + "自然资源局",
            "FZRQ": issued.isoformat(),
            "YXQZ": issued.replace(year=issued.year + 3, day=min(issued.day, 28)).isoformat(),
            "XZQDM": project.district.adcode,
        },
    )


def _conversions(scene: Scene, project: Project) -> Iterator[Row]:
    first = scene.calendar.first
    for part, parcel, supplied_on in supplied(project):
        rng = dice(scene.seed, project.key, CONVERSIONS, part)
        day = max(0, supplied_on - rng.randint(20, 60))
        yield _row(
            scene,
            CONVERSIONS,
            parcel.approval,
            day,
            rng,
            {
                "DZJGH": parcel.supervision if chance(rng, 0.5) else "",
                "JSXMMC": project_name(rng, project, "land") if chance(rng, 0.8) or project.easy else "",
                "XMWZ": place_name(rng, project),
                "YDZMJ": f"{parcel.area / 10_000:.4f}",
                "GDMJ": f"{parcel.area / 10_000 * 0.3:.4f}",
                "PFRQ": date_of(first, day).isoformat(),
                "PZJG": "湖南省人民政府",
                "PCLX": rng.choice(("单独选址", "城镇批次", "城镇批次")),
            },
        )


def _real_estate(scene: Scene, project: Project) -> Iterator[Row]:
    """The land once it may be used, and every unit of the buildings once all works are filed."""
    if "use_permit" not in project.days:
        return
    completed = [works.days.get("completed") for works in project.works]
    done = [day for day in completed if day is not None]
    serial = project.index * _CERTIFICATES + 1
    city = city_area(int(project.district.adcode[:4] + "00")).name
    for part, parcel, supplied_on in supplied(project):
        rng = dice(scene.seed, project.key, REAL_ESTATE, part)
        ground = f"{project.district.adcode}{project.index // 100_000 + 1:03d}{part + 1:03d}GB{project.index % 100_000:05d}"
        told = {
            "QLR": project.on_land.name,
            "ZJH": project.on_land.uscc,
            "YT": purpose(project),
            "ZL": place_name(rng, project),
            "HTBH": parcel.contract if chance(rng, 0.7) or project.easy else "",
        }
        day = max(project.days["use_permit"], supplied_on) + rng.randint(10, 40)
        right = {"QLLX": "国有建设用地使用权", "MJ": f"{parcel.area:.2f}"}
        yield _registered(scene, city, f"{ground}W00000000", serial + part, day, rng, told | right)
        if part == 0 and len(done) == len(project.works):
            day = max(*done, day) + rng.randint(20, 60)
            many = project.scenario is Scenario.FLOOR_UNITS
            count = _UNITS if many else sum(len(buildings(project, works.number)) for works in project.works)
            floor = sum(works.floor_area for works in project.works)
            right = {"QLLX": "国有建设用地使用权/房屋（构筑物）所有权", "MJ": f"{floor / count:.2f}"}
            for n in range(1, count + 1):
                unit = f"F0001{n:04d}" if many else f"F{n:04d}0001"
                yield _registered(scene, city, ground + unit, serial + 9 + n, day, rng, told | right)


def _registered(
    scene: Scene, city: str, unit: str, serial: int, day: int, rng: random.Random, values: dict[str, str]
) -> Row:
    on = date_of(scene.calendar.first, day)
    number = f"湘({on.year}){city}不动产权第{serial:07d}号"
    said = {**values, "BDCQZH": number, "DJSJ": f"{on} 11:20:00"}
    return _row(scene, REAL_ESTATE, unit, day, rng, said)


def buildings(project: Project, number: int) -> range:
    """The numbers of the single buildings 单体 of one works, counted through the project; the case of three works has seven."""
    if project.scenario is Scenario.THREE_WORKS:
        begin, end = ((1, 4), (4, 6), (6, 8))[number - 1]
        return range(begin, end)
    count = (project.index * 7 + 3) % 3 + 1 if project.scenario is not Scenario.FLOOR_UNITS else 1
    return range((number - 1) * count + 1, number * count + 1)


def _verification(scene: Scene, project: Project) -> Iterator[Row]:
    if "works_permit" not in project.days or "finished" not in project.days:
        return
    rng = dice(scene.seed, project.key, VERIFICATIONS)
    day = project.days["finished"] + rng.randint(3, 12)
    on = date_of(scene.calendar.first, day)
    number = f"{project.district.name[0]}规核字〔{on.year}〕第{project.index:06d}号"
    values = {
        "GCGHXKZBH": number_on(scene, WORKS, 0, project.works_permit, day),
        "HSRQ": on.isoformat(),
        "JL": "合格",
    }
    yield _row(scene, VERIFICATIONS, number, day, rng, values)
