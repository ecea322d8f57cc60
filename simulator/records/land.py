"""Land and planning: supply, land-use and works permits in the exchange database, 供地结果 for the published files."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date

from simulator import defects
from simulator.dice import chance, date_of, dice, stamp
from simulator.model import Company, Parcel, Path, Project, Row, Table
from simulator.records import issued
from simulator.records.history import Scene, Telling, number_on, versions
from simulator.saying import cited, company_name, full_width, place_name, project_name, roughly

SUPPLY, USE, WORKS, LANDCHINA = "land.supply", "land.use_permits", "land.works_permits", "land.landchina"

TABLES = {
    SUPPLY: Table(
        "ZRZY_GDXX",
        "TDGYID",
        """TDGYID DZJGH HTBH PFWH ZDBH XMMC SRDW SRR TYSHXYDM TDWZ TDMJ TDYT ZSLX GDFS TDLY CRNX CJJK CJRQ HTQDRQ
            YDJDSJ YDKGRQ YDJGSJ SJKGRQ SJJGRQ RJLMIN RJLMAX HYFL XZQDM PZJG GGBH GGSJ SJYXBS GXSJ""",
    ),
    USE: Table(
        "ZRZY_YDGHXK",
        "YDGHXKZBH",
        """YDGHXKZBH XMMC XMDM YDDW YDTYSHXYDM PZYDJG PZYDWH YDWZ YDMJ TDYT JSGM TDHQFS FZJG FZRQ GCDM XZQDM SJYXBS
            GXSJ""",
    ),
    WORKS: Table(
        "ZRZY_GCGHXK",
        "GCGHXKZBH",
        """GCGHXKZBH YDXKZH YSXZZH TZPZWH XMMC XMDM JSDW TYSHXYDM JSWZ ZJZMJ DSZJZMJ DXZJZMJ RJL ZTZ FZRQ FZJG XZQDM
            SJYXBS GXSJ""",
    ),
}
"""The tables of the exchange database, by source."""

LANDCHINA_HEADS = (
    "合同签订日期:",
    "供地方式:",
    "项目位置:",
    "行政区:",
    "面积(公顷):",
    "土地用途:",
    "行业分类:",
    "电子监管号：",
    "土地级别:",
    "土地来源:",
    "批准单位:",
    "约定开工时间:",
    "约定竣工时间:",
    "实际开工时间",
    "实际竣工时间",
    "成交价格(万元):",
    "约定交地时间:",
    "项目名称:",
    "土地使用年限:",
    "土地使用权人",
    "分期数",
    "约定支付日期",
    "约定支付金额(万元)",
    "下限:",
    "上限:",
)
"""The heads of the public register's export, as they stand there."""


def rows(scene: Scene, project: Project) -> Iterator[Row]:
    """Every version of the project's rows in the three tables of the exchange database."""
    for part, parcel, day in supplied(project):
        yield from _versions(scene, project, SUPPLY, _supply, parcel.supply_id, day, part, parcel)
    for source, number, fill in (
        (USE, project.use_permit, _use_permit),
        (WORKS, project.works_permit, _works_permit),
    ):
        if (begun := issued(project, source)) is not None:
            yield from _versions(scene, project, source, fill, number, begun)


def supplied(project: Project) -> list[tuple[int, Parcel, int]]:
    """Part number, parcel and day of every supply; a project of one parcel has one, of part 0."""
    day = issued(project, SUPPLY)
    if day is None or project.parcel is None:
        return []
    return [(0, project.parcel, day), *((n, p, on) for n, (p, on) in enumerate(project.more_parcels, 1))]


def _versions(
    scene: Scene,
    project: Project,
    source: str,
    fill: Callable[[Telling], dict[str, str]],
    number: str,
    day: int,
    part: int = 0,
    parcel: Parcel | None = None,
) -> Iterator[Row]:
    """Every version of one record."""
    for version in versions(scene, project, source, part, number=number, issued=day):
        rng = dice(scene.seed, project.key, source, *([part] if part else []))
        at = stamp(version.moment)
        common = {
            TABLES[source].key: version.number,
            "XZQDM": project.district.adcode,
            "SJYXBS": "1" if version.valid else "0",
            "GXSJ": at,
        }
        values = fill(Telling(scene, project, None, rng, day, version, parcel))
        yield Row(source, version.number, at, version.shows, {**values, **common})


