"""Dates as departments write them, with the precision that was said."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

from schemas.base import Value
from schemas.cleaning import REMEMBERED, says_nothing, squeeze
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.structs import maker


class Precision(StrEnum):
    """How much of a date was said."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


class StatedDate(Value):
    """A date as said: `day` is the first day of the period that `precision` names."""

    day: date
    precision: Precision
    raw: str


make_date = maker(StatedDate)
_CHINA = timezone(timedelta(hours=8))
_BEFORE_EXCEL = date(1899, 12, 30)
_EARLIEST, _LATEST = 1949, 2100
_UNKNOWN_YEARS = frozenset((0, 1, 1899, 1900, 1901))  # what systems write for "no date"

_TIME = r"(?:(?:[T ]|(?<=[日号]) ?)\d{1,2}(?:[:时点]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?)?[时点分秒整]?)?"
_AROUND = r"(?:[上中下]旬|年?[底末初中])?(?:之|以)?[前后]?(?:左右|许)?"
_DAY = re.compile(
    rf"(?a)(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})[日号]?(?:\(?(?:星期|周)[一二三四五六日天]\)?)?{_TIME}{_AROUND}"
)
_MONTH = re.compile(rf"(?a)(\d{{4}})[-/.年](\d{{1,2}})(?:月份?)?{_AROUND}")
_QUARTER = re.compile(rf"(?a)(\d{{4}})年?[- ]?第?(?:Q([1-4])|([1-4一二三四])季度?){_AROUND}", re.IGNORECASE)
_HALF = re.compile(rf"(?a)(\d{{4}})年?(上|下)半年{_AROUND}")
_YEAR = re.compile(rf"(?a)(\d{{4}})(?:年度?)?{_AROUND}")
_WITH_OFFSET = re.compile(
    r"(?a)\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)? ?(?:Z|[+-]\d{2}:?\d{2})", re.IGNORECASE
)
_ISO = re.compile(
    r"(?:19[5-9][0-9]|20[0-9]{2})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\+08:00)?)?"
)
_COMPACT = re.compile(r"(?a)(\d{4})(\d{2})(\d{2})?(?:(?:[01]\d|2[0-3])(?:[0-5]\d){1,2})?")
_EXCEL = re.compile(r"(?a)(\d{5})(?:\.\d+)?")
_EPOCH = re.compile(r"(?a)(\d{11,13})(?:\.0+)?")
_UNKNOWN_NUMBER = re.compile(r"(?a)-?[01](?:\.0+)?|1[89]\d\d/1/0")
_BROKEN_DAY = re.compile(r"(?<=[0-9])土")  # a landchina font table writes 日 as 土
_EXPECTED = re.compile(r"^(?:预计|预期|计划|拟|暂定)(?:于|在)?")
_SIGNS = re.compile(r" ?([年月日/.-]) ?(?=[\d初底末上中下前以之])| (?=[年月日])")
_CHINESE_YEAR = re.compile(
    r"^([〇○零一二三四五六七八九]{4})年(?:([一二三四五六七八九十]{1,3})月)?(?:([一二三四五六七八九十]{1,3})[日号])?"
)
_QUARTERS = "一二三四"


@lru_cache(maxsize=REMEMBERED)
def parse_date(text: str) -> Parsed[StatedDate | None]:
    """Read a date in any of the forms departments write, with the precision that was said.

    Nothing said gives None; what systems write for "unknown" (0000-00-00, 1900, 1901) gives None with a doubt.
    Moments with an offset and epoch milliseconds become the day in China. Raises NotUnderstood for words
    (`date.words`), days and moments that do not exist (`date.impossible`), years outside 1949–2100 (`date.implausible`) and
    any other form (`date.form`).
    """
    if _ISO.fullmatch(text) and not text.startswith("1970-01-01"):  # as most are: nothing to fold or to doubt
        try:
            return Parsed(make_date(day=date.fromisoformat(text[:10]), precision=Precision.DAY, raw=text))
        except ValueError:
            raise _impossible(text) from None
    if says_nothing(text):
        return Parsed(None)
    said = _SIGNS.sub(lambda m: m[1] or "", _in_digits(squeeze(text)))
    doubts: tuple[Doubt, ...] = ()
    if expected := _EXPECTED.match(said):
        said = said[expected.end() :]
        doubts = (Doubt("date.expected", text, "这是预计日期", "the date is an expectation"),)
    if _BROKEN_DAY.search(said):
        said = _BROKEN_DAY.sub("日", said)
        doubts = (*doubts, Doubt("date.broken_sign", text, "“土”按“日”处理", "土 stands for 日"))
    if _UNKNOWN_NUMBER.fullmatch(said):
        return Parsed(None, (*doubts, _unknown(text)))
    return _dated(text, _parts(said, text), doubts)


