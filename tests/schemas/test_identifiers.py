from __future__ import annotations

import csv

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas import number_forms
from schemas.doubts import NotUnderstood
from schemas.identifiers import (
    Identifier,
    Scheme,
    Status,
    digits_apart,
    parse,
    project_code_in,
    same_but_one_digit,
    uscc_ok,
)
from schemas.structs import changed
from tests.support.shared_data import shared_data

CODE = "2404-430204-04-01-345678"
NEXT_CODE = "2405-430204-04-01-345679"


def only(scheme: Scheme, text: str) -> Identifier:
    parsed = parse(scheme, text)
    assert len(parsed.value) == 1
    return parsed.value[0]


def rules(scheme: Scheme, text: str) -> list[str]:
    return [doubt.rule for doubt in parse(scheme, text).doubts]


SAMPLES = [
    (Scheme.PROJECT_CODE, CODE, CODE, "new"),
    (Scheme.PROJECT_CODE, "24044302040401345678", CODE, "new"),
    (Scheme.PROJECT_CODE, "项目代码：２４０４－430204—04–01-345678\u3000", CODE, "new"),
    (Scheme.PROJECT_CODE, "2404-430204-\n04-01-345678", CODE, "new"),
    (Scheme.PROJECT_CODE, "2011-430211-04-01-123456", "2011-430211-04-01-123456", "new"),
    (Scheme.PROJECT_CODE, "2019-430211-37-03-012345", "2019-430211-37-03-012345", "old"),
    (Scheme.PROJECT_CODE, "2509-320193-89-01-000000", "2509-320193-89-01-000000", "new"),
    (Scheme.WORKS_CODE, f"{CODE}-001", f"{CODE}-001", None),
    (Scheme.WORKS_CODE, "24044302040401345678001", f"{CODE}-001", None),
    (Scheme.WORKS_CODE, CODE, CODE, None),
    (Scheme.PROMOTION_NO, "ZS2024-037", "ZS2024-037", None),
    (Scheme.USCC, "11430000006122244L", "11430000006122244L", None),
    (Scheme.USCC, "9111 0000 6000 3734 1L", "9111 0000 6000 3734 1L", None),
    (Scheme.ORGANISATION_CODE, "00612224-4", "006122244", None),
    (Scheme.SUPERVISION_NO, "4302112024B00123", "4302112024B00123", None),
    (Scheme.SUPERVISION_NO, "4302112024B00123-1", "4302112024B00123-1", None),
    (Scheme.LAND_CONTRACT_NO, "株土合字〔2024〕015号", "株土合字〔2024〕15", None),
    (Scheme.LAND_CONTRACT_NO, "株土合字［2024］第15号", "株土合字〔2024〕15", None),
    (Scheme.LAND_CONTRACT_NO, "XC(2024)0123", "XC〔2024〕123", None),
    (Scheme.LISTING_NO, "株土网挂〔2024〕第012号", "株土网挂〔2024〕12", None),
    (Scheme.LISTING_NO, "[2024]网挂第012号", "〔2024〕网挂12", None),
    (Scheme.LAND_APPROVAL_NO, "（2024）政国土字第123号", "〔2024〕政国土字123", None),
    (Scheme.AGREEMENT_NO, "株石招合〔2024〕7号", "株石招合〔2024〕7", None),
    (Scheme.DOCUMENT_NO, "株环评〔2024〕12号", "株环评〔2024〕12", None),
    (Scheme.DRAWING_REVIEW, "430211-2024-F-0123", "430211-2024-F-0123", None),
    (Scheme.COMPLETION_FILING, "430204202509180101", "430204202509180101", None),
    (Scheme.COMPLETION_FILING, "株竣备〔2024〕012号", "株竣备〔2024〕12", None),
    (Scheme.LAND_USE_PERMIT, "地字第4302112025YG0000001号", "地字第4302112025YG0000001号", "NEW"),
    (Scheme.LAND_USE_PERMIT, "地字第4302002025YG0000002号", "地字第4302002025YG0000002号", "NEW"),
    (Scheme.LAND_USE_PERMIT, "4302112025YG0000001", "地字第4302112025YG0000001号", "NEW"),
    (Scheme.LAND_USE_PERMIT, "地字第430211202310001号", "地字第430211202310001号", "OLD"),
    (Scheme.LAND_USE_PERMIT, "地字第株规用〔2012〕0025号", "地字株规用〔2012〕25", "LOCAL"),
    (Scheme.LAND_USE_PERMIT, "穗规划资源地证〔2026〕90000号", "穗规划资源地证〔2026〕90000", "LOCAL"),
    (Scheme.LAND_USE_PERMIT, "武资建（夏）地[2025]090号", "武资建(夏)地〔2025〕90", "LOCAL"),
    (Scheme.WORKS_PERMIT, "建字第4302112025GG0000003号", "建字第4302112025GG0000003号", "NEW"),
    (Scheme.WORKS_PERMIT, "建字第430204202000001号", "建字第430204202000001号", "OLD"),
    (Scheme.WORKS_PERMIT, "建字第430211202300012JK号", "建字第430211202300012JK号", "OLD"),
    (Scheme.WORKS_PERMIT, "株规建字〔2013〕第0045号", "株规建字〔2013〕45", "LOCAL"),
    (Scheme.WORKS_PERMIT, "2025河东建证90006", "2025河东建证90006", "LOCAL"),
    (Scheme.SITE_OPINION, "用字第4302112024XS0001234号", "用字第4302112024XS0001234号", "NEW"),
    (Scheme.SITE_OPINION, "用字第430211202400012号", "用字第430211202400012号", "OLD"),
    (Scheme.SITE_OPINION, "选字第430211201700012号", "选字第430211201700012号", "OLD"),
    (Scheme.PARCEL_CODE, "430211 001002 GB00123", "430211001002GB00123", None),
    (Scheme.REAL_ESTATE_UNIT, "430211001002GB00123W00000000", "430211001002GB00123W00000000", None),
    (Scheme.REAL_ESTATE_UNIT, "430211 001002 GB00123 F00010001", "430211001002GB00123F00010001", None),
    (Scheme.CONSTRUCTION_PERMIT, "2026-0659", "2026-0659", "LOCAL"),
    (Scheme.CONSTRUCTION_PERMIT, "430204202409180101", "430204202409180101", "NEW"),
    (Scheme.CONSTRUCTION_PERMIT, "430201202501060102", "430201202501060102", "NEW"),
    (Scheme.CONSTRUCTION_PERMIT, "430212202601049919", "430212202601049919", "NEW"),
    (Scheme.MARKET_PROJECT_NO, "4302041812130102", "4302041812130102", None),
    (Scheme.MARKET_PROJECT_NO, "4302002402280199", "4302002402280199", None),
]


