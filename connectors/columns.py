"""Column heads as people write them: `面积(公顷):` is the column 面积 in hectares, `电子监管号：` is 电子监管号."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple, cast

from schemas.cleaning import REMEMBERED
from schemas.measures import AreaUnit, MoneyUnit


class Column(NamedTuple):
    """A head without decoration, with the unit it declares."""

    name: str
    unit: str | None = None

    @property
    def full(self) -> str:
        """The name with its unit: equal for equal meaning, however the head is punctuated."""
        return f"{self.name}({self.unit})" if self.unit else self.name


_UNITS = {
    "元": "元",
    "万元": "万元",
    "亿元": "亿元",
    "亩": "亩",
    "公顷": "公顷",
    "平方米": "㎡",
    "平米": "㎡",
    "m2": "㎡",
}
_UNIT = re.compile(r"^(.+?)[(\[【]([^()\[\]【】]+)[)\]】]$")
_INVISIBLE = re.compile(r"[\u200b-\u200f\ufeff]")
_CHINESE_GAP = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")


@lru_cache(maxsize=REMEMBERED)
def column(head: str) -> Column:
    """Read a head: width, blanks and a closing colon do not matter; a unit in brackets is taken as declared."""
    name = _INVISIBLE.sub("", unicodedata.normalize("NFKC", head)).strip()
    name = " ".join(_CHINESE_GAP.sub("", name).split()).rstrip(":").strip()
    found = _UNIT.match(name)
    unit = _UNITS.get(found[2].strip().lower()) if found else None
    return Column(found[1].strip(), unit) if found and unit else Column(name)


def column_name(head: str) -> str:
    """Give the name a manifest uses for a head."""
    return column(head).name


def column_letters(number: int) -> str:
    """Give a spreadsheet's name of a column: A for 1, AA for 27."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def money_unit(unit: str | None, declared: MoneyUnit) -> MoneyUnit | None:
    """Give the unit a head declares, else the manifest's; None when the head declares no unit of money."""
    if unit is None:
        return declared
    return cast("MoneyUnit", unit) if unit in {"元", "万元", "亿元"} else None


def area_unit(unit: str | None, declared: AreaUnit) -> AreaUnit | None:
    """Give the unit a head declares, else the manifest's; None when the head declares no unit of area."""
    if unit is None:
        return declared
    return cast("AreaUnit", unit) if unit in {"㎡", "公顷", "亩"} else None