def _owner(telling: Telling, company: Company) -> tuple[str, str]:
    """A company's name and credit code as land writes them: 80 % bear the code."""
    owner, known = company, chance(telling.rng, 0.8) or not telling.blur
    return company_name(telling.rng, telling.project, owner.name), owner.uscc if known else ""


def _day(rng: random.Random, value: date, project: Project) -> str:
    """A date column: ISO, 3 % otherwise."""
    style, blur = rng.random(), not project.easy
    if project.hard:
        return defects.odd_date(rng, value) if style < defects.RATE[6] else value.isoformat()
    if blur and style < 0.03:
        return f"{value:%Y%m%d}" if style < 0.015 else f"{value.year}/{value.month}/{value.day}"
    return value.isoformat()


def purpose(project: Project) -> str:
    """土地用途 of the project's ground."""
    if project.path is not Path.ALLOCATED:
        return "仓储用地" if project.trade.code == "5930" else "工业用地"
    return "街巷用地" if project.municipal else "公共设施用地"


def _mode(project: Project) -> str:
    if project.path is Path.ALLOCATED:
        return "划拨"
    return "协议出让" if project.index % 11 == 5 else "挂牌出让"


def _supply(telling: Telling) -> dict[str, str]:
    project, rng, blur = telling.project, telling.rng, telling.blur
    parcel, (owner, uscc) = telling.parcel or project.ground, _owner(telling, project.on_land)
    named = chance(rng, 0.8) or not blur
    price = f"{parcel.price * (1 + 0.02 * telling.edition):.4f}"
    messy = rng.random()
    if messy < 0.02 and blur:
        price = f"{parcel.price:,.4f}" if messy < 0.01 else full_width(price)
    begun = rng.randint(120, 300)
    return {
        "DZJGH": parcel.supervision,
        "HTBH": parcel.contract,
        "PFWH": parcel.approval,
        "ZDBH": parcel.plot,
        "XMMC": project_name(rng, project, "land") if named else "",
        "SRDW": owner,
        "SRR": owner,
        "TYSHXYDM": uscc,
        "TDWZ": place_name(rng, project),
        "TDMJ": f"{parcel.area / 10_000:.4f}",
        "TDYT": purpose(project),
        "ZSLX": purpose(project),
        "GDFS": _mode(project),
        "TDLY": rng.choice(("新增建设用地", "存量建设用地", "新增建设用地(来自存量库)")),
        "CRNX": "" if project.path is Path.ALLOCATED else "50",
        "CJJK": price,
        "CJRQ": _day(rng, telling.on(-12), project),
        "HTQDRQ": _day(rng, telling.on(), project),
        "YDJDSJ": telling.on(30).isoformat(),
        "YDKGRQ": _day(rng, telling.on(begun), project),
        "YDJGSJ": telling.on(begun + 730).isoformat(),
        "RJLMIN": "1.0",
        "RJLMAX": "2.5",
        "HYFL": project.trade.product,
        "PZJG": project.district.name + "人民政府",
        "GGBH": parcel.plot,
        "GGSJ": telling.on(-45).isoformat(),
    }


def _use_permit(telling: Telling) -> dict[str, str]:
    project, rng, blur = telling.project, telling.rng, telling.blur
    parcel, (owner, uscc) = project.ground, _owner(telling, project.owner)
    code = project.said_codes.get(USE, "")
    basis = parcel.contract if chance(rng, 0.5) and parcel.plot else parcel.approval
    return {
        "XMMC": project_name(rng, project, "land"),
        "XMDM": code,
        "YDDW": owner,
        "YDTYSHXYDM": uscc,
        "PZYDJG": project.district.name + "人民政府",
        "PZYDWH": cited(rng, basis, blur, telling.project.hard),
        "YDWZ": place_name(rng, project),
        "YDMJ": f"{roughly(rng, project, parcel.area, 1.0, 1.15) + round(10 * telling.edition):.0f}",
        "TDYT": purpose(project),
        "JSGM": f"总建筑面积{sum(w.floor_area for w in project.works)}平方米",
        "TDHQFS": "划拨" if project.path is Path.ALLOCATED else "出让",
        "FZJG": project.district.name + "自然资源局",
        "FZRQ": _day(rng, telling.on(), project),
        "GCDM": project.works[0].code if chance(rng, 0.05) and code else "",
    }


