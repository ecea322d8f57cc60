"""Commerce's weekly sheet: the same facts as the interface serves, typed by hand into cells."""

from __future__ import annotations

import random
from datetime import date

from simulator.dice import chance, dice
from simulator.model import Project
from simulator.records.commerce import state, turns
from simulator.records.history import Scene
from simulator.saying import full_width

Cell = str | float | date


class _Typist:
    """One hand that types a row; every cell takes its throws in the same order each week."""

    def __init__(self, rng: random.Random, clean: bool) -> None:
        self._rng, self._clean = rng, clean

    def chance(self, share: float) -> bool:
        return chance(self._rng, share) and not self._clean

    def money(self, text: str) -> Cell:
        """A number, or text with commas, in full width, between blanks."""
        style = self._rng.random()
        if not text.replace(".", "").isdecimal():
            return text
        if self._clean or style > 0.3:
            return float(text)
        if style < 0.1:
            return f"{float(text):,.2f}".rstrip("0").rstrip(".")
        return full_width(text) if style < 0.2 else f" {text} "

    def when(self, text: str) -> Cell:
        """A date cell, or text in one of the forms people use."""
        style = self._rng.random()
        if not text:
            return ""
        value = date.fromisoformat(text)
        if self._clean or style < 0.35:
            return value
        if style < 0.55:
            return f"{value.year}.{value.month}.{value.day}"
        if style < 0.7:
            return f"{value.year}/{value.month}/{value.day}"
        return f"{value.year}年{value.month}月{value.day}日" if style < 0.85 else text

    def agreed(self, text: str) -> Cell:
        """An agreed date, often known to the month only."""
        by_end, by_month, typed = self.chance(0.2), self.chance(0.15), self.when(text)
        value = date.fromisoformat(text)
        if by_end:
            return f"{value.year}年{value.month}月底前"
        return f"{value:%Y-%m}" if by_month else typed


def weekly_cells(scene: Scene, project: Project, day: int) -> list[Cell]:
    """Cells 2-24 of the sheet's row on that day; the first is its running number."""
    said = state(scene, project, max(turn for turn in turns(project) if turn <= day))
    hand = _Typist(dice(scene.seed, project.key, "sheet"), project.easy)
    only_claimed, started = hand.chance(0.15), hand.when(said["SJKGSJ"])
    return [
        weekly_key(scene, project),
        said["XMMC"],
        said["TZF"],
        said["XMGS"],
        said["TYSHXYDM"],
        hand.when(said["QYSJ"]),
        said["QYHD"],
        said["HTBH"],
        hand.money(said["HTYZE"]),
        hand.money(said["GDZCTZ"]),
        hand.money(said["BNDWZJ"]),
        hand.money(said["LJDWZJ"]),
        hand.agreed(said["YDKGSJ"]),
        "已开工" if started and only_claimed else started,
        hand.agreed(said["YDTCSJ"]),
        hand.when(said["SJTCSJ"]),
        said["LYZT"],
        said["XMDM"],
        said["SSQX"],
        said["CJYQ"],
        said["YDFS"],
        said["BBLD"],
        "二期预留用地" if hand.chance(0.05) else "",
    ]


def weekly_key(scene: Scene, project: Project) -> str:
    """招商编号 as it stands in the sheet, every week alike: half a percent of them in full width or with a blank."""
    rng = dice(scene.seed, project.key, "sheet key")
    style, number = rng.random(), project.signing or ""
    if project.easy or style > 0.005:
        return number
    return full_width(number) if style < 0.0025 else number + " "
