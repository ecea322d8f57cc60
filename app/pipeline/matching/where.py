"""What an address says of a place, piece by piece, for one office gives the house number and the next the crossing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from app.pipeline.matching import latin
from app.pipeline.matching.cuts import cut_plots
from app.pipeline.matching.words import NOWHERE, WORDS, Places, plain
from schemas.cleaning import REMEMBERED

_HOUSE = re.compile(r"(\d{1,5})号(?!楼|厂房|地块|宗地)")
_SPOT = re.compile(r"[\u4e00-\u9fff]{2}(?:大道|(?<![道公铁线电管支干辅])路|街(?![道区坊])|巷|胡同|村(?!委))")
_TOWN = re.compile(r"((?![区县市])[\u4e00-\u9fff](?![区县市村路])[\u4e00-\u9fff])(?:街道|镇|乡(?!镇|村))")
_PARK = re.compile(WORDS["patterns"]["park_ends"])
_BEFORE_PARK = re.compile(r".*(?:街道|[镇乡村路号县]|(?<![园片社辖山])区)|^[\u4e00-\u9fff]{2,3}市")
PARK_END = re.compile(rf".*(?:{WORDS['patterns']['park_ends']})").fullmatch
"""Match a text that ends in what the name of a park ends in."""
MOST_SPOTS = 4


class Where(NamedTuple):
    """Where something is: `address` without administrative words, `street` without house numbers too.

    `spots` are roads and villages (their last two signs and what they are), `park` is the piece of land they are in.
    """

    address: str
    street: str
    houses: frozenset[str]
    town: str
    spots: frozenset[str]
    park: str
    plots: frozenset[str]


@lru_cache(maxsize=REMEMBERED)
def where(text: str, places: Places = NOWHERE) -> Where:
    """Read an address; `places` takes out the administrative words of its own province, city and district."""
    if latin.in_latin(text):
        houses, street, address = latin.address(text)
        return Where(address, street, houses, "", frozenset((street,)), "", frozenset())
    whole = plain(text)
    address = places.address(whole)
    plots: set[str] = set()
    rest = cut_plots(address, plots)
    town = _TOWN.search(address)
    return Where(
        address,
        _HOUSE.sub("", rest),
        frozenset(_HOUSE.findall(rest)),
        town[1] if town else "",
        spots(address),
        park(whole),
        frozenset(plots),
    )


def spots(text: str) -> frozenset[str]:
    """Give the first roads and villages that a text names."""
    return frozenset(_SPOT.findall(text)[:MOST_SPOTS])


def park(text: str) -> str:
    """Give the park or piece of a town that a text names first, '' where it names none."""
    end = _PARK.search(text)
    if end is None:
        return ""
    head = text[: end.start()]
    before = _BEFORE_PARK.match(head)
    named = head[before.end() if before else 0 :] + end[0]
    return named if len(named) > len(end[0]) else ""
