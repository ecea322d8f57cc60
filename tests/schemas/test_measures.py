from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.doubts import NotUnderstood
from schemas.measures import Area, AreaUnit, Money, MoneyUnit, parse_area, parse_money
from schemas.structs import changed, encode
from tests.support.shared_data import shared_data

AMOUNTS = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10**9), places=4)
FACTORS: dict[MoneyUnit, int] = {"元": 1, "万元": 10**4, "亿元": 10**8}


@pytest.mark.parametrize(
    ("text", "unit", "yuan"),
    [
        ("5.2", "亿元", "520000000"),
        ("52000", "万元", "520000000"),
        ("520000000", "元", "520000000"),
        ("5600.0000", "万元", "56000000"),
        ("12,000", "万元", "120000000"),
        ("13 900 000", "元", "13900000"),
        ("1 390万元", "万元", "13900000"),
        ("２１.５", "亿元", "2150000000"),
        ("３．５亿", "亿元", "350000000"),
        ("|10万元", "万元", "100000"),
        ("30(亿元)", "亿元", "3000000000"),
        ("¥18,650.00", "元", "18650"),
        ("人民币3亿元整", "亿元", "300000000"),
    ],
)
def test_an_amount_is_exact_in_yuan(text: str, unit: MoneyUnit, yuan: str) -> None:
    money, doubts = parse_money(text, unit)
    assert money is not None
    assert (money.yuan, money.raw, money.unit, money.about) == (Decimal(yuan), text, unit, False)
    assert doubts == ()


@pytest.mark.parametrize(
    ("text", "precision"), [("3", 10**8), ("21.5", 10**7), ("21.50", 10**6), ("0.0001", 10**4)]
)
def test_the_precision_is_the_worth_of_the_last_digit_said(text: str, precision: int) -> None:
    money = parse_money(text, "亿元").value
    assert money is not None
    assert money.precision == precision


@pytest.mark.parametrize("text", ["约3亿元", "3亿元左右", "近3亿", "大约3"])
def test_about_is_kept(text: str) -> None:
    money = parse_money(text, "亿元").value
    assert money is not None
    assert (money.about, money.yuan) == (True, Decimal(3 * 10**8))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("10-15亿", 10, 15),
        ("10亿-15亿元", 10, 15),
        ("10～15", 10, 15),
        ("10至15亿元", 10, 15),
        ("不低于5亿", 5, None),
        ("≥5", 5, None),
        ("5亿以上", 5, None),
        ("不超过5亿元", None, 5),
    ],
)
def test_a_range_or_bound_has_no_single_value(text: str, low: int | None, high: int | None) -> None:
    money = parse_money(text, "亿元").value
    assert money is not None
    assert money.yuan is None
    assert (money.low, money.high) == tuple(
        None if bound is None else Decimal(bound * 10**8) for bound in (low, high)
    )


@pytest.mark.parametrize("text", ["", "无", "---", "(空)"])
def test_nothing_said_is_no_amount_and_no_doubt(text: str) -> None:
    assert parse_money(text, "元") == (None, ())
    assert parse_area(text, "㎡") == (None, ())


@pytest.mark.parametrize("text", ["0", "0.0000", "０", "0万元"])
def test_zero_is_not_said_with_a_doubt(text: str) -> None:
    assert (parse_money(text, "万元").value, parse_money(text, "万元").doubts[0].rule) == (
        None,
        "money.sentinel_zero",
    )


def test_words_are_said_but_no_number() -> None:
    money, doubts = parse_money("详见合同", "万元")
    assert Money.model_validate(money) == Money(yuan=None, raw="详见合同", unit="万元")
    assert doubts[0].rule == "money.words"


def test_a_unit_against_the_declared_one_is_followed_with_both_readings() -> None:
    money, doubts = parse_money("3亿元", "万元")
    assert money is not None
    assert money.yuan == 3 * 10**8
    assert doubts[0].rule == "money.unit_conflict"
    assert "300000000" in doubts[0].en
    assert "30000 " in doubts[0].en


