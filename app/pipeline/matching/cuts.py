"""What is cut out of a project's name before its core is left: phases, sections, buildings, plots, quantities, zones.

Every repetition in a pattern is bounded, so that reading takes time in proportion to the name whatever it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.pipeline.matching.words import WORDS

_CHINESE = {c: i for i, c in enumerate("一二三四五六七八九十", 1)}
_ROMAN = {r: i for i, r in enumerate(("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"), 1)}
_ROMANS = "(?<![A-Z])(?:IX|IV|VI{0,3}|I{1,3}|X)(?![A-Z])"
_NUMBER = rf"(?:[一二三四五六七八九十]{{1,4}}|(?<![\d.])\d{{1,2}}|{_ROMANS})"
_LATIN_PHASE = r"(?:\d{1,2}|IX|IV|VI{0,3}|I{1,3}|X)"
_JOIN = r"[、,和及与/&+~\-至到]"
_PHASE = re.compile(
    rf"[(]?(?:首期|第?({_NUMBER}(?:期?{_JOIN}第?{_NUMBER}){{0,6}})期|PHASE({_LATIN_PHASE}(?:[&/,+]{_LATIN_PHASE}){{0,3}})(?![A-Z](?!ROJECT|ONSTRUCTION|XPANSION|LANT)))(?:工程|项目)?[)]?"
)
_PART = re.compile(rf"{_NUMBER}|{_LATIN_PHASE}|[~\-至到]")
_SECTION = re.compile(
    rf"[(]?第?([一二三四五六七八九十]{{1,4}}|\d{{1,3}}|(?<![A-Z])[A-Z]\d{{0,2}}|{_ROMANS})标(?:段|(?![准志杆的识]))[)]?"
)
_HOUSE = r"[A-Z]?\d{1,3}(?:-\d{1,3})?"
_WORDS = WORDS["patterns"]["building_words"]
_BUILDING = re.compile(
    rf"[(]?(?<![\d.A-Z\-])({_HOUSE}(?:#|号楼|栋|幢|座)?(?:[、,及和~\-至]{_HOUSE}(?:#|号楼|栋|幢|座)?){{0,12}})(?:#|号楼|(?<=[#\d])(?:栋|幢|座))"
    rf"(?:{_WORDS}){{0,3}}(?:[及、和](?:{_WORDS})){{0,3}}(?:等\d{{0,3}}[栋幢座]?)?[)]?"
)
_HOUSED = re.compile("[#栋幢座]|号楼").search
_ONE_HOUSE = re.compile(rf"({_HOUSE})|([~至])")
_ZONE = re.compile(
    r"(?<![A-Z0-9、,和及/&+~\-])([A-Z])区|(?<=[(园苑府厂港院校])([东西南北中])区(?![域县市]|[\u4e00-\u9fff]路)"
)
_PLOT = re.compile(
    r"NO\.?(\d{4}[A-Z]{1,3}\d{1,4})号?"
    r"|(?<!\d)(20\d\d-[A-Z]{1,2}-\d{1,4})(?!\d)"
    r"|(?<![A-Z\d])([A-Z]{1,4}\d{0,4}(?:-[A-Z]{1,2})?(?:-[A-Z]{0,2}\d{1,5}[A-Z]?){1,4})(?![\d#A-Z]|号楼|[栋幢座])"
    r"|(?<![A-Z\d.\-])(\d{2,5}(?:-[A-Z]?\d{1,5}){1,3}(?:[、,]\d{1,5}(?:-[A-Z]?\d{1,5}){0,3}){0,9})"
    r"(?=(?:\([^()]{1,6}\))?[等号]?(?:地块|宗地))"
    r"|(?<![A-Z\d.\-])([A-Z]\d{0,4}|\d{1,4}(?:[、,]\d{1,4}){0,9}|[一二三四五六七八九十]{1,2})[号#]?(?=地块|宗地)"
    r"|地块([一二三四五六七八九十]{1,2}|[A-Z\d]{1,2})(?=$|[^\u4e00-\u9fff#\dA-Z]|项目|建设|工程|用地|住宅|商)"
)
_OF_YEAR = re.compile(r"[\[(〔](20\d\d)[\])〕]-?(\d{1,4})号?(?=地块|宗地)")
_BETWEEN = re.compile("[、,]")
_UNITS = {sign: unit for unit, signs in WORDS["units"].items() for sign in signs}
_SIGNS = "|".join(sorted(_UNITS, key=lambda sign: (-len(sign), sign)))
_TIMES = {
    "": 1,
    "十": 10,
    "百": 100,
    "千": 1000,
    "万": 10**4,
    "十万": 10**5,
    "百万": 10**6,
    "千万": 10**7,
    "亿": 10**8,
}
_QUANTITY = re.compile(
    rf"(?:年产能?|年处理|日产|日处理|年加工)?(?<![\dA-Z.\-])(\d{{1,9}}(?:\.\d{{1,4}})?)(亿|[十百千]?万|[十百千])?({_SIGNS})(?![A-Z\d])(?:/年|/日)?"
)
_KIND_OF = {word: kind for kind, words in WORDS["kinds"].items() for word in words}
_KIND = re.compile("|".join(sorted(_KIND_OF, key=lambda word: (-len(word), word))))


def cut_phases(text: str, found: set[int]) -> str:
    """Take phases out of a name and add them to `found`; none stated is not phase 1."""

    def take(match: re.Match[str]) -> str:
        said = match[1] or match[2]
        found.update((1,) if said is None else _phases(said))
        return ""

    return _PHASE.sub(take, text)


def cut_sections(text: str, found: set[str]) -> str:
    """Take works sections (标段) out of a name and add each to `found`, as `S` and its number."""

    def take(match: re.Match[str]) -> str:
        found.add(f"S{_digits(match[1])}")
        return ""

    return _SECTION.sub(take, text)


def cut_plots(text: str, found: set[str]) -> str:
    """Take the numbers of plots (地块) out of a name and add them to `found`."""
    if "地块" in text or "宗地" in text:
        text = _OF_YEAR.sub(r"\1-\2", text)
    elif "-" not in text and "NO" not in text:
        return text

    def take(match: re.Match[str]) -> str:
        found.update(map(_digits, _BETWEEN.split(match[match.lastindex or 0])))
        return ""

    return _PLOT.sub(take, text)


def cut_quantities(text: str, found: set[str]) -> str:
    """Take capacities out of a name and add each to `found`, the same however it was written: 49.7兆瓦 as 49.7MW."""

    def take(match: re.Match[str]) -> str:
        found.add(f"{float(match[1]) * _TIMES[match[2] or '']:.10g}{_UNITS[match[3]]}")
        return ""

    return _QUANTITY.sub(take, text)


def cut_buildings(text: str, found: set[str]) -> str:
    """Take buildings (1#厂房, 2号楼, 5幢) out of a name and add each to `found`, as `B` and its number."""
    if not _HOUSED(text):
        return text

    def take(match: re.Match[str]) -> str:
        found.update(f"B{house}" for house in _houses(match[1]))
        return ""

    return _BUILDING.sub(take, text)


def cut_zone(text: str) -> tuple[str, str | None]:
    """Take the zone (A区, 北区) out of a name; where several are stated none is."""
    zones = {match[1] or match[2] for match in _ZONE.finditer(text)}
    return (_ZONE.sub("", text), zones.pop()) if len(zones) == 1 else (text, None)


def kinds_of(text: str) -> frozenset[str]:
    """Tell what makes this project another than the one it is added to: expansion, upgrade, removal, ancillary."""
    found = _KIND.findall(text)
    return frozenset(map(_KIND_OF.__getitem__, found)) if found else frozenset()


def _houses(text: str) -> Iterator[str]:
    """Read 1#、2# and 1#~5# as the numbers of houses; a span of more than forty is its two ends."""
    last, span = "", False
    for match in _ONE_HOUSE.finditer(text):
        if match[2]:
            span = True
            continue
        house = match[1]
        if span and last.isdigit() and house.isdigit() and 0 < int(house) - int(last) <= 40:
            yield from map(str, range(int(last) + 1, int(house)))
        yield house
        last, span = house, False


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


def _digits(text: str) -> str:
    """Give a number in Arabic digits, whatever it was written in; anything else as it is."""
    return str(_numbers(text)[0]) if text in _ROMAN or all(map(_CHINESE.__contains__, text)) else text


def _numbers(text: str) -> list[int]:
    if text.isdigit():
        return [int(text)]
    if text in _ROMAN:
        return [_ROMAN[text]]
    if "十" not in text:
        return [_CHINESE[c] for c in text]
    tens, _, ones = text.partition("十")
    return [(_CHINESE[tens[-1]] if tens else 1) * 10 + (_CHINESE[ones[0]] if ones and ones[0] != "十" else 0)]
