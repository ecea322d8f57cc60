"""Chance that can be repeated: every question of the city has a die of its own, thrown from its name."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

PRESENT = date(2025, 6, 30)
"""The date of a new city's present day, whatever the real clock says."""


def dice(seed: int, *names: object) -> random.Random:
    """A random generator that depends on the seed and the names only, in every process and Python."""
    return random.Random("/".join(map(str, (seed, *names))))


def chance(rng: random.Random, share: float) -> bool:
    """True with the given probability; always takes one number, so later throws stay where they were."""
    return rng.random() < share


def weighted(rng: random.Random, choices: Sequence[tuple[T, float]]) -> T:
    """One of the choices, by weight."""
    return rng.choices([c for c, _ in choices], [w for _, w in choices])[0]


def date_of(first: date, day: int) -> date:
    """The calendar date of a city day."""
    return first + timedelta(days=day)


def office_time(first: date, day: int, rng: random.Random) -> datetime:
    """A moment between 08:30 and 15:59:59 of a city day (Asia/Shanghai, naive)."""
    return datetime.combine(date_of(first, day), datetime.min.time()) + timedelta(
        seconds=rng.randint(30_600, 57_599)
    )


def stamp(moment: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS`, the time text of every department database."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")
