from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import Manifest
from connectors.mapping import Mapping
from connectors.rows import RowReader
from connectors.strict_json import dumps
from schemas.parties import Role
from schemas.records import (
    Accepted,
    Issue,
    Op,
    Outcome,
    PartRecord,
    ProjectRecord,
    RawRecord,
    Rejection,
    Responsible,
    Severity,
    checked_outcome,
    content_hash,
)
from tests.connectors.manifests import KEY, PUSH, VERSION, manifest, simple

CITY = 430200


def outcome(made: Manifest, row: dict[str, Any] | bytes, op: Op = Op.UPSERT) -> Outcome:
    body = row if isinstance(row, bytes) else dumps(row)
    raw = RawRecord(made.key, "1", body, content_hash(body), op=op)
    return checked_outcome(Mapping(made, CITY).outcome(raw))


def accepted(made: Manifest, row: dict[str, Any]) -> tuple[ProjectRecord, tuple[Issue, ...]]:
    found = outcome(made, row)
    assert isinstance(found, Accepted), found
    statement = found.statements[0]
    assert isinstance(statement, ProjectRecord)
    return statement, found.issues


def rejection(made: Manifest, row: dict[str, Any] | bytes) -> Rejection:
    found = outcome(made, row)
    assert isinstance(found, Rejection), found
    assert found.zh
    assert found.en
    return found


def test_a_column_nobody_decided_about_refuses_the_record_and_the_hub_must_act() -> None:
    found = rejection(simple(), {"BH": "1", "MC": "甲", "XLM": "新列"})
    assert (found.rule, found.field, found.value) == ("column.unknown", "XLM", "新列")
    assert found.responsible is Responsible.HUB
    accepted(simple(top='ignore = ["XLM"]'), {"BH": "1", "MC": "甲", "XLM": "新列"})


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b'{"BH":"1","MC":"a\\u0000"}', "json.nul_char"),
        (b'{"BH":"1","MC":NaN}', "json.not_finite"),
        (b'{"BH":"1","BH":"1"}', "json.duplicate_key"),
        (b"[1]", "json.not_object"),
        (b'{"BH":"1","MC":{"a":1}}', "value.not_text"),
        ('{"BH":"1","MC":"a","MC：":"b"}'.encode(), "column.twice"),
    ],
)
def test_hostile_bodies_are_rejections_by_name(body: bytes, rule: str) -> None:
    assert rejection(simple(), body).rule == rule


def test_a_required_field_that_says_nothing_refuses_the_record() -> None:
    made = manifest(PUSH, KEY, '[fields]\nname = { from = "MC", required = true }')
    for nothing in (None, "", " \u3000", "无", "---"):
        found = rejection(made, {"BH": "1", "MC": nothing})
        assert (found.rule, found.field, found.responsible) == ("field.missing", "MC", Responsible.DEPARTMENT)


def test_texts_are_cleaned_of_what_nobody_sees() -> None:
    statement, _ = accepted(simple(), {"BH": "1", "MC": " 某\u200b项目\n（一期）\u3000二区 "})
    assert statement.name == "某项目 （一期） 二区"


def test_a_delete_is_accepted_and_states_nothing_whatever_its_body() -> None:
    assert outcome(simple(), b"rubbish", op=Op.DELETE) == Accepted(())


MONEY = '[money]\nprice = { from = "JG", unit = "万元" }\n'


def test_money_and_areas_are_exact_in_the_base_unit_and_a_head_tells_its_own_unit() -> None:
    made = simple(PUSH, MONEY, '[areas]\nsite = { from = "MJ", unit = "㎡" }')
    statement, issues = accepted(made, {"BH": "1", "JG": "12,000", "MJ": "2"})
    assert (statement.money["price"].yuan, statement.areas["site"].square_metres) == (
        Decimal(120_000_000),
        Decimal(2),
    )
    assert issues == ()
    statement, _ = accepted(made, {"BH": "1", "JG（亿元）": 1.2, "MJ(公顷):": "2"})
    assert (statement.money["price"].yuan, statement.areas["site"].square_metres) == (
        Decimal(120_000_000),
        Decimal(20_000),
    )
    assert rejection(made, {"BH": "1", "JG（亩）": "1"}).rule == "unit.unexpected"