@pytest.mark.parametrize(("scheme", "text", "value", "generation"), SAMPLES)
def test_every_known_form_is_valid_and_has_one_normal_form(
    scheme: Scheme, text: str, value: str, generation: str | None
) -> None:
    identifier = only(scheme, text)
    value = value.replace(" ", "")
    assert Identifier.model_validate(identifier) == Identifier(
        scheme=scheme, value=value, raw=text, generation=generation
    )
    assert not [doubt for doubt in parse(scheme, text).doubts if not doubt.minor]


@pytest.mark.parametrize(("scheme", "text", "value", "generation"), SAMPLES)
def test_parsing_a_normalised_number_changes_nothing(
    scheme: Scheme, text: str, value: str, generation: str | None
) -> None:
    first = only(scheme, text)
    again = only(first.scheme, first.value)
    assert (again.scheme, again.value, again.status) == (first.scheme, first.value, first.status)


@pytest.mark.parametrize(
    "text", ["", "无", "None", "---", "/", "不限", "(空)", "待定", "\xa0", "、", "无、/"]
)
@pytest.mark.parametrize("scheme", [Scheme.PROJECT_CODE, Scheme.LAND_CONTRACT_NO, Scheme.WORKS_PERMIT])
def test_nothing_said_is_no_number_and_no_doubt(scheme: Scheme, text: str) -> None:
    assert parse(scheme, text) == ((), ())