def _dated(
    text: str, parts: tuple[int, int, int, Precision], doubts: tuple[Doubt, ...]
) -> Parsed[StatedDate | None]:
    """Judge year, month and day as they were said; may raise NotUnderstood."""
    year, month, day, precision = parts
    if year in _UNKNOWN_YEARS or (year, month, day) == (1970, 1, 1):
        return Parsed(None, (*doubts, _unknown(text)))
    if not _EARLIEST <= year <= _LATEST:
        raise NotUnderstood(
            "date.implausible", text, f"年份 {year} 不可信，请核对", f"the year {year} is not believable"
        )
    if month == 0 or day == 0:
        precision = Precision.MONTH if month else Precision.YEAR
        month, day = month or 1, 1
        doubts = (
            *doubts,
            Doubt(
                "date.zero_part", text, "月或日写作 0，按未填处理", "a month or day of 0 is read as not said"
            ),
        )
    try:
        first = date(year, month, day)
    except ValueError:
        raise _impossible(text) from None
    return Parsed(make_date(day=first, precision=precision, raw=text), doubts)


def _impossible(text: str) -> NotUnderstood:
    return NotUnderstood(
        "date.impossible",
        text,
        "没有这一天或这一时刻，请核对",
        "there is no such day or moment, correct it",
    )


def _unknown(text: str) -> Doubt:
    return Doubt("date.sentinel", text, "系统默认值，按未填处理", "a system's default, read as not said")


def _in_digits(said: str) -> str:
    """Write 二〇二四年三月五日 as 2024年3月5日."""
    if not (found := _CHINESE_YEAR.match(said)):
        return said
    year = "".join(
        str("零一二三四五六七八九".index(sign.translate({0x3007: "零", 0x25CB: "零"}))) for sign in found[1]
    )
    rest = "".join(
        f"{_small_number(part)}{unit}" for part, unit in ((found[2], "月"), (found[3], "日")) if part
    )
    return f"{year}年{rest}{said[found.end() :]}"


def _small_number(words: str) -> int:
    tens, ten, ones = words.rpartition("十")
    digits = "零一二三四五六七八九"
    return (digits.index(tens[0]) if tens else 1) * 10 * bool(ten) + (digits.index(ones[0]) if ones else 0)


def _parts(said: str, text: str) -> tuple[int, int, int, Precision]:
    """Split a squeezed date into year, month, day and precision, unchecked; raise NotUnderstood for any other form."""
    if re.fullmatch(r"[0-9]+", said) or _EXCEL.fullmatch(said) or _EPOCH.fullmatch(said):
        return _number(said, text)
    if _WITH_OFFSET.fullmatch(said):
        iso = said.upper().replace(" Z", "Z").replace(" +", "+").replace(" -", "-")
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            raise _impossible(text) from None
        return _in_china(moment, text)
    if found := _DAY.fullmatch(said):
        return int(found[1]), int(found[2]), int(found[3]), Precision.DAY
    if found := _MONTH.fullmatch(said):
        return int(found[1]), int(found[2]), 1, Precision.MONTH
    if found := _QUARTER.fullmatch(said):
        quarter = int(found[2] or (found[3] if found[3].isdigit() else _QUARTERS.index(found[3]) + 1))
        return int(found[1]), quarter * 3 - 2, 1, Precision.QUARTER
    if found := _HALF.fullmatch(said):
        return int(found[1]), 1 if found[2] == "上" else 7, 1, Precision.HALF
    if found := _YEAR.fullmatch(said):
        return int(found[1]), 1, 1, Precision.YEAR
    if not re.search(r"\d", said):
        raise NotUnderstood(
            "date.words", text, "是文字而不是日期，请填日期", "words instead of a date: give the date"
        )
    raise NotUnderstood(
        "date.form",
        text,
        "日期格式无法识别，请写作 2024-03-15",
        "not a date the hub can read: write 2024-03-15",
    )


def _number(said: str, text: str) -> tuple[int, int, int, Precision]:
    """Read digits alone: a year, yyyymm, yyyymmdd (and time), an Excel serial or epoch milliseconds.

    Twelve digits that begin with a believable year and month are yyyymmddhhmm, not milliseconds of 1976.
    """
    if len(said) == 4:
        return int(said), 1, 1, Precision.YEAR
    if (found := _COMPACT.fullmatch(said)) and _EARLIEST <= int(found[1]) <= _LATEST and int(found[2]) <= 12:
        return (
            int(found[1]),
            int(found[2]),
            int(found[3] or 1),
            Precision.DAY if found[3] else Precision.MONTH,
        )
    if found := _EPOCH.fullmatch(said):
        return _in_china(datetime.fromtimestamp(int(found[1]) / 1000, _CHINA), text)
    if found := _EXCEL.fullmatch(said):
        day = _BEFORE_EXCEL + timedelta(days=int(found[1]))
        return day.year, day.month, day.day, Precision.DAY
    if found := _COMPACT.fullmatch(said):
        return int(found[1]), int(found[2]), int(found[3] or 1), Precision.DAY
    raise NotUnderstood(
        "date.form", text, "数字无法读作日期，请写作 2024-03-15", "digits that are no date: write 2024-03-15"
    )


def _in_china(moment: datetime, text: str) -> tuple[int, int, int, Precision]:
    """Give the day a moment falls on in China; raise NotUnderstood at the calendar's ends."""
    try:
        day = moment.astimezone(_CHINA)
    except OverflowError:
        raise NotUnderstood(
            "date.implausible", text, "日期不可信，请核对", "the date is not believable"
        ) from None
    return day.year, day.month, day.day, Precision.DAY