def _works_permit(telling: Telling) -> dict[str, str]:
    project, rng, blur = telling.project, telling.rng, telling.blur
    parcel, (owner, uscc) = project.ground, _owner(telling, project.owner)
    floor = sum(w.floor_area for w in project.works) + round(50 * telling.edition)
    use_permit = number_on(telling.scene, USE, 0, project.use_permit, telling.day)
    return {
        "YDXKZH": cited(rng, use_permit, blur, telling.project.hard),
        **({"YSXZZH": opinion_number(telling.scene, project)} if telling.scene.full else {}),
        "TZPZWH": f"{project.district.name[0]}发改备〔{telling.on().year}〕{project.index + 1}号",
        "XMMC": project_name(rng, project, "land"),
        "XMDM": project.said_codes.get(WORKS, ""),
        "JSDW": owner,
        "TYSHXYDM": uscc,
        "JSWZ": place_name(rng, project),
        "ZJZMJ": f"{floor}",
        "DSZJZMJ": f"{floor * 9 // 10}",
        "DXZJZMJ": f"{floor - floor * 9 // 10}",
        "RJL": f"{floor / parcel.area:.2f}",
        "ZTZ": f"{roughly(rng, project, project.investment, 0.8, 1.3):.0f}",
        "FZRQ": _day(rng, telling.on(), project),
        "FZJG": project.district.name + "自然资源局",
    }


def opinion_number(scene: Scene, project: Project) -> str:
    """The number of the project's site opinion; empty where it needs none."""
    rng = dice(scene.seed, project.key, "opinion")
    needed = project.path is not Path.GRANTED or project.easy or chance(rng, 0.4)
    if not needed or "code" not in project.days:
        return ""
    year = date_of(scene.calendar.first, project.days["code"]).year
    return f"用字第{project.district.adcode}{year}XS{project.index:07d}号"


def published(project: Project) -> list[tuple[int, Parcel, int, int]]:
    """Part number, parcel, days of supply and publication of every published supply."""
    day = issued(project, LANDCHINA)
    if day is None:
        return []
    delay = day - project.days["supply"]
    return [(part, parcel, on, on + delay) for part, parcel, on in supplied(project)]


def landchina_row(
    scene: Scene, project: Project, part: int, parcel: Parcel, day: int
) -> tuple[str, list[str]]:
    """The key and the 25 cells of one published 供地结果, all text.

    One percent of the rows bear a no-break space instead of the 电子监管号: nobody's key.
    """
    rng, first, blur = (
        dice(scene.seed, project.key, LANDCHINA, *([part] if part else [])),
        scene.calendar.first,
        not project.easy,
    )

    def on(value: int) -> str:
        when = date_of(first, value)
        return f"{when.year}年{when.month:02d}月{when.day:02d}日"

    key = "\xa0" if chance(rng, 0.01) and blur else parcel.supervision
    begun = day + rng.randint(120, 300)
    allocated = project.path is Path.ALLOCATED
    return key, [
        on(day),
        _mode(project),
        place_name(rng, project),
        project.district.name,
        f"{parcel.area / 10_000:.6f}",
        purpose(project),
        project.trade.product if chance(rng, 0.8) else "\xa0",
        key,
        rng.choice(("一级", "二级", "三级", "\xa0")),
        rng.choice(("新增建设用地", "现有建设用地", "新增建设用地(来自存量库)")),
        project.district.name + "人民政府",
        on(begun),
        on(begun + 730),
        "",
        "",
        f"{parcel.price:.4f}",
        on(day + 30),
        project_name(rng, project, "land") if chance(rng, 0.85) or not blur else "",
        "" if allocated else "50",
        company_name(rng, project, project.on_land.name),
        "" if allocated else "1",
        "" if allocated else on(day + 30),
        "" if allocated else f"{parcel.price:.4f}",
        "" if allocated else "1.0",
        "" if allocated else "2.5",
    ]