@pytest.mark.parametrize("scheme", Scheme)
def test_words_instead_of_a_number_are_refused(scheme: Scheme) -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse(scheme, "正在办理")
    assert refused.value.doubt.rule == f"{scheme}.words"


def test_a_whole_report_in_a_number_column_is_refused() -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse(Scheme.AGREEMENT_NO, "该项目已完成前期工作" * 20 + "2024")
    assert refused.value.doubt.rule == "agreement_no.too_long"


@pytest.mark.parametrize("joint", ["、", ",", "，", ";", "；", "/", " ", "\n", " 、 "])
def test_joined_project_codes_are_split(joint: str) -> None:
    parsed = parse(Scheme.PROJECT_CODE, f"{CODE}{joint}{NEXT_CODE}")
    assert [(found.value, found.raw) for found in parsed.value] == [(CODE, CODE), (NEXT_CODE, NEXT_CODE)]


@pytest.mark.parametrize(
    ("scheme", "text", "values"),
    [
        (
            Scheme.CONSTRUCTION_PERMIT,
            "430204202409180101 430204202409180201",
            ["430204202409180101", "430204202409180201"],
        ),
        (
            Scheme.WORKS_PERMIT,
            "建字第4302042024GG0023456号 建字第4302042024GG0023457号",
            ["建字第4302042024GG0023456号", "建字第4302042024GG0023457号"],
        ),
        (
            Scheme.LAND_CONTRACT_NO,
            "株土合字〔2024〕015号、016号",
            ["株土合字〔2024〕15", "株土合字〔2024〕16"],
        ),
        (Scheme.LAND_CONTRACT_NO, "株土合字〔2024〕15/2号", ["株土合字〔2024〕15/2"]),
        (Scheme.PROJECT_CODE, f"{CODE}、{CODE}", [CODE]),
    ],
)
def test_joined_numbers_are_split_where_their_scheme_allows_it(
    scheme: Scheme, text: str, values: list[str]
) -> None:
    assert [found.value for found in parse(scheme, text).value] == values


def test_words_beside_a_number_are_dropped_with_a_doubt() -> None:
    parsed = parse(Scheme.PROJECT_CODE, f"{CODE}、办理中")
    assert ([found.value for found in parsed.value], parsed.doubts[0].rule) == ([CODE], "project_code.words")


@pytest.mark.parametrize(
    ("scheme", "text", "system"),
    [
        (Scheme.PROJECT_CODE, "4302041812130102", Scheme.MARKET_PROJECT_NO),
        (Scheme.PROJECT_CODE, "11430000006122244L", Scheme.USCC),
        (Scheme.PROJECT_CODE, "430204202409180101", Scheme.CONSTRUCTION_PERMIT),
        (Scheme.PROJECT_CODE, f"{CODE}-001", Scheme.WORKS_CODE),
        (Scheme.USCC, "00612224-4", Scheme.ORGANISATION_CODE),
        (Scheme.LAND_USE_PERMIT, "建字第4302042024GG0023456号", Scheme.WORKS_PERMIT),
        (Scheme.WORKS_PERMIT, "4302042024YG0012345", Scheme.LAND_USE_PERMIT),
        (Scheme.REAL_ESTATE_UNIT, "430211001002GB00123", Scheme.PARCEL_CODE),
        (Scheme.LAND_CONTRACT_NO, "4302042024B00056", Scheme.SUPERVISION_NO),
        (Scheme.AGREEMENT_NO, CODE, Scheme.PROJECT_CODE),
    ],
)
def test_a_number_of_the_wrong_system_becomes_that_system_with_a_doubt(
    scheme: Scheme, text: str, system: Scheme
) -> None:
    assert (only(scheme, text).scheme, only(scheme, text).status) == (system, Status.VALID)
    assert f"{scheme}.wrong_system" in rules(scheme, text)