def test_a_compound_amount_is_the_sum_of_its_parts() -> None:
    money = parse_money("1亿5000万元", "元").value
    assert money is not None
    assert money.yuan == 150_000_000


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("-5", "money.negative"),
        ("500万美元", "money.currency"),
        ("180万元/亩", "money.rate"),
        ("10 15", "money.form"),
        ("1,5", "money.form"),
        ("15-10", "money.form"),
        ("一期30亿二期20亿", "money.form"),
        ("1.2.3", "money.form"),
    ],
)
def test_what_is_no_amount_is_refused_by_name(text: str, rule: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse_money(text, "亿元")
    assert refused.value.doubt.rule == rule


@pytest.mark.parametrize(
    ("text", "rule"), [("30亿元（含设备）", "money.note_dropped"), ("1.2E+5", "money.scientific")]
)
def test_what_was_left_out_or_perhaps_lost_is_doubted(text: str, rule: str) -> None:
    assert [doubt.rule for doubt in parse_money(text, "亿元").doubts] == [rule]


@given(amount=AMOUNTS, unit=st.sampled_from(sorted(FACTORS)))
def test_money_goes_round(amount: Decimal, unit: MoneyUnit) -> None:
    for text in (f"{amount:f}", f"{amount:,f}", f"约{amount:f}{unit}"):
        money = parse_money(text, unit).value
        assert money is not None
        assert money.yuan == amount * FACTORS[unit]
        assert Money.model_validate_json(encode(money)) == Money.model_validate(money)


@pytest.mark.parametrize(
    ("text", "unit", "square_metres"),
    [
        ("13.3334", "公顷", "133334"),
        ("0.364000", "公顷", "3640"),
        ("86500", "㎡", "86500"),
        ("86,500㎡", "㎡", "86500"),
        ("20m²", "㎡", "20"),
        ("66667.4方米", "㎡", "66667.4"),
        ("为5.5平方米", "㎡", "5.5"),
        ("3", "亩", "2000"),
        ("200", "亩", "133333.3333"),
        ("1.5ha", "公顷", "15000"),
    ],
)
def test_an_area_is_in_square_metres(text: str, unit: AreaUnit, square_metres: str) -> None:
    area, doubts = parse_area(text, unit)
    assert area is not None
    assert area.square_metres == Decimal(square_metres)
    assert doubts == ()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0", "area.sentinel_zero"),
        ("≤-1.79769313486232E+308", "area.sentinel_limit"),
        ("200亩", "area.unit_conflict"),
        ("见附图", "area.words"),
    ],
)
def test_an_odd_area_is_doubted_by_name(text: str, rule: str) -> None:
    assert [doubt.rule for doubt in parse_area(text, "公顷").doubts] == [rule]


@given(mu=st.integers(min_value=1, max_value=10**6))
def test_fifteen_mu_are_a_hectare(mu: int) -> None:
    in_mu, in_hectares = parse_area(str(15 * mu), "亩").value, parse_area(str(mu), "公顷").value
    assert in_mu is not None
    assert in_hectares is not None
    assert in_mu.square_metres == in_hectares.square_metres == mu * 10_000


@given(st.text() | st.text(alphabet="0123456789.,-~约亿万元亩㎡公顷()E+≥至以上 "))
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    for read in (lambda said: parse_money(said, "万元").value, lambda said: parse_area(said, "公顷").value):
        try:
            value: Money | Area | None = read(text)
        except NotUnderstood:
            continue
        assert value is None or value.raw == text


def test_real_areas_and_prices_are_all_read() -> None:
    met: Counter[str] = Counter()
    with shared_data("cn_landchina/landchina_unified_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for notion, (value, doubts) in (
                ("area", parse_area(row["area_ha"], "公顷")),
                ("price", parse_money(row["price_wan"], "万元")),
            ):
                met[f"{notion} {doubts[0].rule if doubts else 'read' if value else 'nothing'}"] += 1
    assert met["area area.sentinel_zero"] == 22
    assert met["price money.sentinel_zero"] == 5575
    assert met["area read"] + met["area area.sentinel_zero"] == met.total() // 2


@given(st.from_regex(r"[0-9]{1,25}(\.[0-9]{1,13})?", fullmatch=True), st.sampled_from(["㎡", "公顷", "亩"]))
def test_a_bare_number_means_what_it_means_among_blanks(text: str, unit: AreaUnit) -> None:
    def read(said: str) -> tuple[object, ...]:
        try:
            value, doubts = parse_area(said, unit)
        except NotUnderstood as refused:
            return (refused.doubt.rule,)
        return value and changed(value, raw=""), [(doubt.rule, doubt.zh) for doubt in doubts]

    assert read(text) == read(f" {text}")