def test_an_optional_value_that_cannot_be_read_is_dropped_with_an_issue_a_required_one_rejects() -> None:
    statement, issues = accepted(simple(PUSH, MONEY), {"BH": "1", "JG": "-5"})
    assert statement.money == {}
    assert [(i.rule, i.field, i.value, i.severity) for i in issues] == [
        ("money.negative", "JG", "-5", Severity.DROPPED)
    ]
    strict = simple(PUSH, MONEY.replace(" }", ", required = true }"))
    assert rejection(strict, {"BH": "1", "JG": "-5"}).rule == "money.negative"
    assert rejection(strict, {"BH": "1", "JG": ""}).rule == "field.missing"


def test_beyond_what_is_believable_a_value_is_kept_and_doubted() -> None:
    made = simple(PUSH, MONEY, '[assertions]\n"money.price" = { min = 1e5, max = 1e11 }')
    statement, issues = accepted(made, {"BH": "1", "JG": "520000000"})
    assert statement.money["price"].yuan == Decimal(5_200_000_000_000)
    assert [(i.rule, i.severity) for i in issues] == [("range.unbelievable", Severity.DOUBT)]
    assert accepted(made, {"BH": "1", "JG": "5200"})[1] == ()


@pytest.mark.parametrize(
    ("limits", "zh", "en"),
    [
        ("max = 1e11", "（不超过 100000000000）", "(at most 100000000000)"),
        ("min = 1e11", "（不少于 100000000000）", "(at least 100000000000)"),
        ("min = 0.5, max = 2", "（0.5–2）", "(0.5 to 2)"),
    ],
)
def test_a_limit_that_is_open_at_one_end_is_said_in_words(limits: str, zh: str, en: str) -> None:
    made = simple(PUSH, MONEY, f'[assertions]\n"money.price" = {{ {limits} }}')
    number = "52000000" if limits.startswith("max") else "520"
    (issue,) = accepted(made, {"BH": "1", "JG": number})[1]
    assert zh in issue.zh
    assert en in issue.en


LOOKUP = '[fields]\nstatus = { from = "ZT", lookup = "s" }\n[lookup.s]\n"1" = "one"\n"2" = ""\n'


def test_a_lookup_translates_knows_the_empty_meaning_and_never_guesses() -> None:
    made = manifest(PUSH, KEY, LOOKUP)
    assert accepted(made, {"BH": "1", "ZT": "1"}) == (accepted(made, {"BH": "1", "ZT": 1})[0], ())
    assert accepted(made, {"BH": "1", "ZT": "1"})[0].status == "one"
    assert accepted(made, {"BH": "1", "ZT": "2"})[0].status is None
    statement, issues = accepted(made, {"BH": "1", "ZT": "3"})
    assert statement.status is None
    assert [(i.rule, i.responsible) for i in issues] == [("lookup.unknown", Responsible.HUB)]
    strict = manifest(PUSH, KEY, LOOKUP.replace('lookup = "s"', 'lookup = "s", required = true'))
    assert rejection(strict, {"BH": "1", "ZT": "3"}).rule == "lookup.unknown"


def test_a_field_takes_the_first_column_that_says_something_and_the_part_that_matches() -> None:
    made = manifest(
        PUSH, KEY, '[fields]\nname = { from = ["A", "B"] }\nworks = { from = "C", match = \'(\\d+)$\' }'
    )
    statement, _ = accepted(made, {"BH": "1", "A": "无", "B": "乙", "C": "第12"})
    assert (statement.name, statement.works) == ("乙", "12")
    assert accepted(made, {"BH": "1", "C": "没有数"})[0].works is None


def test_parties_places_and_numbers_are_read_and_odd_ones_leave_an_issue() -> None:
    made = simple(
        PUSH,
        '[place]\ndistrict = "QX"\naddress = "DZ"\ncoordinates = "ZB"',
        '[[parties]]\nrole = "owner"\nname = ["A", "B"]\nuscc = "DM"',
        '[[identifiers]]\nscheme = "project_code"\nfrom = "XMDM"',
        '[[citations]]\nscheme = "works_permit"\nfrom = "GH"',
    )
    statement, issues = accepted(
        made,
        {
            "BH": "1",
            "QX": "高新区",
            "DZ": "某路1号",
            "ZB": "113.1,27.8",
            "A": "",
            "B": "某公司",
            "DM": "91430204MA4D00180A",
            "XMDM": "2404-430204-04-01-345678",
            "GH": "建字第4302042024GG0023456号",
        },
    )
    assert (statement.place.district, statement.place.zone) == ("430211", "株洲高新区")
    assert (statement.place.longitude, statement.place.address) == (Decimal("113.1"), "某路1号")
    party = statement.parties[0]
    assert (party.role, party.name, party.uscc and party.uscc.value) == (
        Role.OWNER,
        "某公司",
        "91430204MA4D00180A",
    )
    assert [number.value for number in statement.bears] == ["2404-430204-04-01-345678"]
    assert [number.scheme for number in statement.cites] == ["works_permit"]
    _, issues = accepted(made, {"BH": "1", "ZB": "这里", "QX": "火星区", "DM": "不是代码"})
    assert {issue.field for issue in issues} == {"ZB", "QX", "DM"}