@pytest.mark.parametrize(
    ("scheme", "text", "status", "rule"),
    [
        (Scheme.PROJECT_CODE, "2403-430211-04-88-123456", Status.PSEUDO, "project_code.pseudo"),
        (Scheme.PROJECT_CODE, "2413-430211-04-01-123456", Status.SUSPECT, "project_code.invalid_time"),
        (Scheme.PROJECT_CODE, "ABC123", Status.SUSPECT, "project_code.form"),
        (Scheme.PROJECT_CODE, "2509-320193-89-01-000000", Status.VALID, "project_code.region_unknown"),
        (Scheme.USCC, "11430000006122244K", Status.SUSPECT, "uscc.check"),
        (Scheme.USCC, "91430211MA4D00111A", Status.VALID, "uscc.inner_check"),
        (Scheme.USCC, "430204000012345", Status.SUSPECT, "uscc.form"),
        (Scheme.ORGANISATION_CODE, "00612224-5", Status.SUSPECT, "organisation_code.check"),
        (Scheme.SUPERVISION_NO, "43021120240123", Status.SUSPECT, "supervision_no.form"),
        (Scheme.CONSTRUCTION_PERMIT, "430204202413180101", Status.SUSPECT, "construction_permit.form"),
        (Scheme.CONSTRUCTION_PERMIT, "430204202409180188", Status.VALID, "construction_permit.class_unknown"),
        (Scheme.PROMOTION_NO, "1", Status.SUSPECT, "promotion_no.meaningless"),
        (Scheme.LAND_CONTRACT_NO, "111", Status.SUSPECT, "land_contract_no.meaningless"),
    ],
)
def test_an_odd_number_is_kept_and_marked_instead_of_refused(
    scheme: Scheme, text: str, status: Status, rule: str
) -> None:
    assert (only(scheme, text).status, rules(scheme, text)) == (status, [rule])


def test_the_inner_check_of_a_credit_code_is_only_a_note() -> None:
    assert [doubt.minor for doubt in parse(Scheme.USCC, "91430211MA4D00111A").doubts] == [True]
    assert [doubt.minor for doubt in parse(Scheme.USCC, "11430000006122244K").doubts] == [False]


@pytest.mark.parametrize(
    "text",
    [
        "建字第4302042024GG0023456号交通",
        "建字第4302042024GG0023456号(变更)",
        "（本地编号：2024-12）建字第4302042024GG0023456号",
    ],
)
def test_a_remark_beside_a_certificate_is_dropped_with_a_note(text: str) -> None:
    assert only(Scheme.WORKS_PERMIT, text).value == "建字第4302042024GG0023456号"
    assert rules(Scheme.WORKS_PERMIT, text) == ["works_permit.note_dropped"]


def test_an_electronic_certificate_with_a_wrong_check_sign_is_valid_with_a_note() -> None:
    text = "1.2.156.3005.2.11100000000013338W009.430200.0001.001.0"
    assert only(Scheme.ELECTRONIC_CERTIFICATE, text).status is Status.VALID
    assert rules(Scheme.ELECTRONIC_CERTIFICATE, text) == ["electronic_certificate.check"]


@given(
    scheme=st.sampled_from(list(Scheme)),
    text=st.text() | st.text(alphabet="0123456789-地建用字第号〔〕[]()、,; YGMAB"),
)
def test_any_text_is_read_or_refused_and_stays_what_it_was_read_as(scheme: Scheme, text: str) -> None:
    try:
        parsed = parse(scheme, text)
    except NotUnderstood:
        return
    for identifier in parsed.value:
        again = parse(identifier.scheme, identifier.value).value
        assert [found.value for found in again] == [identifier.value]


