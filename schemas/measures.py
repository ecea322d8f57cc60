"""Money in yuan and areas in square metres, exact, with the text, its declared unit and its precision."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from schemas.base import Value
from schemas.cleaning import REMEMBERED, clean
from schemas.doubts import NotUnderstood, Parsed
from schemas.quantities import is_bare, read_quantity
from schemas.structs import maker

MoneyUnit = Literal["元", "万元", "亿元"]
AreaUnit = Literal["㎡", "公顷", "亩"]


class Money(Value):
    """An amount in yuan. `yuan` is None where words or a range (`low`, `high`) were said.

    `unit` is the declared unit, `raw` the text as said, `precision` the worth in yuan of the last digit said.
    """

    yuan: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    raw: str
    unit: MoneyUnit
    about: bool = False
    precision: Decimal | None = None


class Area(Value):
    """An area in square metres. `square_metres` is None where words or a range (`low`, `high`) were said.

    `unit` is the declared unit, `raw` the text as said, `precision` the worth in ㎡ of the last digit said.
    """

    square_metres: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    raw: str
    unit: AreaUnit
    about: bool = False
    precision: Decimal | None = None


_make_money, _make_area = maker(Money), maker(Area)
_MONEY = {
    name: Fraction(10**power)
    for power, names in {
        0: ("元", "圆"),
        3: ("千元",),
        4: ("万元", "万"),
        6: ("百万元", "百万"),
        7: ("千万元", "千万"),
        8: ("亿元", "亿"),
        12: ("万亿元", "万亿"),
    }.items()
    for name in names
}
_AREA = {
    name: factor
    for factor, names in {
        Fraction(1): ("㎡", "M2", "平方米", "平米", "方米", "平方"),
        Fraction(10_000): ("公顷", "HA", "万平方米", "万平米", "万平方", "万M2", "万方"),
        Fraction(2_000, 3): ("亩",),  # 15 亩 are one hectare
        Fraction(1_000_000): ("平方公里", "KM2", "平方千米"),
    }.items()
    for name in names
}
_FOREIGN = re.compile(r"美元|美金|USD|US\$|\$|港[元币]|HKD|欧元|EUR|€|日元|JPY|英镑|GBP|£|韩元|卢布")


@lru_cache(maxsize=REMEMBERED)
def parse_money(text: str, unit: MoneyUnit) -> Parsed[Money | None]:
    """Read an amount that is said in `unit` unless the text names its own; exact, in yuan.

    Nothing said and 0 give None (0 with `money.sentinel_zero`); words such as 详见合同 give Money without a value and
    a doubt. Raises NotUnderstood with rule `money.currency`, `money.negative`, `money.rate` or `money.form`.
    """
    if not is_bare(text) and _FOREIGN.search(clean(text)):
        raise NotUnderstood(
            "money.currency", text, "外币金额，请折算为人民币", "a foreign currency: give it in yuan"
        )
    read, doubts = read_quantity(text, unit, _MONEY, "money")
    if read is None:
        return Parsed(None, doubts)
    money = _make_money(
        yuan=read.value,
        low=read.low,
        high=read.high,
        raw=text,
        unit=unit,
        about=read.about,
        precision=read.step,
    )
    return Parsed(money, doubts)


@lru_cache(maxsize=REMEMBERED)
def parse_area(text: str, unit: AreaUnit) -> Parsed[Area | None]:
    """Read an area that is said in `unit` unless the text names its own; in ㎡, 亩 to a ten-thousandth of a ㎡.

    Nothing said and 0 give None (0 with `area.sentinel_zero`); words give Area without a value and a doubt. Raises
    NotUnderstood with rule `area.negative`, `area.rate` or `area.form`.
    """
    read, doubts = read_quantity(text, unit, _AREA, "area")
    if read is None:
        return Parsed(None, doubts)
    area = _make_area(
        square_metres=read.value,
        low=read.low,
        high=read.high,
        raw=text,
        unit=unit,
        about=read.about,
        precision=read.step,
    )
    return Parsed(area, doubts)
