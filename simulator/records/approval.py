"""Housing's further tables: single buildings, drawing and fire reviews, approval items with events and documents, supervision."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from simulator.dice import chance, date_of, dice, office_time, stamp
from simulator.model import Project, Row, Table, Works
from simulator.records.history import Scene, number_on
from simulator.records.housing import EVENTS, PERMITS, drawing_review
from simulator.records.land import USE, WORKS
from simulator.records.siting import buildings
from simulator.saying import company_name, place_name, project_name

BUILDINGS, REVIEWS, SUPERVISION = "housing.buildings", "housing.drawing_reviews", "housing.supervision"
ITEMS, STEPS, PAPERS = "housing.item_instances", "housing.item_events", "housing.item_documents"
FIRE_REVIEWS, FIRE_ACCEPTANCES = "housing.fire_reviews", "housing.fire_acceptances"

_HEAD = "LSH DFSJZJ XZQHDM XMDM GCDM"
_STATE = "SJYXBS SJWXYY SJSCZT SBYY SJGXSJ"
_FIRE = """JSDW JSDWDM JSDWLX JSDWXMFZR JSFZRZJHM JSFZRZJLX JSFZRLXDH GCMC SQRQ GCDZ JSXZ GCTZE ZJZMJ LXPFWJ LXPFRQ
    YDGHXKWJ YDGHXKRQ GCGHXKZBH TSXFSJ TSJSGCQX SFBHZXZSGC ZXBW ZXMJ ZXSZCS SFGBYT YYYT SFSYBWCL BWCLLB BWSZCS BWBW BWCL
    SCDW SCRQ SCYJ CZWT LXR LXRSJH"""

TABLES = {
    BUILDINGS: Table(
        "SPGL_XMDTXXB",
        "DTBM",
        f"""{_HEAD} SPSXSLBM XKBABH DTMC DTBM GCYT GMZB JGTX NHDJ JZFS DTJWDZB DTGCZZJ JZMJ DSJZMJ DXJZMJ ZDMJ JZGCGD DSCS
            DXCS CD KD {_STATE}""",
    ),
    REVIEWS: Table(
        "SPGL_SGTSJWJSCXXB",
        "SCHGSBH",
        f"""{_HEAD} STYWBH JSDW JSTYSHXYDM KCJG SJDW SJTYSHXYDM SCJG SFYRFLHSC SFYXFLHSC SFSZHSC SCKSRQ SCHGSBH CSWCSJ
            CSSFTG CSYJ SCZFXWFQTZS SCTGSJ {_STATE}""",
    ),
    ITEMS: Table(
        "SPGL_XMSPSXBLXXB",
        "SPSXSLBM",
        f"""{_HEAD} SPSXBM SPSXBBH SPLCBM SPLCBBH SPSXSLBM SPBMBM SPBMMC SLFS GKFS BLSPSLBM SXBLSX LXR LXRSJH YWQX
            QYPGDYBM YYQYPGQK SXGZCNZSPQK {_STATE}""",
    ),
    STEPS: Table(
        "SPGL_XMSPSXBLXXXXB",
        "LSH",
        f"{_HEAD} SPSXSLBM SPSXMC DWMC DWTYSHXYDM SJLY BLCS BLR BLZT BLYJ BLSJ {_STATE}",
    ),
    PAPERS: Table(
        "SPGL_XMSPSXPFWJXXB",
        "FJID",
        f"{_HEAD} SPSXSLBM PFRQ PFWH PFWJBT PFWJYXQX SPJGLX ZZBH ZZBS DZZZWJLJ FJMC FJID FJLX {_STATE}",
    ),
    FIRE_REVIEWS: Table(
        "SPGL_JSGCXFSJSCXXB",
        "SPSXSLBM",
        f"{_HEAD} SPSXSLBM {_FIRE} GCGHXKRQ LSXJZPZWJ LSXJZPZRQ SFJQXXF XFCSJQT GCJYSM {_STATE}",
    ),
    FIRE_ACCEPTANCES: Table(
        "SPGL_JSGCXFYSXXB",
        "SPSXSLBM",
        f"""{_HEAD} SPSXSLBM {_FIRE} GGFZRQ TSGCXFSJSCWH SCHGRQ ZMWH FZHPZKGRQ SGGCXFGLQK XFSYJSFWDWTBRQ XFCYQK XMFZR
            JSDWTBRQ XFSJWJSSQK SJDWTBRQ GCJLQK JLDWTBRQ GCSGQK SGZCBDWTBRQ XFZYFBDWTBRQ XFLTLSQK XFLTLSJSFWDWTBRQ BZ {_STATE}""",
    ),
    SUPERVISION: Table(
        "ZAJ_JDXX",
        "JDZCH",
        "JDZCH XMDM SGXKZBH GCDM GCMC JSDW SGDW JLDW ZJRQ SCJDRQ XXJD JDZT XZQHDM SJYXBS GXSJ LSH",
        in_place=True,
    ),
}
"""The further tables, by source."""

_NUMBERS = {
    BUILDINGS: 21,
    REVIEWS: 38,
    ITEMS: 11,
    STEPS: 12,
    PAPERS: 13,
    FIRE_REVIEWS: 41,
    FIRE_ACCEPTANCES: 45,
}
_NUMBERS |= {SUPERVISION: 60}


class _Item(NamedTuple):
    """An approval item: the letter of its case number, its code and name, the days promised, who decides."""

    letter: str
    code: str
    name: str
    promised: int
    desk: str
    word: str


_ITEMS = (
    _Item("X", "430200SX0308", "特殊建设工程消防设计审查", 10, "消防科", "消审"),
    _Item("S", "430200SX0312", "建筑工程施工许可证核发", 7, "建管科", "建许"),
    _Item("Y", "430200SX0316", "特殊建设工程消防验收", 10, "消防科", "消验"),
    _Item("J", "430200SX0318", "房屋建筑工程竣工验收备案", 5, "建管科", "竣备"),
)


class _Works:
    """One works about to be told of: the scene, its project, and the rows written so far."""

    def __init__(self, scene: Scene, project: Project, works: Works) -> None:
        self.scene, self.project, self.works = scene, project, works
        self._serial = 0

    def date(self, day: int) -> str:
        return date_of(self.scene.calendar.first, day).isoformat()

    def case(self, letter: str) -> str:
        return f"SX{self.project.index:06d}{self.works.number}{letter}"

    def row(self, source: str, key: str, moment: datetime, day: int, values: dict[str, str]) -> Row:
        """A valid row with the columns all tables share."""
        self._serial += 1
        project, works, number = self.project, self.works, _NUMBERS[source]
        sequence, at = project.index * 10_000 + works.number * 100 + self._serial, stamp(moment)
        common = {
            "LSH": f"{project.district.adcode}{moment:%Y%m%d%H%M%S}{number}{sequence:010d}",
            "DFSJZJ": f"{number}{sequence}",
            "XZQHDM": project.district.adcode,
            "XMDM": project.said_codes.get("housing", ""),
            "GCDM": works.code,
            "SJYXBS": "1",
            "SJSCZT": "1",
            "SJGXSJ": at,
            "GXSJ": at,
        }
        return Row(source, key, at, day, values | common)

    def owner(self, rng: random.Random) -> str:
        return company_name(rng, self.project, self.project.owner.name)

    def number(self, word: str, day: int) -> str:
        """A document number of housing's office, `株消审字〔2024〕第0000011号`."""
        year = date_of(self.scene.calendar.first, day).year
        return f"{self.project.district.name[0]}{word}字〔{year}〕第{self.project.index:06d}{self.works.number}号"

    def planning(self, day: int) -> tuple[str, str]:
        """The land-use and works permits in force on that day, where the project has any."""
        project = self.project
        if "use_permit" not in project.days:
            return "", ""
        return (
            number_on(self.scene, USE, 0, project.use_permit, day),
            number_on(self.scene, WORKS, 0, project.works_permit, day)
            if "works_permit" in project.days
            else "",
        )


