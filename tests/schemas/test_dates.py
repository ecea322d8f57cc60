from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dates import Precision, StatedDate, parse_date
from schemas.doubts import NotUnderstood
from tests.support.shared_data import shared_data

DAYS = st.dates(min_value=date(2001, 9, 10), max_value=date(2099, 12, 31))


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("2024/3/5", "2024-03-05", "day"),
        ("2024.3.15", "2024-03-15", "day"),
        ("2024-03-05", "2024-03-05", "day"),
        ("20240305", "2024-03-05", "day"),
        ("20240305103000", "2024-03-05", "day"),
        ("45356", "2024-03-05", "day"),
        ("45356.4375", "2024-03-05", "day"),
        ("1709568000000", "2024-03-05", "day"),
        ("946656000000", "2000-01-01", "day"),
        ("202403051030", "2024-03-05", "day"),
        ("2024-09-18 10:00:00", "2024-09-18", "day"),
        ("2024-09-18T10:00:00+08:00", "2024-09-18", "day"),
        ("2024-09-17T16:00:00Z", "2024-09-18", "day"),
        ("2024-09-17T15:59:59.999Z", "2024-09-17", "day"),
        ("2005年05月31日", "2005-05-31", "day"),
        ("2024 年 3 月 5 日", "2024-03-05", "day"),
        ("２０２４年３月５日", "2024-03-05", "day"),
        ("2020/4/17 10:46", "2020-04-17", "day"),
        ("2011年01月19日09时00分", "2011-01-19", "day"),
        ("2024-03-15(星期五)", "2024-03-15", "day"),
        ("二〇二四年十二月三十一日", "2024-12-31", "day"),
        ("2024.03", "2024-03-01", "month"),
        ("2025-03", "2025-03-01", "month"),
        ("202403", "2024-03-01", "month"),
        ("2024年3月", "2024-03-01", "month"),
        ("2024年3月上旬", "2024-03-01", "month"),
        ("2024年6月底前", "2024-06-01", "month"),
        ("二〇二四年十月", "2024-10-01", "month"),
        ("2024年二季度", "2024-04-01", "quarter"),
        ("2024年第4季度", "2024-10-01", "quarter"),
        ("2024Q3", "2024-07-01", "quarter"),
        ("2024年上半年", "2024-01-01", "half"),
        ("2024年下半年", "2024-07-01", "half"),
        ("2024", "2024-01-01", "year"),
        ("2024年", "2024-01-01", "year"),
        ("2024年年底前", "2024-01-01", "year"),
    ],
)
def test_every_form_departments_write_is_read_with_its_precision(text: str, day: str, precision: str) -> None:
    parsed = parse_date(text)
    assert StatedDate.model_validate(parsed.value) == StatedDate(
        day=date.fromisoformat(day), precision=Precision(precision), raw=text
    )
    assert parsed.doubts == ()


@pytest.mark.parametrize(
    "text", ["", " ", "\xa0", "无", "None", "---", "/", "(空)", "（空）", "待定", "不限", "\u200b"]
)
def test_nothing_said_is_no_date_and_no_doubt(text: str) -> None:
    assert parse_date(text) == (None, ())


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1900-01-00",
        "1900/1/1",
        "1901年01月01日",
        "1899-12-30",
        "0",
        "1970-01-01",
    ],
)
def test_what_systems_write_for_unknown_is_no_date_and_a_doubt(text: str) -> None:
    parsed = parse_date(text)
    assert parsed.value is None
    assert [(doubt.rule, doubt.value) for doubt in parsed.doubts] == [("date.sentinel", text)]


def test_a_month_or_day_of_zero_lowers_the_precision_with_a_doubt() -> None:
    year, month = parse_date("2024-00-00"), parse_date("2024-03-00")
    assert (year.value and year.value.precision, month.value and month.value.precision) == ("year", "month")
    assert year.doubts[0].rule == month.doubts[0].rule == "date.zero_part"


def test_an_expected_date_says_so() -> None:
    parsed = parse_date("预计2025年6月")
    assert parsed.value is not None
    assert (parsed.value.day, parsed.doubts[0].rule) == (date(2025, 6, 1), "date.expected")


def test_a_day_sign_lost_in_a_font_table_is_read_with_a_doubt() -> None:
    parsed = parse_date("2011年01月28土16时00分")
    assert parsed.value is not None
    assert (parsed.value.day, parsed.doubts[0].rule) == (date(2011, 1, 28), "date.broken_sign")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("已开工", "date.words"),
        ("详见合同", "date.words"),
        ("2024-02-30", "date.impossible"),
        ("2024-01-01T00:00:00+24:00", "date.impossible"),
        ("2024-01-01T25:00:00Z", "date.impossible"),
        ("2005年06月31日", "date.impossible"),
        ("2024-13-01", "date.impossible"),
        ("202413", "date.impossible"),
        ("1890-1-1", "date.implausible"),
        ("2101-01-01", "date.implausible"),
        ("9999", "date.implausible"),
        ("24.3.5", "date.form"),
        ("3月15日", "date.form"),
        ("2024.3-2025.6", "date.form"),
        ("31/12/2024", "date.form"),
        ("2024-9-110:00", "date.form"),
        ("1709568000000000", "date.form"),
    ],
)
def test_what_is_no_date_is_refused_by_name(text: str, rule: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse_date(text)
    assert (refused.value.doubt.rule, refused.value.doubt.value) == (rule, text)


@given(DAYS)
def test_a_day_reads_the_same_in_every_form(day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    forms = (
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        str(int(midnight.timestamp() * 1000)),
        midnight.isoformat(),
        str((day - date(1899, 12, 30)).days),
    )
    assert {parsed.day for form in forms if (parsed := parse_date(form).value)} == {day}
    assert all(parse_date(form).value for form in forms)


@given(st.text() | st.text(alphabet="0123456789年月日-/. :TZ+季度上下半底前"))
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    try:
        parsed = parse_date(text)
    except NotUnderstood:
        return
    assert parsed.value is None or (parsed.value.raw == text and 1949 <= parsed.value.day.year <= 2100)


def test_real_land_supply_dates_are_read_or_named() -> None:
    columns = ("deliver", "start_agreed", "finish_agreed", "start_actual", "finish_actual", "contract_date")
    met: Counter[str] = Counter()
    with shared_data("cn_landchina/landchina_unified_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for column in columns:
                try:
                    value, doubts = parse_date(row[column])
                except NotUnderstood as refused:
                    met[refused.doubt.rule] += 1
                else:
                    met["read" if value else doubts[0].rule if doubts else "nothing"] += 1
    assert met["read"] > 15_000
    assert met["date.sentinel"] >= 44
    assert set(met) <= {"read", "nothing", "date.sentinel"}


@given(st.from_regex(r"(?a)(19|20)\d\d-[01]\d-[0-3]\d([ T]\d\d:\d\d:\d\d(\+08:00)?)?", fullmatch=True))
def test_a_date_as_most_are_written_means_what_it_means_among_blanks(text: str) -> None:
    def read(said: str) -> tuple[object, ...]:
        try:
            value, doubts = parse_date(said)
        except NotUnderstood as refused:
            return refused.doubt.rule, refused.doubt.zh
        return value and (value.day, value.precision), [(doubt.rule, doubt.zh) for doubt in doubts]

    assert read(text) == read(f" {text}")
