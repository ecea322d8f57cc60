"""What a project's name states: core, phases, zone, section and quantities.

The order is part of the rule set: phase before generic words (none is not phase 1), section before generic words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from operator import add
from typing import NamedTuple

from schemas.cleaning import REMEMBERED, clean

_WORDS = tomllib.loads((files("app.pipeline.matching") / "words.toml").read_text("utf-8"))

_CHINESE = {c: i for i, c in enumerate("一二三四五六七八九十", 1)}
_ROMAN = {r: i for i, r in enumerate(("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"), 1)}
_NUMBER = r"(?:[一二三四五六七八九十]+|(?<![\d.])\d{1,2}|(?<![A-Z])(?:IX|IV|VI{0,3}|I{1,3}|X)(?![A-Z]))"
_JOIN = r"[、,和及与/&+~\-至到]"
_PHASE = re.compile(rf"[(]?(?:首期|第?({_NUMBER}(?:期?{_JOIN}第?{_NUMBER})*)期)(?:工程|项目)?[)]?")
_PART = re.compile(rf"{_NUMBER}|[~\-至到]")
_SECTION = re.compile(
    r"[(]?第?(?:[一二三四五六七八九十]+|\d{1,3}|(?<![A-Z])[A-Z]\d{0,2}|(?<![A-Z])[IVX]{1,4})标(?:段|(?![准志杆的识]))[)]?"
)
_HOUSE = r"[A-Z]?\d{1,3}(?:[-~至]\d{1,3})?"
_BUILDING = re.compile(
    rf"[(]?{_HOUSE}(?:#|号楼|栋|幢|座)?(?:[、,及和~\-至]{_HOUSE}(?:#|号楼|栋|幢|座)?)*(?:#|号楼|栋|幢|座)"
    rf"(?:{_WORDS['building_words']})*(?:[及、和](?:{_WORDS['building_words']}))*(?:等\d*(?:栋|幢|座)?)?[)]?"
)
_COUNT = re.compile(r"等\d{0,3}[栋幢座]")
_ZONE = re.compile(r"(?<![A-Z0-9、,和及/&+~\-])([A-Z])区")
_UNIT = "GWH|MWH|KWH|GW|MW|KW|KVA|MVA|KV|万吨|吨|万套|套|万台|台|万件|件|万辆|辆|万片|片|万只|只|万立方米|立方米|万平方米|平方米|M2|公里|千米|亩"
_QUANTITY = re.compile(
    rf"(?:年产|年处理|日产|日处理|年加工)?(\d+(?:\.\d+)?)(亿|千万|百万|万)?({_UNIT})(?:/年)?", re.IGNORECASE
)
_MARKS = re.compile(r"[()\-/#·.,、:;\"'“”‘’《》〔〕\[\]【】&+~_*]+")


class Name(NamedTuple):
    """What a name states; `section` is the cut text of works section and buildings, the label of a child."""

    core: str
    phase: frozenset[int]
    zone: str | None
    section: str | None
    quantities: frozenset[str]


class Strip:
    """Takes the longest known words out of a text, in one pass from the left."""

    def __init__(self, words: Iterable[str], leading: Iterable[str] = ()) -> None:
        """Know `words`, and words taken only where the text begins with them.

        Words of one sign are not taken, they stand in too many others.
        """
        self._words = _any_of(words)
        self._leading: dict[str, list[str]] = {}
        for word in _longest_first(leading):
            self._leading.setdefault(word[:2], []).append(word)

    def __call__(self, text: str) -> str:
        """Give `text` without the words."""
        for word in self._leading.get(text[:2], ()):
            if text.startswith(word):
                text = text[len(word) :]
                break
        return self._words.sub("", text)


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted({w for w in words if len(w) > 1}, key=lambda w: (-len(w), w))


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Give a pattern of any of the words, the longest where several begin; of no words one that nothing matches."""
    return re.compile("|".join(map(re.escape, _longest_first(words))) or r"(?!)")


_NOTHING = Strip(())
_GENERIC = Strip(_WORDS["generic"])
_SUFFIX = Strip(_WORDS["suffixes"])
_PUBLIC = tuple(_WORDS["public_owners"])


def parse_name(text: str, places: Strip = _NOTHING) -> Name:
    """Read a project's name; `places` takes out the administrative words of its own province, city and district."""
    rest = clean(text)
    phase: set[int] = set()

    def take_phase(match: re.Match[str]) -> str:
        phase.update({1} if match[1] is None else _phases(match[1]))
        return ""

    rest = _PHASE.sub(take_phase, rest)
    cut: list[str] = []

    def take(match: re.Match[str]) -> str:
        cut.append(match[0].strip("()"))
        return ""

    rest = _SECTION.sub(take, rest)
    quantities: set[str] = set()

    def take_quantity(match: re.Match[str]) -> str:
        quantities.add(f"{match[1]}{match[2] or ''}{match[3].upper()}")
        return ""

    rest = _QUANTITY.sub(take_quantity, rest)
    rest = _COUNT.sub("", _BUILDING.sub(take, rest))
    zones = set(_ZONE.findall(rest))
    zone = zones.pop() if len(zones) == 1 else None
    if zone is not None:
        rest = _ZONE.sub("", rest)
    whole = _MARKS.sub("", rest)
    core = _GENERIC(_SUFFIX(places(whole))) or _GENERIC(whole) or whole
    return Name(core, frozenset(phase), zone, " ".join(cut) or None, frozenset(quantities))


@lru_cache(maxsize=REMEMBERED)
def owner_core(text: str, places: Strip = _NOTHING) -> str:
    """Give the telling part of a body's name: no administrative words, no legal form; the whole if nothing is left."""
    whole = _MARKS.sub("", _SUFFIX(clean(text)))
    return places(whole) or whole


@lru_cache(maxsize=REMEMBERED)
def is_public(core: str) -> bool:
    """Tell whether an owner is a public body, whose name is shared by hundreds of projects."""
    return any(word in core for word in _PUBLIC)


def bigrams(text: str) -> frozenset[str]:
    """Give the set of adjacent pairs of signs; a single sign stands for itself."""
    if len(text) == 1:
        return frozenset((text,))
    return frozenset(map(add, text, text[1:]))


def _phases(text: str) -> set[int]:
    """Read 二, 十一, 一二, 1-3, I、II as a set of numbers."""
    found: set[int] = set()
    last: list[int] = []
    span = False
    for part in _PART.findall(text):
        if part in "~-至到":
            span = True
            continue
        numbers = _numbers(part)
        if span and last and last[-1] < numbers[0]:
            found.update(range(last[-1], numbers[0]))
        found.update(numbers)
        last, span = numbers, False
    return found


def _numbers(text: str) -> list[int]:
    if text.isdigit():
        return [int(text)]
    if text in _ROMAN:
        return [_ROMAN[text]]
    if "十" not in text:
        return [_CHINESE[c] for c in text]
    tens, _, ones = text.partition("十")
    return [(_CHINESE[tens[-1]] if tens else 1) * 10 + (_CHINESE[ones[0]] if ones and ones[0] != "十" else 0)]
