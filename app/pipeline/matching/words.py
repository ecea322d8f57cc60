"""The words that say nothing of which project it is, and how they are taken out of a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from schemas.cleaning import REMEMBERED, clean
from schemas.tables import district_aliases, regions

MOST = 400
"""Signs of a text that are read: what a longer one adds is no name, and time must not follow it."""


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("app.pipeline.matching") / name).read_text("utf-8"))


WORDS = _read("words.toml")

_PAIRS = _read("traditional.toml")["pairs"].split()
_SIMPLIFIED = str.maketrans({pair[0]: pair[1] for pair in _PAIRS})
_TRADITIONAL = re.compile("[" + "".join(pair[0] for pair in _PAIRS) + "]")


settled = re.compile("[!-^{-~\u4e00-\u9fff]*").fullmatch
"""Match a text that cleaning would leave as it is: ideographs and printed ASCII without small letters."""


@lru_cache(maxsize=REMEMBERED)
def plain(text: str) -> str:
    """Give a name as it is compared: cleaned, in simplified signs, and no more of it than `MOST` signs."""
    whole = (
        text if settled(text) else clean(text.encode("utf-8", "ignore").decode())
    )  # half a character is none
    cleaned = whole[:MOST]
    return cleaned.translate(_SIMPLIFIED) if _TRADITIONAL.search(cleaned) else cleaned


class Strip:
    """Takes the longest known words out of a text, in one pass from the left."""

    def __init__(self, words: Iterable[str], leading: Iterable[str] = (), short: Iterable[str] = ()) -> None:
        """Know `words`; `short` ones are not taken where they name a street; `leading` ones only at the beginning.

        Words of one sign are not taken, they stand in too many others.
        """
        shorts = {word for word in short if len(word) > 1}.difference(words)
        known = sorted({word for word in words if len(word) > 1} | shorts, key=lambda w: (-len(w), w))
        said = [re.escape(word) + (_NO_STREET if word in shorts else "") for word in known]
        self._take = re.compile("|".join(said) or r"(?!)").sub
        self._leading: dict[str, list[str]] = {}
        heads = {word for word in leading if len(word) > 1}
        for word in sorted(heads, key=lambda w: (-len(w), w)):
            self._leading.setdefault(word[:2], []).append(word)
        self._bodies = heads.union(known)

    def __call__(self, text: str) -> str:
        """Give `text` without the words."""
        if "(" in text:
            text = _BRACKETED.sub(self._unless_known, text)
        for word in self._leading.get(text[:2], ()):
            if text.startswith(word) and (
                word[-1] in _RANKS or text[len(word) : len(word) + 1] not in _NO_SEAT
            ):
                text = text[len(word) :]
                break
        return self._take("", text)

    def _unless_known(self, match: re.Match[str]) -> str:
        return "" if match[1] in self._bodies else match[0]


_RANKS = frozenset("省市区县州盟旗")
_NO_SEAT = frozenset("区县市镇乡村路街道河湖江湾桥")
"""What follows a short name that is no seat: 朝阳 is a city, 朝阳区 is not in it."""
_NO_STREET = "(?!大道|大桥|路|街|镇|乡|村|山|河|湖|江|桥|社区|技术)"
_NO_SEATS = frozenset({"市辖区", "自治区直辖县级行政区划", "省直辖县级行政区划"})
_PLACE_SUFFIX = re.compile(
    r"(?<=..)(?:特别行政区|(?:[\u4e00-\u9fff]{1,3}族|维吾尔)*自治[区州]|地区|[省市盟])$"
)
_BRACKETED = re.compile(r"\(([\u4e00-\u9fff]{2,12})\)")
FACILITY = Strip(WORDS["facilities"])
LEGAL_FORM = Strip(WORDS["suffixes"])


class Places:
    """The administrative words of a city, and the texts they are taken out of."""

    def __init__(
        self, words: Iterable[str] = (), leading: Iterable[str] = (), short: Iterable[str] = ()
    ) -> None:
        """Know a city's words; `short` and `leading` as `Strip` has them."""
        self.address = Strip(words, leading, short)
        self.body = Strip((*words, *WORDS["suffixes"]), leading, short)
        """Takes legal forms too, out of an organisation's name."""
        self.name = Strip((*words, *WORDS["suffixes"], *WORDS["generic"]), leading, short)
        """Takes legal forms and generic words too, out of a project's name."""
        self.seated = Strip((*words, *WORDS["suffixes"], *WORDS["generic"]), short=short)
        """Leaves the seat a name begins with: 广安 may be a city or a brand."""


NOWHERE = Places()


@cache
def _seats() -> frozenset[str]:
    """Give the provinces and cities of the country: a body's name begins with its seat, a parent's with another."""
    found: set[str] = set()
    for row in regions().values():
        if row.level != "district" and len(row.name) > 2 and row.name not in _NO_SEATS:
            found.update((row.name, _PLACE_SUFFIX.sub("", row.name)))
    return frozenset(found)


@lru_cache(maxsize=512)
def places_of(city: str) -> Places:
    """Give the words of a city (four digits): province, city, districts and their aliases, with and without suffix."""
    table = regions()
    full = {row.name for code in (f"{city[:2]}0000", f"{city}00") if (row := table.get(code))}
    full |= {row.name for row in table.values() if row.parent == f"{city}00"}
    aliases = district_aliases().get(f"{city}00", ())
    full |= {row.text for row in aliases if not row.text.isdigit()} | {
        row.zone for row in aliases if row.zone
    }
    short = {name[:-1] for name in full if name[-1:] in "省市县区" and len(name) > 2}
    return Places(full, _seats(), short)