def rows(scene: Scene, project: Project) -> Iterator[Row]:
    """The rows of the eight tables for all works that got a permit."""
    for works in project.works:
        if "permit" in works.days:
            told = _Works(scene, project, works)
            yield from _buildings(told)
            yield from _review(told)
            yield from _items(told)
            yield from _supervision(told)


def _buildings(told: _Works) -> Iterator[Row]:
    project, works, day = told.project, told.works, told.works.days["permit"]
    numbers = buildings(project, works.number)
    rng = dice(told.scene.seed, project.key, BUILDINGS, works.number)
    moment = office_time(told.scene.calendar.first, day, rng)
    floor = works.floor_area // len(numbers)
    for n in numbers:
        key = f"DT{project.index:06d}{works.number}{n:02d}"
        storeys = rng.choice((1, 2, 3, 5, 11))
        values = {
            "SPSXSLBM": told.case("S"),
            "XKBABH": number_on(told.scene, PERMITS, works.number, works.permit, day),
            "DTMC": f"{n}#{rng.choice(('厂房', '厂房', '仓库', '综合楼'))}"
            if not project.municipal
            else f"道路{n}段",
            "DTBM": key,
            "GCYT": "道路" if project.municipal else "厂房",
            "GMZB": "1",
            "JGTX": rng.choice(("钢结构", "框架结构", "剪力墙结构")),
            "DTGCZZJ": f"{works.price * 0.9 / len(numbers):.2f}",
            "JZMJ": str(floor),
            "ZDMJ": str(floor // storeys),
            "JZGCGD": f"{storeys * 4.5:.1f}",
            "DSCS": str(storeys),
            "DXCS": "0",
        }
        yield told.row(BUILDINGS, key, moment, day, values)


def _review(told: _Works) -> Iterator[Row]:
    project, works = told.project, told.works
    rng = dice(told.scene.seed, project.key, REVIEWS, works.number)
    day = max(0, works.days["permit"] - rng.randint(15, 40))
    number = drawing_review(told.scene, project, works)
    values = {
        "STYWBH": f"ST{project.index:06d}{works.number}",
        "JSDW": told.owner(rng),
        "JSTYSHXYDM": project.owner.uscc if chance(rng, 0.85) or project.easy else "",
        "SJDW": f"{project.brand}设计院有限公司",
        "SCJG": f"{project.district.name}施工图审查中心",
        "SCKSRQ": told.date(day - 12),
        "SCHGSBH": number,
        "CSWCSJ": told.date(day - 4),
        "CSSFTG": "1",
        "SCZFXWFQTZS": str(rng.choice((0, 0, 0, 1, 2))),
        "SCTGSJ": told.date(day),
    }
    yield told.row(REVIEWS, number, office_time(told.scene.calendar.first, day, rng), day, values)


def _items(told: _Works) -> Iterator[Row]:
    """Every item with its case, its events up to the decision, its document, and what fire safety records of its own."""
    works = told.works
    rng = dice(told.scene.seed, told.project.key, ITEMS, works.number)
    ahead, before = rng.randint(3, 14), rng.randint(3, 9)
    decided = {"X": works.days["permit"] - ahead, "S": works.days["permit"]}
    if "completed" in works.days:
        decided |= {"Y": works.days["completed"] - before, "J": works.days["completed"]}
    for item in _ITEMS:
        if item.letter in decided:
            yield from _item(told, item, max(1, decided[item.letter]), rng)


def _item(told: _Works, item: _Item, day: int, rng: random.Random) -> Iterator[Row]:
    case, authority = told.case(item.letter), told.project.district.name + "住房和城乡建设局"
    steps = _steps(rng, item, datetime.combine(date_of(told.scene.calendar.first, day), datetime.min.time()))
    begun = steps[0][1]
    first = told.scene.calendar.first
    instance = {
        "SPSXBM": item.code,
        "SPSXBBH": "1",
        "SPSXSLBM": case,
        "SPBMBM": f"{told.project.district.adcode}ZJ",
        "SPBMMC": authority,
        "SLFS": "1",
        "GKFS": "1",
        "SXBLSX": str(item.promised),
        "YWQX": "新办",
    }
    yield told.row(ITEMS, case, begun, max(0, (begun.date() - first).days), instance)
    for status, moment, opinion in steps:
        key = f"{case}|{status}|{stamp(moment)}"
        event = {
            "SPSXSLBM": case,
            "SPSXMC": item.name,
            "DWMC": authority,
            "SJLY": "1",
            "BLCS": item.desk,
            "BLZT": str(status),
            "BLYJ": opinion,
            "BLSJ": stamp(moment),
        }
        yield told.row(STEPS, key, moment, max(0, (moment.date() - first).days), event)
    decision = steps[-1][1]
    number = told.number(item.word, day)
    certificate = {"S": told.works.permit, "J": told.works.completion}.get(item.letter, "")
    paper = {
        "SPSXSLBM": case,
        "PFRQ": decision.date().isoformat(),
        "PFWH": number,
        "PFWJBT": item.name.removesuffix("核发"),
        "SPJGLX": "1",
        "ZZBH": certificate,
        "FJMC": f"{item.name}.ofd",
        "FJID": f"FJ{case[2:]}",
        "FJLX": "1",
    }
    yield told.row(PAPERS, paper["FJID"], decision + timedelta(minutes=1), day, paper)
    if item.letter in "XY":
        yield _fire(told, item, day, decision, rng)


def _steps(rng: random.Random, item: _Item, decided: datetime) -> list[tuple[int, datetime, str]]:
    """The events of an item: received, accepted, 30 % with a clock stop for correction, 15 % for a special procedure."""
    correcting, special = chance(rng, 0.3), chance(rng, 0.15)
    stopped, away = rng.randint(2, 9), rng.randint(5, 20)
    moment = decided - timedelta(days=item.promised - 2 + stopped * correcting + away * special)
    story: list[tuple[int, datetime, str]] = [(1, moment + timedelta(hours=9), "")]
    if correcting:
        story.append((6, moment + timedelta(hours=10), "请补正材料"))
        moment += timedelta(days=stopped)
        story.append((7, moment + timedelta(hours=15), "材料已补正"))
    story.append((3, moment + timedelta(hours=16), "予以受理"))
    story.append((8, moment + timedelta(days=1, hours=9), ""))
    if special:
        story.append((9, moment + timedelta(days=1, hours=10), "现场踏勘"))
        moment += timedelta(days=away)
        story.append((10, moment + timedelta(days=1, hours=11), "踏勘结束"))
    story.append((12 if chance(rng, 0.05) else 11, decided + timedelta(hours=17), "同意"))
    return story


def _fire(told: _Works, item: _Item, day: int, decision: datetime, rng: random.Random) -> Row:
    project, works = told.project, told.works
    use, permit = told.planning(day)
    accepted = item.letter == "Y"
    values = {
        "SPSXSLBM": told.case(item.letter),
        "JSDW": told.owner(rng),
        "JSDWDM": project.owner.uscc if chance(rng, 0.85) or project.easy else "",
        "JSDWLX": "1",
        "GCMC": project_name(rng, project, "housing") + works.label,
        "SQRQ": told.date(day - item.promised),
        "GCDZ": place_name(rng, project),
        "JSXZ": "1",
        "GCTZE": str(works.price),
        "ZJZMJ": str(works.floor_area),
        "YDGHXKWJ": use,
        "GCGHXKZBH": permit,
        "SCDW": project.district.name + "住房和城乡建设局",
        "SCRQ": told.date(day),
        "SCYJ": "验收合格" if accepted else "审查合格",
    }
    if accepted:
        values["ZMWH"] = number_on(told.scene, PERMITS, works.number, works.permit, day)
        values["FZHPZKGRQ"] = told.date(works.days["permit"])
    source = FIRE_ACCEPTANCES if accepted else FIRE_REVIEWS
    return told.row(source, values["SPSXSLBM"], decision + timedelta(minutes=2), day, values)


def _supervision(told: _Works) -> Iterator[Row]:
    """The registration, changed in place when works start, reach the roof and end; on the days the pushed events tell."""
    project, works, first = told.project, told.works, told.scene.calendar.first
    pushed = dice(told.scene.seed, project.key, EVENTS, works.number)
    registered = works.days["permit"] + pushed.randint(1, 8)
    rng = dice(told.scene.seed, project.key, SUPERVISION, works.number)
    key = told.number("质监", registered).replace("字", "").removesuffix("号")
    values = {
        "JDZCH": key,
        "SGXKZBH": number_on(told.scene, PERMITS, works.number, works.permit, registered),
        "GCMC": project_name(rng, project, "housing") + works.label,
        "JSDW": told.owner(rng),
        "SGDW": f"{project.brand}建工集团有限公司",
        "JLDW": f"{project.brand}监理有限公司",
        "ZJRQ": told.date(registered),
        "SCJDRQ": "",
        "XXJD": "",
        "JDZT": "在建",
    }
    yield told.row(SUPERVISION, key, office_time(first, registered, rng), registered, dict(values))
    if "started" not in works.days:
        return
    visited = max(registered, works.days["started"] + pushed.randint(1, 10))
    values |= {"SCJDRQ": told.date(visited), "XXJD": "桩基施工"}
    yield told.row(SUPERVISION, key, office_time(first, visited, rng), visited, dict(values))
    if "finished" not in works.days:
        return
    roof = max(visited + 1, (visited + works.days["finished"]) // 2)
    values |= {"XXJD": "主体封顶"}
    yield told.row(SUPERVISION, key, office_time(first, roof, rng), roof, dict(values))
    ended = max(roof + 1, works.days["finished"])
    values |= {"XXJD": "100%", "JDZT": "完工"}
    yield told.row(SUPERVISION, key, office_time(first, ended, rng), ended, dict(values))