def test_rows_that_are_no_data_are_refused_under_the_manifests_own_rule() -> None:
    refuse = '[[refuse]]\nrule = "row.test"\ncolumn = "MC"\nwords = ["测试项目", "111"]\nzh = "测试数据"\nen = "test data"\n'
    assert rejection(simple(PUSH, refuse), {"BH": "1", "MC": "测试项目1"}).rule == "row.test"
    accepted(simple(PUSH, refuse), {"BH": "1", "MC": "软件测试项目"})
    accepted(simple(PUSH, refuse), {"BH": "1", "MC": "1号厂房"})
    assert rejection(simple(PUSH, refuse), {"BH": "1", "MC": "111"}).rule == "row.test"


PART = '[parent]\npart = "event"\nsource = "testing.parents"\nkey = "P"\n'


def test_a_part_hangs_on_its_parents_raw_key_and_without_one_it_is_refused() -> None:
    made = manifest(PUSH, KEY, PART, VERSION)
    found = outcome(made, {"BH": "1", "P": " 7", "GXSJ": None})
    assert isinstance(found, Accepted)
    part = found.statements[0]
    assert isinstance(part, PartRecord)
    assert (part.parent_source, part.parent_key, part.part) == ("testing.parents", " 7", "event")
    assert rejection(made, {"BH": "1", "P": ""}).rule == "part.no_parent"


def test_a_statement_bears_the_moment_of_its_version() -> None:
    made = simple(PUSH, VERSION)
    row = RowReader(made).from_values({"BH": "1", "GXSJ": "2024-01-02 03:04:05"})
    assert isinstance(row, RawRecord)
    found = Mapping(made, CITY).outcome(row)
    assert isinstance(found, Accepted)
    assert found.statements[0].stated_at == "2024-01-02 03:04:05.000000"


cells = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.sampled_from(["BH", "MC", "JG", "ZT", "X"]), cells))
def test_any_row_has_exactly_one_outcome_and_twice_the_same(row: dict[str, Any]) -> None:
    made = manifest(PUSH, KEY, LOOKUP.replace("[fields]", '[fields]\nname = "MC"'), MONEY)
    assert outcome(made, row) == outcome(made, row)


def test_a_number_can_be_a_piece_of_a_longer_one_and_what_does_not_fit_says_nothing() -> None:
    rule = '[[identifiers]]\nscheme = "parcel_code"\nfrom = "DY"\nmatch = \'^(\\d{12}[GJZ][A-Z]\\d{5})\'\n'
    statement, issues = accepted(
        simple(PUSH, rule), {"BH": "1", "MC": "甲", "DY": "430204001002GB09001F00010001"}
    )
    assert [number.value for number in statement.bears] == ["430204001002GB09001"]
    assert issues == ()
    assert accepted(simple(PUSH, rule), {"BH": "1", "MC": "甲", "DY": "另册"})[0].bears == ()


def test_a_party_whose_name_does_not_fit_is_not_read_at_all_so_that_persons_stay_out() -> None:
    rule = '[[parties]]\nrole = "land_holder"\nname = "QLR"\nuscc = "ZJH"\nmatch = "^(.{5,})$"\n'
    row = {"BH": "1", "MC": "甲", "ZJH": "430204190001010000"}
    for person in ("某某某", None):
        said, issues = accepted(simple(PUSH, rule), {**row, "QLR": person})
        assert (said.parties, issues) == ((), ())
    named = accepted(simple(PUSH, rule), {**row, "QLR": "示例装备有限公司", "ZJH": ""})[0].parties
    assert [party.name for party in named] == ["示例装备有限公司"]