@pytest.mark.parametrize(
    ("works_code", "code"),
    [(f"{CODE}-001", CODE), (CODE, CODE), ("24044302040401345678001", CODE), ("GC-2024-1", None), ("", None)],
)
def test_a_works_code_names_the_project_code_it_begins_with(works_code: str, code: str | None) -> None:
    assert project_code_in(works_code) == code


@given(
    place=st.integers(min_value=0, max_value=len(CODE) - 1),
    digit=st.sampled_from("0123456789"),
)
def test_one_changed_or_lost_digit_is_one_apart(place: int, digit: str) -> None:
    assume(CODE[place] not in ("-", digit))
    changed, lost = CODE[:place] + digit + CODE[place + 1 :], CODE[:place] + CODE[place + 1 :]
    assert same_but_one_digit(CODE, changed)
    assert digits_apart(CODE, lost) == 1
    assert not same_but_one_digit(CODE, CODE)


def test_two_codes_are_as_many_digits_apart_as_differ() -> None:
    assert digits_apart(CODE, NEXT_CODE) == 2
    assert digits_apart(CODE, "２４０４4302040401345678") == 0


def test_real_credit_codes_are_valid_but_for_the_wrong_one_which_is_kept() -> None:
    with shared_data("cn_jzsc/enterprises_uscc.csv").open(encoding="utf-8", newline="") as file:
        found = [only(Scheme.USCC, row["统一社会信用代码"]) for row in csv.DictReader(file)]
    assert all((code.status is Status.VALID) == uscc_ok(code.value) for code in found)
    assert [code.status for code in found].count(Status.SUSPECT) == 1


def test_real_supervision_numbers_are_valid() -> None:
    with shared_data("cn_landchina/landchina_unified_dev.csv").open(encoding="utf-8", newline="") as file:
        numbers = [row["id"] for row in csv.DictReader(file) if row["id"]]
    assert len(numbers) == 361
    assert all(only(Scheme.SUPERVISION_NO, number).status is Status.VALID for number in numbers)
    assert not any(rules(Scheme.SUPERVISION_NO, number) for number in numbers)


def test_real_market_project_numbers_are_known_by_their_form() -> None:
    with shared_data("cn_jzsc/projects.csv").open(encoding="utf-8", newline="") as file:
        links = [row["项目链接"] for row in csv.DictReader(file) if row["项目链接"].startswith("http")]
    numbers = [link.rpartition("/")[2] for link in links]
    assert numbers
    assert {only(Scheme.PROJECT_CODE, number).scheme for number in numbers} == {Scheme.MARKET_PROJECT_NO}


NUMBERS = st.sampled_from(
    [
        CODE,
        CODE.replace("-", ""),
        f"{CODE}-002",
        "91430204MA4D00180A",
        "建字第4302042024GG0023456号",
        "430204202405200101",
    ]
) | st.text("0123456789AGXYZa_-〔〕[]()第号字建地用株发改备：、 ", max_size=30)


@given(st.sampled_from(Scheme), st.lists(NUMBERS, min_size=1, max_size=2).map("".join))
def test_a_number_means_what_it_means_among_blanks(scheme: Scheme, text: str) -> None:
    def read(said: str) -> tuple[object, ...]:
        try:
            numbers, doubts = parse(scheme, said)
        except NotUnderstood as refused:
            return refused.doubt.rule, refused.doubt.zh
        return (
            [changed(number, raw=number.raw.strip()) for number in numbers],
            [(doubt.rule, doubt.zh, doubt.minor) for doubt in doubts],
        )

    assert read(text) == read(f" {text} ")


@given(st.text("0123456789AGXYSLKZ-〔〕()第号字建地用", max_size=13))
def test_no_short_number_is_known_by_its_form_in_the_wrong_column(text: str) -> None:
    readers = (number_forms.project_code, number_forms.works_code, number_forms.real_estate_unit)
    more = (number_forms.parcel_code, number_forms.supervision_no, number_forms.planning_certificate)
    last = (number_forms.uscc, number_forms.construction_permit, number_forms.market_project_no)
    assert not any(read(text) for read in (*readers, *more, *last))
