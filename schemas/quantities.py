"""Numbers with units as departments write them: what money and areas have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from schemas.cleaning import clean, says_nothing, squeeze
from schemas.doubts import Doubt, NotUnderstood

_EXACT = Context(prec=80)
_NUMBER = r"[0-9]{1,24}(?:\.[0-9]{1,12})?(?:E[+-]?[0-9]{1,2})?"
_BARE = re.compile(r"[0-9]{1,24}(?:\.[0-9]{1,12})?")
_GROUPED = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:([ ,'])[0-9]{3})(?:\1[0-9]{3})*(?![0-9])")
_APART = re.compile(r"[0-9] [0-9]")
_NOTE = re.compile(r"\(([^()]*)\)")
_LEAD = re.compile(r"(?:更正为|调整为|人民币|总计|合计|共计|RMB|CNY|为|共|计|[¥:+])+")
_ABOUT = re.compile(r"(?:大约|约为|约|近|暂估|估算|预计|拟)+|(?:左右|上下|多|余)$")
_AT_LEAST = re.compile(r"(?:不低于|不少于|不小于|大于或?等于|至少|大于|超过|>=|≥|>|逾|超)|(?:及?以上|起)$")
_AT_MOST = re.compile(r"(?:不超过|不高于|不大于|小于或?等于|至多|小于|<=|≤|<)|(?:及?以下|以内)$")
_LIMIT = re.compile(r"[<>=≤≥]*-?1\.797[0-9]*E\+?308")


class Quantity(NamedTuple):
    """What a text says of a quantity, in the base unit: one value, or bounds, or neither where words were said."""

    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None
    """The worth of the last digit that was said."""
    about: bool = False


def read_quantity(
    text: str, declared: str, units: Mapping[str, Fraction], notion: str
) -> tuple[Quantity | None, tuple[Doubt, ...]]:
    """Read a number, a range or a bound said in `declared` or in a unit of its own (`units`: name → factor).

    Nothing said and zero give None (zero with a doubt), words without a number an empty Quantity with a doubt. A unit
    in the text that is not the declared one is followed with a doubt that names both readings. Raises NotUnderstood
    with rule `<notion>.negative`, `.rate` or `.form`.
    """
    if is_bare(text):
        return _bare(text, units[declared], notion)
    if says_nothing(text):
        return None, ()
    said, doubts = _plain(text, units, notion)
    if _LIMIT.fullmatch(said):
        doubt = Doubt(
            f"{notion}.sentinel_limit",
            text,
            "系统默认极值，按未填处理",
            "a system's default limit, read as not said",
        )
        return None, (*doubts, doubt)
    if not re.search("[0-9]", said):
        doubt = Doubt(
            f"{notion}.words",
            text,
            "是文字而不是数字，请填数字",
            "words instead of a number: give the number",
        )
        return Quantity(), (*doubts, doubt)
    said, about = _strip(said, _ABOUT)
    said, at_least = _strip(said, _AT_LEAST)
    said, at_most = _strip(said, _AT_MOST)
    said, about_too = _strip(said, _ABOUT)
    said = _strip(said, _LEAD)[0].removesuffix("整")
    if said.startswith("-"):
        raise NotUnderstood(
            f"{notion}.negative", text, "不应为负数，请核对", "must not be negative, correct it"
        )
    reader = _Reader(text, declared, units, notion)
    low, high = reader.bounds(said)
    doubts += tuple(reader.doubts)
    if not high:
        return None, (*doubts, _zero(text, notion))
    about = about or about_too
    if low != high or at_least or at_most:
        bounds = (None if at_most else low, None if at_least else high)
        return Quantity(low=bounds[0], high=bounds[1], step=reader.step, about=about), doubts
    return Quantity(value=high, step=reader.step, about=about), doubts


def is_bare(text: str) -> bool:
    """Tell whether a text is a number and nothing else, as most cells are: nothing to clean, no unit of its own."""
    return _BARE.fullmatch(text) is not None


def _bare(text: str, factor: Fraction, notion: str) -> tuple[Quantity | None, tuple[Doubt, ...]]:
    number = Decimal(text)
    if not number:
        return None, (_zero(text, notion),)
    decimals = len(text.partition(".")[2])
    return Quantity(value=times(number, factor), step=_step(-decimals, factor)), ()


def _zero(text: str, notion: str) -> Doubt:
    return Doubt(f"{notion}.sentinel_zero", text, "0 按未填处理", "zero is read as not said")


def _strip(said: str, words: re.Pattern[str]) -> tuple[str, bool]:
    """Take the words off both ends; tell whether there were any."""
    head = words.match(said)
    rest = said[head.end() :] if head else said
    tail = words.search(rest)
    if tail and tail.end() == len(rest) and tail.start():
        rest = rest[: tail.start()]
    return rest, rest != said


def _plain(text: str, units: Mapping[str, Fraction], notion: str) -> tuple[str, tuple[Doubt, ...]]:
    """Clean a text, join grouped digits and drop remarks in brackets that are no unit."""
    said = _GROUPED.sub(lambda m: re.sub("[ ,']", "", m[0]), squeeze(text))
    if _APART.search(said):
        raise NotUnderstood(f"{notion}.form", text, "含有多个数字，请只填一个", "several numbers: give one")
    said = clean(said).strip("|")
    bare = _NOTE.sub(lambda m: m[1] if m[1] in units else "", said)
    if len(bare) == len(said) - 2 * said.count("("):
        return bare, ()
    return bare, (
        Doubt(f"{notion}.note_dropped", text, "括号内说明未采用", "the remark in brackets was not used"),
    )


class _Reader:
    """Reads the numbers of one text and notes what was odd about them."""

    def __init__(self, text: str, declared: str, units: Mapping[str, Fraction], notion: str) -> None:
        self.text, self.declared, self.units, self.notion = text, declared, units, notion
        self.step: Decimal | None = None
        self.doubts: list[Doubt] = []
        self._one, self._many = _forms(tuple(units))

    def bounds(self, said: str) -> tuple[Decimal, Decimal]:
        """Give the lower and the upper value of a cleaned text, equal unless it is a range; may raise NotUnderstood."""
        parts = re.split(r"(?<=[^E])(?:-+|~+|至|到)", said)
        if len(parts) > 2 or not all(map(self._many.fullmatch, parts)):
            rate = re.search(r"[/每]", said)
            rule, zh, en = (
                ("rate", "是单价而不是总量，请填总量", "a rate instead of an amount: give the amount")
                if rate
                else ("form", "无法识别，请只填数字", "not a number the hub can read: give digits only")
            )
            raise NotUnderstood(f"{self.notion}.{rule}", self.text, zh, en)
        unit = next((found[2] for found in reversed(list(self._one.finditer(parts[-1]))) if found[2]), None)
        values = [self._sum(part, unit) for part in parts]
        low, high = values[0], values[-1]
        if low > high:
            raise NotUnderstood(
                f"{self.notion}.form", self.text, "区间上下限颠倒，请核对", "the range is upside down"
            )
        if unit and self.units[unit] != self.units[self.declared]:
            self._doubt_unit(parts[-1], high)
        return low, high

    def _sum(self, part: str, unit: str | None) -> Decimal:
        """Add what a part says, as 1亿5000万; a number without a unit is in the unit said last, else as declared."""
        total = Decimal(0)
        for found in self._one.finditer(part):
            factor = self.units[found[2] or unit or self.declared]
            number = Decimal(found[1])
            total = _EXACT.add(total, times(number, factor))
            self.step = _step(min(0, _exponent(number)), factor)
            if "E" in found[1]:
                self.doubts.append(
                    Doubt(
                        f"{self.notion}.scientific",
                        self.text,
                        "科学计数法可能丢失数字",
                        "scientific form may have lost digits",
                    )
                )
        return total

    def _doubt_unit(self, part: str, followed: Decimal) -> None:
        numbers = [Decimal(found[1]) for found in self._one.finditer(part)]
        declared = times(numbers[0], self.units[self.declared]) if len(numbers) == 1 else None
        zh = f"文中单位与约定单位({self.declared})不符:按文中单位为 {followed}，按约定单位为 {declared}"
        en = f"the text's unit is not the declared {self.declared}: {followed} by the text, {declared} as declared"
        self.doubts.append(Doubt(f"{self.notion}.unit_conflict", self.text, zh, en))


@cache
def _forms(units: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Give the forms of one number with or without its unit, and of several that add up."""
    names = "|".join(sorted(map(re.escape, units), key=len, reverse=True))
    return (
        re.compile(f"({_NUMBER})({names})?"),
        re.compile(f"(?:{_NUMBER}(?:{names})?)(?:{_NUMBER}(?:{names}))*"),
    )


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _step(exponent: int, factor: Fraction) -> Decimal:
    """Give the worth of a digit that stands `exponent` places before the point."""
    return _worth(exponent, factor.numerator, factor.denominator)


@lru_cache(maxsize=256)
def _worth(exponent: int, numerator: int, denominator: int) -> Decimal:
    return times(Decimal(1).scaleb(exponent), Fraction(numerator, denominator))


_whole = lru_cache(maxsize=256)(Decimal)


def times(number: Decimal, factor: Fraction) -> Decimal:
    """Multiply exactly where the factor is whole, else to a ten-thousandth of the base unit; no trailing zeros."""
    if factor.denominator == 1:
        product = _EXACT.multiply(number, _whole(factor.numerator))
    else:
        product = _EXACT.scaleb(Decimal(round(Fraction(number) * factor * 10_000)), -4)
    whole = product.to_integral_value()
    return whole if whole == product else _EXACT.normalize(product)
