"""What a project's and a body's name state; the order of reading is part of the rule set.

Phase before generic words (none is not phase 1), section before generic words, plots before quantities and buildings.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

from app.pipeline.matching.cuts import (
    cut_buildings,
    cut_phases,
    cut_plots,
    cut_quantities,
    cut_sections,
    cut_zone,
    kinds_of,
)
from app.pipeline.matching.words import FACILITY, LEGAL_FORM, NOWHERE, WORDS, Places, Strip, plain, settled
from schemas.cleaning import REMEMBERED

_NONE: frozenset[Any] = frozenset()
_NUMBERED = re.compile(r"\d|地块|宗地").search
_COUNT = re.compile(r"等\d{0,3}[栋幢座宗]")
_MASKED = re.compile(r"[\u4e00-\u9fff]{1,2}\*{1,4}等?")
_MARKS = re.compile(r"(?:(?<![0-9A-Z])[.\-]|[.\-](?![0-9A-Z])|[^\w.\-]|_)+")
_BETWEEN = re.compile(r"(?<=\d)[、,/&+~](?=\d)")
_BARE = re.compile("[0-9A-Z\u4e00-\u9fff]*").fullmatch
_COMMON = re.compile("|".join(word[:2] for word in WORDS["facilities"])).match
_LATIN = re.compile(r"[A-Z]{3}")
_LATIN_GENERIC = re.compile("|".join(WORDS["latin_generic"]))
_LATIN_SUFFIX = re.compile(rf"(?:(?<=[A-Z.,])[.,]*(?:{'|'.join(WORDS['latin_suffixes'])})[.,]*){{1,4}}$")
_PUBLIC = re.compile(
    "|".join((*WORDS["owners"]["public"], *(f"{end}$" for end in WORDS["owners"]["public_ends"])))
)


class Name(NamedTuple):
    """What a name states.

    `core` is what it is about, '' where it says nothing of that; then `generic` is what it says instead (厂房).
    `parts` are works sections and buildings (S2, B1), `plots` numbers of plots, `kinds` what makes it an addition.
    """

    core: str
    generic: str
    phase: frozenset[int]
    zone: str | None
    parts: frozenset[str]
    quantities: frozenset[str]
    plots: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=REMEMBERED)
def parse_name(text: str, places: Places = NOWHERE) -> Name:
    """Read a project's name; `places` takes out the administrative words of its own province, city and district.

    Reading the core again gives the core: words that only meet where others were taken out are read once more.
    """
    whole = plain(text)
    core, phase, zone, parts, quantities, plots = _cut(whole, places.name)
    telling = _tells(core)
    if not telling and (kept := _cut(whole, places.seated)[0]) != core:
        telling = _tells(kept) and not _tells(_cut(kept, places.name)[0])
        core = kept if telling else core
    generic = "" if telling else core or _MARKS.sub("", whole)
    return Name(core if telling else "", generic, phase, zone, parts, quantities, plots, kinds_of(whole))


_Cut = tuple[str, frozenset[int], str | None, frozenset[str], frozenset[str], frozenset[str]]
"""What is left of a name, and its phases, zone, parts, quantities and plots."""


def _tells(core: str) -> bool:
    return len(core) > 1 and (not _COMMON(core) or FACILITY(core) != "")


def _cut(text: str, words: Strip) -> _Cut:
    """Cut a name until nothing more comes off; what is left is its core, whether it tells anything or not."""
    phase: set[int] = set()
    parts: set[str] = set()
    quantities: set[str] = set()
    plots: set[str] = set()
    zone: str | None = None
    core, before = text, None
    while True:
        if "期" in core or "PHASE" in core:
            core = cut_phases(core, phase)
        if "标" in core:
            core = cut_sections(core, parts)
        if _NUMBERED(core):
            core = cut_buildings(cut_quantities(cut_plots(core, plots), quantities), parts)
        if "区" in core:
            core, of_zone = cut_zone(core)
            zone = zone or of_zone
        core = words(_unsaid(core)).removesuffix("及").removesuffix("等")
        if core == before:
            break
        if not _BARE(core):
            core = _MARKS.sub("", _BETWEEN.sub("-", core))
            core = core if settled(core) else plain(core)
        before = core
    return (
        core,
        frozenset(phase) if phase else _NONE,
        zone,
        frozenset(parts) if parts else _NONE,
        frozenset(quantities) if quantities else _NONE,
        frozenset(plots) if plots else _NONE,
    )


def _unsaid(text: str) -> str:
    """Take out what is there in part only: a number of houses, a masked person, an English word that says nothing."""
    if "等" in text:
        text = _COUNT.sub("", text)
    if "*" in text:
        text = _MASKED.sub("", text)
    return _LATIN_GENERIC.sub("", text) if _LATIN.search(text) else text


@lru_cache(maxsize=REMEMBERED)
def owner_core(text: str, places: Places = NOWHERE) -> str:
    """Give the telling part of a body's name: no administrative words, no legal form; the whole if nothing is left."""
    whole = plain(text)
    if _LATIN.search(whole):
        whole = _LATIN_SUFFIX.sub("", whole) or whole
    return _MARKS.sub("", places.body(whole)) or _MARKS.sub("", LEGAL_FORM(whole)) or _MARKS.sub("", whole)


@lru_cache(maxsize=REMEMBERED)
def is_public(core: str) -> bool:
    """Tell whether an owner is a public body, whose name is shared by hundreds of projects."""
    return _PUBLIC.search(core) is not None


def bigrams(text: str) -> frozenset[str]:
    """Give the set of adjacent pairs of signs; a single sign stands for itself."""
    if len(text) == 1:
        return frozenset((text,))
    return frozenset(map(add, text, text[1:]))
