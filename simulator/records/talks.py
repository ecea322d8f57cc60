"""Commerce's projects in talks: the second sheet of the weekly workbook, and the same over the interface."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from simulator.dice import chance, date_of, dice, office_time, stamp
from simulator.model import Project, Row
from simulator.records.commerce import state
from simulator.records.history import Scene
from simulator.records.weekly import Cell

TALKS_WEEKLY, TALKS_API = "commerce.negotiations_weekly", "commerce.negotiations_api"
AHEAD = 210
"""Days before its signing within which a project is talked of."""

_PROGRESS = ("已对接，拟考察", "已实地考察，正在评审", "已实地考察，评审已通过", "框架协议已草签")
_PROBLEMS = ("", "", "用地指标不足", "厂房改造资金未落实", "环评要求高")


def talked_from(scene: Scene, project: Project) -> int | None:
    """The city day of the first talk; None for a project commerce never talked of."""
    if project.signing is None:
        return None
    first = date.fromisoformat(state(scene, project, project.days["signed"])["STSJ"])
    return (first - scene.calendar.first).days


def talks_key(scene: Scene, project: Project) -> str:
    """What tells the sheet's rows apart: name, investor and first talk as they stand there."""
    said = state(scene, project, project.days["signed"])
    return "|".join((said["XMMC"], said["TZF"], _typed(said["STSJ"])))


def _typed(day: str) -> str:
    value = date.fromisoformat(day)
    return f"{value.year}.{value.month}.{value.day}"


def talks_cells(scene: Scene, project: Project, day: int) -> list[Cell]:
    """Cells 2-18 of the sheet's row on that day; the first is its running number."""
    said = state(scene, project, project.days["signed"])
    rng = dice(scene.seed, project.key, "talks sheet")
    begun = (date.fromisoformat(said["STSJ"]) - scene.calendar.first).days
    gone = (day - begun) / max(1, project.days["signed"] - begun)
    amount = f"{float(said['NTZZE']):.1f}"
    if not project.easy and chance(rng, 0.2):
        amount = rng.choice((f"约{amount}", f"{float(amount) * 0.8:.1f}-{float(amount) * 1.2:.1f}"))
    return [
        said["XMMC"],
        said["TZF"],
        said["LYD"],
        said["NWZ"],
        said["CYLB"],
        said["HYDM"],
        amount,
        said["NYDMJ"],
        said["CJYQ"],
        _typed(said["STSJ"]),
        _PROGRESS[min(3, int(gone * 4))],
        rng.choice(_PROBLEMS),
        said["SSQX"] + "商务局",
        said["BBLD"],
        "某某",
        "",
        date_of(scene.calendar.first, day).isoformat(),
    ]


def rows(scene: Scene, project: Project) -> Iterator[Row]:
    """The row of a project in talks over the interface, once more when it is about to be signed."""
    begun = talked_from(scene, project)
    if begun is None:
        return
    said = state(scene, project, project.days["signed"])
    rng, number = dice(scene.seed, project.key, TALKS_API), f"XS{project.index:07d}"
    near = project.days["signed"] - rng.randint(3, 20)
    for day, status in ((begun, "在谈"), (near, "拟签约")):
        if day < 0:
            continue
        at = stamp(office_time(scene.calendar.first, day, rng))
        kept = ("XMMC", "TZF", "LYD", "NWZ", "CYLB", "HYDM", "NTZZE", "NYDMJ", "STSJ", "SSQX", "CJYQ", "BBLD")
        values = {name: said[name] for name in kept}
        yield Row(
            TALKS_API, number, at, day, {"ZSBH": number, **values, "LYZT": status, "ZT": status, "GXSJ": at}
        )
