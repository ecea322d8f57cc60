"""What is wrong with departments' data in the hard city: twenty defects, each at a stated rate."""

from __future__ import annotations

import random
from datetime import date
from typing import NamedTuple

from simulator.dice import chance


class Defect(NamedTuple):
    """A defect by its number in the catalogue: its name, its rate, and of what that is a share."""

    number: int
    name: str
    rate: float
    of: str


DEFECTS = (
    Defect(1, "name variants", 0.95, "projects with three records or more that are named"),
    Defect(2, "company variants", 0.18, "companies named by land and housing"),
    Defect(3, "code of the wrong system", 0.015, "works whose project code housing knows"),
    Defect(4, "units", 0.015, "amounts of commerce, 万元 under a head of 亿元"),
    Defect(5, "money as text", 0.12, "amounts of commerce"),
    Defect(6, "dates", 0.03, "dates of issue of land and planning"),
    Defect(7, "stray signs", 0.02, "names in commerce's interface"),
    Defect(8, "merged heads, subtotals, note rows", 1.0, "weekly sheets"),
    Defect(9, "many works of one project", 0.46, "projects"),
    Defect(10, "many parcels of one project", 0.05, "projects on granted land"),
    Defect(11, "land held by a platform company", 0.04, "projects on granted land"),
    Defect(12, "certificates issued anew", 0.05, "projects, in three years"),
    Defect(13, "start before the permit", 0.03, "projects with a permit that start"),
    Defect(14, "rows that vanish", 0.3, "projects in the sheet, in three years"),
    Defect(15, "duplicate upload", 0.02, "records of housing"),
    Defect(16, "test data", 0.01, "records in commerce's interface"),
    Defect(17, "district by another body's name", 0.10, "projects in districts that have one"),
    Defect(18, "illegal characters", 0.01, "names"),
    Defect(19, "zero as null", 0.04, "projects on land of their own, by works"),
    Defect(20, "stage jargon", 0.04, "projects of commerce that have not started"),
)
"""The catalogue; the rates of 1, 8, 9, 12 and 14 follow from what the city is made of, all others are thrown here."""

RATE = {defect.number: defect.rate for defect in DEFECTS}

OTHER_NAMES = {
    "430211": ("高新区", "株洲高新区"),
    "430204": ("云龙示范区", "云龙"),
    "430212": ("株洲县", "绿口区", "淥口区", "?口区"),
}
"""What other bodies call a district, by adcode; the last three also for signs lost between character tables."""

_STRAY = ("\u200b", "\xa0", "\n", "\u3000", " ", "\ufeff")


def happens(rng: random.Random, number: int) -> bool:
    """Whether the defect of that number happens here."""
    return chance(rng, RATE[number])


def wrong_system(rng: random.Random, code: str, region: str, on: date, other: str) -> str:
    """Something else in the column of the project code: a MOHURD number, a pseudo code, two codes in one cell."""
    kind, serial = rng.randrange(3), rng.randint(1, 99)
    if kind == 0:
        return f"{region}{on:%y%m%d}01{serial:02d}"
    return f"{code[:15]}88{code[17:]}" if kind == 1 else f"{code}、{other}"


def odd_date(rng: random.Random, value: date) -> str:
    """A day in one of the shapes people and programs give it, or in none."""
    return rng.choice(
        (
            f"{value:%Y%m%d}",
            f"{value.year}/{value.month}/{value.day}",
            f"{value.year}.{value.month:02d}",
            f"{value.year}年{value.month}月上旬",
            str((value - date(1899, 12, 30)).days),
            f"{(value - date(1970, 1, 1)).days * 86_400_000 - 28_800_000}",
            "0000-00-00",
        )
    )


def stray(rng: random.Random, text: str) -> str:
    """The text with a sign nobody sees, or that ends the line."""
    sign, at = rng.choice(_STRAY), rng.randint(1, max(1, len(text)))
    return text[:at] + sign + text[at:]


def unprintable(rng: random.Random, text: str) -> str:
    """The text with a question mark for a sign that the next system's table lacks."""
    at = rng.randrange(max(1, len(text)))
    return text[:at] + "?" + text[at + 1 :]
