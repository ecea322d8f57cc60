"""The promises of matching beside what was measured: one table from the figures every command of the bench leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from operator import ge, le
from pathlib import Path
from typing import Any, NamedTuple

Figures = dict[str, Any]
_FILE = "figures.json"


class Promise(NamedTuple):
    """One number: what it is, where it stands among the figures, what it must be and what it aims at."""

    what: str
    where: tuple[str, ...]
    must: float
    aim: float
    least: bool = True
    """Whether more is better."""


def note(cache: Path, found: Mapping[str, Any]) -> None:
    """Keep figures under the cache, in place of former ones of the same names."""
    cache.mkdir(parents=True, exist_ok=True)
    (cache / _FILE).write_text(json.dumps({**noted(cache), **found}, indent=1) + "\n", encoding="utf-8")


def noted(cache: Path) -> Figures:
    """Give the figures kept so far."""
    file = cache / _FILE
    held: Figures = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return held


def table(figures: Figures) -> str:
    """Lay promises and figures side by side; what was not measured is told so."""
    lines = ["| what | must | aim | measured | |", "|---|---|---|---|---|"]
    for one in PROMISES:
        found = _at(figures, one.where)
        shown = "not measured" if found is None else f"{found:.5g}"
        lines.append(f"| {one.what} | {one.must:g} | {one.aim:g} | {shown} | {_judged(one, found)} |")
    return "\n".join(lines)


def _judged(one: Promise, found: float | None) -> str:
    if found is None:
        return ""
    holds: Callable[[float, float], bool] = ge if one.least else le
    return "aim" if holds(found, one.aim) else "must" if holds(found, one.must) else "**missed**"


def _at(figures: Figures, where: tuple[str, ...]) -> float | None:
    found: Any = figures
    for name in where:
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return float(found)


def _of_breadth(breadth: str) -> Iterator[Promise]:
    none, trained, ten = f"{breadth} no labels", f"{breadth} shipped", f"{breadth}, 10 k"
    yield Promise(f"{ten}: pair F1, no labels", (none, "pairs", "f1"), 0.96, 0.975)
    yield Promise(f"{ten}: cluster F1, no labels", (none, "clusters", "f1"), 0.97, 0.985)
    yield Promise(
        f"{ten}: cluster F1, no labels and 500 answers", (none, "answered_clusters", "f1"), 0.98, 0.992
    )
    for title, way, must, aim in (("no labels", none, 0.60, 0.75), ("shipped", trained, 0.90, 0.95)):
        yield Promise(
            f"{ten}: safe cut, precision, {title}", (way, "safe_clusters", "precision"), 0.995, 0.998
        )
        yield Promise(
            f"{ten}: safe cut, share of true pairs, {title}", (way, "safe_clusters", "recall"), must, aim
        )
    yield Promise(f"{ten}: hard negatives merged, no labels", (none, "hard_merged"), 0.03, 0.01, least=False)
    yield Promise(f"{ten}: hard negatives merged, shipped", (trained, "hard_merged"), 0.03, 0.01, least=False)
    yield Promise(f"{ten}: candidate completeness", (trained, "completeness"), 0.995, 0.998)
    yield Promise(f"{ten}: pair F1 over the best of Splink", (f"splink {breadth}", "lead"), 0.03, 0.06)
    yield Promise(f"{ten}: Splink's CPU over the hub's, same steps", (f"splink {breadth}", "speed"), 1, 3)


PROMISES: tuple[Promise, ...] = (
    *_of_breadth("core"),
    *_of_breadth("full"),
    Promise("1 M: candidate completeness", ("whole 1000000 shipped", "completeness"), 0.985, 0.992),
    Promise("1 M: cluster F1, no labels", ("whole 1000000 no labels", "clusters", "f1"), 0.94, 0.96),
    Promise("1 M: cluster F1, shipped", ("whole 1000000 shipped", "clusters", "f1"), 0.97, 0.985),
    Promise("1 M: all steps, s on two cores", ("whole 1000000 shipped", "seconds"), 300, 150, least=False),
    Promise("1 M: all steps, GB", ("whole 1000000 shipped", "gigabytes"), 4, 2, least=False),
    Promise("FEBRL 4: F1", ("FEBRL 4",), 0.999, 1.0),
    Promise("FEBRL 3: F1", ("FEBRL 3",), 0.998, 0.9995),
    Promise("nyc_hpd_dob: F1, lower cut", ("nyc_hpd_dob, lower cut",), 0.90, 0.95),
    Promise(
        "cn_three_dept: F1, lower cut, without those alike",
        ("cn_three_dept, lower cut, without those alike",), 0.97, 0.99,
    ),
)  # fmt: skip
