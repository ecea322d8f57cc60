"""Commerce: signed investment contracts, as the API's row and as the weekly sheet's cells."""

from __future__ import annotations

import random
from collections.abc import Iterator

from simulator import defects, words
from simulator.dice import chance, date_of, dice, office_time, stamp
from simulator.model import Path, Project, Row, Scenario
from simulator.records import issued
from simulator.records.history import Scene, versions
from simulator.saying import company_name, park_name, project_name

_API = "commerce.signed_api"
_STATES = (
    ("capacity", "已达产"),
    ("production", "已投产"),
    ("completed", "已竣工"),
    ("started", "已开工"),
    ("supply", "已供地"),
    ("company", "已注册"),
    ("signed", "已签约"),
)
_PROGRESS = {
    "已签约": 0.0,
    "已注册": 0.03,
    "已供地": 0.15,
    "已开工": 0.3,
    "已竣工": 0.85,
    "已投产": 0.95,
    "已达产": 1.0,
}
_MODES = {Path.RENTED: "租赁", Path.UPGRADE: "零土地"}
_STALL = 150
"""Days without news after which commerce calls a stopped project stalled."""


def api_rows(scene: Scene, project: Project) -> Iterator[Row]:
    """Every version of the project's row in the paged API."""
    signed = issued(project, _API)
    if signed is None or project.signing is None:
        return
    odd = project.hard and defects.happens(dice(scene.seed, project.key, "odd"), 7)
    for version in versions(
        scene, project, _API, 0, number=project.signing, issued=signed, renewed=turns(project)
    ):
        day = (version.moment.date() - scene.calendar.first).days
        values = state(scene, project, max(day, signed))
        corrected = sum(i.kind == "correct" and i.day <= day for i in scene.of(_API, 0))
        values["BNDWZJ"] = str(int(values["BNDWZJ"]) + 100 * corrected)
        if odd:
            values["XMMC"] = defects.stray(dice(scene.seed, project.key, "stray"), values["XMMC"])
        at = stamp(version.moment)
        yield Row(_API, project.signing, at, version.shows, {**values, "GXSJ": at})


def tried_rows(scene: Scene, project: Project) -> Iterator[Row]:
    """A row that somebody made to try the system and forgot: nobody's record, so it is in no truth."""
    rng = dice(scene.seed, project.key, "test data")
    if not project.hard or project.signing is None or not defects.happens(rng, 16):
        return
    day = project.days["signed"]
    at, name = (
        stamp(office_time(scene.calendar.first, day, rng)),
        rng.choice(("测试项目", "测试", "111", "test")),
    )
    values = state(scene, project, day) | {
        "ZSBH": f"CS{project.index:07d}",
        "XMMC": name,
        "TZF": name,
        "GXSJ": at,
    }
    yield Row(_API, values["ZSBH"], at, day, values)


def turns(project: Project) -> list[int]:
    """The days on which commerce's word about the project changes, the signing first."""
    known = sorted({project.days[milestone] for milestone, _ in _STATES if milestone in project.days})
    return [*known, max(project.days.values()) + _STALL] if project.ends else known


def state(scene: Scene, project: Project, day: int) -> dict[str, str]:
    """What commerce holds about the project on that day, under the names of its database."""
    rng = dice(scene.seed, project.key, "commerce")
    first, days = scene.calendar.first, project.days
    company_known, credit_known, company_named = chance(rng, 0.3), chance(rng, 0.62), rng.random()
    name = project_name(rng, project, "commerce")
    owner = company_name(rng, project, project.owner.name)
    investor = project.parent.name if project.parent and not company_known else owner
    if project.easy:
        credit_known, company_named = True, 0.0
    status = next((word for m, word in _STATES if m in days and days[m] <= day), "已签约")
    progress = _PROGRESS[status]
    claimed = project.hard and defects.happens(dice(scene.seed, project.key, "claimed"), 20)
    if project.ends and day >= max(days.values()) + _STALL:
        status = project.ending or ("停滞" if company_named < 0.6 else "终止")
    elif claimed and days.get("started", day + 1) > day:
        status = "已开工"
    amount = project.investment / 10_000 * rng.uniform(0.92, 1.15)
    fixed = amount * project.fixed_share
    signed = days["signed"]
    agreed_start, agreed_end = signed + rng.randint(150, 300), signed + rng.randint(500, 900)

    def on(milestone: str) -> str:
        return date_of(first, days[milestone]).isoformat() if days.get(milestone, day + 1) <= day else ""

    return {
        "ZSBH": project.signing or "",
        "XMMC": name,
        "TZF": investor,
        "XMGS": owner if company_named < (0.6 if credit_known else 0.15) else "",
        "TYSHXYDM": (project.commerce_uscc or project.owner.uscc) if credit_known else "",
        "LYD": (project.parent.name if project.parent else owner)[:2] + ("省" if project.parent else "市"),
        "NWZ": "内资",
        "CYLB": "第三产业" if project.trade.code == "5930" else "第二产业",
        "HYDM": project.trade.code,
        "NTZZE": f"{amount:.2f}",
        "NYDMJ": f"{project.parcel.area / 666.67:.1f}" if project.parcel else "",
        "STSJ": date_of(first, signed - rng.randint(30, 200)).isoformat(),
        "QYSJ": date_of(first, signed).isoformat(),
        "QYHD": rng.choice(words.FAIRS),
        "HTBH": project.signing_contract or "",
        "HTYZE": _billions(rng, amount, project),
        "GDZCTZ": f"{fixed:.2f}",
        "BNDWZJ": f"{fixed * 10_000 * progress * 0.3:.0f}",
        "LJDWZJ": f"{fixed * 10_000 * progress:.0f}",
        "YDKGSJ": date_of(first, agreed_start).isoformat(),
        "SJKGSJ": on("started"),
        "YDTCSJ": date_of(first, agreed_end).isoformat(),
        "SJTCSJ": on("production"),
        "LYZT": status,
        "XMDM": project.said_codes.get("commerce", "") if "code" in days and days["code"] <= day else "",
        "SSQX": project.place("commerce"),
        "CJYQ": park_name(rng, project),
        "YDFS": _MODES.get(project.path, "出让"),
        "BBLD": rng.choice(words.SURNAMES) + "某某",
        "ZT": status,
    }


def _billions(rng: random.Random, amount: float, project: Project) -> str:
    """亿元; 1.5 % of rows hold 万元 under the same head. The hard city writes units into 12 % of its cells."""
    if (chance(rng, defects.RATE[4]) and not project.easy) or project.scenario is Scenario.UNIT_ERROR:
        return f"{amount * 10_000:.0f}"
    style = rng.random() if project.hard else 1.0
    if style < defects.RATE[5]:
        return f"{amount:.2f}亿元" if style < 0.07 else f"{amount * 10_000:.0f}万元"
    return f"{amount:.2f}"
