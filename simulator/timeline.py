"""When things happen to a project: every milestone as a city day, planned to the end of its life."""

from __future__ import annotations

import random

from simulator.model import Path

# milestone: (after, least days, most days)
_STEPS: dict[str, tuple[str, int, int]] = {
    "company": ("signed", 10, 45),
    "code": ("signed", 25, 100),
    "supply": ("code", 40, 190),
    "published": ("supply", 5, 30),
    "use_permit": ("supply", 8, 45),
    "filed": ("use_permit", 3, 30),
    "works_permit": ("use_permit", 25, 110),
    "permit": ("works_permit", 15, 80),
    "started": ("permit", 3, 70),
    "finished": ("started", 150, 480),
    "completed": ("finished", 10, 45),
    "production": ("completed", 15, 120),
    "capacity": ("production", 90, 330),
}
_NOT_RENTED = {"supply", "published", "use_permit", "works_permit"}
_NOT_ALLOCATED = {"company", "production", "capacity"}
_UNPERMITTED = {"permit", "completed"}
_SKIPPED = {
    Path.GRANTED: frozenset[str](),
    Path.ALLOCATED: frozenset(_NOT_ALLOCATED),
    Path.RENTED: frozenset(_NOT_RENTED),
    Path.UPGRADE: frozenset(_NOT_RENTED | _UNPERMITTED),
    Path.ENERGY: frozenset(_UNPERMITTED),
}
# path: step → what it follows instead of its usual forerunner
_DETOURS = {
    Path.RENTED: {"filed": "code", "permit": "filed"},
    Path.UPGRADE: {"filed": "code", "started": "filed", "production": "finished"},
    Path.ENERGY: {"started": "works_permit", "production": "finished"},
}
_WORKS_STEPS = ("permit", "started", "finished", "completed")
STOPS = ("code", "supply", "use_permit", "works_permit", "permit", "started", "completed", "production")


def plan(rng: random.Random, signed: int, path: Path, stop: str | None) -> dict[str, int]:
    """Days of all milestones of a project signed on that day; from `stop` on nothing more happens."""
    days = {"signed": signed}
    skipped, detour = _SKIPPED[path], _DETOURS.get(path, {})
    for step, (after, least, most) in _STEPS.items():
        gap = rng.randint(least, most)
        if step == stop:
            break
        if step not in skipped:
            days[step] = days[detour.get(step, after)] + gap
    return days


def squeeze(days: dict[str, int], begin: int, end: int) -> dict[str, int]:
    """The same order of milestones pressed between two days."""
    low, high = min(days.values()), max(days.values())
    span = max(high - low, 1)
    return {name: begin + (day - low) * (end - begin) // span for name, day in days.items()}


def works_days(rng: random.Random, days: dict[str, int], number: int, lag: int) -> dict[str, int]:
    """Days of one 标段: the first follows the project, each later one starts up to `lag` days after the one before."""
    lag = 0 if number == 1 else rng.randint(min(5, lag), lag) * (number - 1)
    mine = {step: days[step] + lag for step in _WORKS_STEPS if step in days}
    if "filed" in days:
        mine["filed"] = (
            days["filed"] if number == 1 else max(days["filed"], mine.get("permit", days["filed"] + lag) - 15)
        )
    return mine


def roll_up(days: dict[str, int], works: list[dict[str, int]]) -> None:
    """Moves production and capacity behind the last completed works."""
    ends = [w["completed"] for w in works if "completed" in w]
    if "production" in days and ends:
        shift = max(0, max(ends) + 5 - days["production"])
        for step in ("production", "capacity"):
            if step in days:
                days[step] += shift
