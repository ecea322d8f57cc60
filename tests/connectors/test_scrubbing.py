from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.manifest import Manifest
from connectors.personal import found_in
from connectors.scrubbing import Scrubber
from tests.connectors.manifests import TABLE, simple

READ = """
[[citations]]
scheme = "document_no"
from = "WH"
[[identifiers]]
scheme = "construction_permit"
from = "XKZ"
[[parties]]
role = "owner"
name = "JSDW"
uscc = "DM"
[money]
price = { from = "JE", unit = "元" }
"""
MADE = simple(TABLE, READ, top='ignore = ["BZ", "LY"]\npersons = ["JBDM"]')


def scrub(column: str, value: Any) -> Any:
    return Scrubber(MADE, ["s3cret-token"]).value(column, value)


@pytest.mark.parametrize(
    ("column", "said", "kept"),
    [
        ("JBDM", "张三", "某甲"),
        ("JBDM", "工号 00731", "某甲 90001"),
        ("联系电话", 14100000000, 10000000001),
        ("LXRSJH", "141-0000-0000", "100-0000-0001"),
        ("BZ", "找张三14100000000，证990204199001011234", "找某甲10000000001，证900000000000000002"),
        ("BZ", "联系人：张三，99020419900101123x", "联系人：某甲，90000000000000001x"),
        ("BZ", "张三、李四", "某甲、甲甲"),
        ("MC", "张三", "张三"),
        ("JSDW", "张三", "某甲"),
        ("DM", "990204199001011234", "900000000000000001"),
        ("新列", 14100000000.0, 10000000001),
        ("新列", Decimal("14100000000.0"), 10000000001),
        (
            "新列",
            {"联系人": "张三", "其他": ["电0731-01234567"]},
            {"联系人": "某甲", "其他": ["电0000-00000001"]},
        ),
        ("新列", "https://a.example/?key=s3cret-token", "https://a.example/?key=xxxxxxxxxxxx"),
        ("新列", "li.si@example.com", "xx.xx@xxxxxxx.xxx"),
        ("", "填报人：张三 电话 01234567", "填报人：某甲 电话 00000001"),
    ],
)
def test_persons_and_secrets_are_replaced_in_their_own_shape(column: str, said: Any, kept: Any) -> None:
    assert scrub(column, said) == kept


@pytest.mark.parametrize(
    ("column", "said"),
    [
        *(
            ("XKZ", "430204202409180101"),
            ("WH", "430204202409180101"),
            ("JE", "14100000000"),
            ("JE", 14100000000),
            ("DM", "91430204MA4D00180A"),
        ),
        *(
            ("JSDW", "株洲示例新能源科技有限公司"),
            ("JBDM", "无"),
            ("JBDM", None),
            ("JBDM", ""),
            ("LXR", "张某某"),
        ),
        *(("BZ", True), ("新列", float("inf")), ("新列", 3.25), ("新列", 2024)),
    ],
)
def test_what_the_manifest_reads_and_what_says_nothing_stays(column: str, said: Any) -> None:
    assert scrub(column, said) == said


def test_a_column_nobody_described_yet_is_one_of_persons_if_it_holds_names_alone() -> None:
    scrubber = Scrubber(MADE)
    for head, said in (("DDR", ["张三", "李四", "", "王五"]), ("行业", ["陶瓷", "石化", "汽车", "金属"])):
        for value in said:
            scrubber.look_at([(head, value)])
    assert [scrubber.value("DDR", name) for name in ("张三", "王五")] == ["某甲", "某乙"]
    assert [scrubber.value("行业", name) for name in ("陶瓷", "石化")] == ["陶瓷", "石化"]


def test_equal_stays_equal_and_different_stays_different() -> None:
    scrubber = Scrubber(MADE)
    kept = [scrubber.value("LXR", name) for name in ("张三", "李四", "张三")]
    kept += [scrubber.value("BZ", f"电{phone}") for phone in ("14100000000", "14100000001", "14100000000")]
    assert kept == ["某甲", "某乙", "某甲", "电10000000001", "电10000000002", "电10000000001"]
    assert scrubber.found == {("LXR", "person"): 3, ("BZ", "phone"): 3}


def test_a_sample_is_scrubbed_alike_each_time_and_what_is_put_in_is_no_person() -> None:
    said = ["张三14100000000", "14100000000", "0731-01234567转802", "990204199001011234"]
    kept = [Scrubber(MADE).value("BZ", text) for text in said]
    assert kept == [Scrubber(MADE).value("BZ", text) for text in said]
    assert [list(found_in(text)) for text in kept[1:]] == [[], [], []]


@given(
    st.text(alphabet="0123456789- 张三电话：x１", max_size=60), st.sampled_from(["BZ", "LXR", "MC", "JE", ""])
)
def test_a_scrubbed_text_keeps_its_length_and_holds_no_number_of_a_person(text: str, column: str) -> None:
    kept = scrub(column, text)
    assert len(kept) == len(text)
    assert [sign.isdigit() for sign in kept] == [sign.isdigit() for sign in text]
    if column != "JE":
        assert {kind for _, _, kind in found_in(kept)} <= {"name"}


def kept(made: Manifest, rows: list[dict[str, Any]], secrets: Collection[str] = ()) -> list[dict[str, Any]]:
    scrubber = Scrubber(made, secrets)
    for row in rows:
        scrubber.look_at(row.items())
    return [{head: scrubber.value(head, value) for head, value in row.items()} for row in rows]


def test_whom_a_column_of_persons_names_goes_wherever_the_page_names_them() -> None:
    first, second, third = kept(
        MADE,
        [
            {"LXR": "慕容复", "MC": "示例塔", "EXT": {"contact": {"name": "操大林"}}},
            {"LXR": "", "MC": "慕容复的院子", "EXT": {"other": ["操大林、慕容复"]}},
            {"LXR": "仉督 工程科", "MC": "工程科扩建，仉督申报", "EXT": None},
        ],
    )
    assert (first["LXR"], first["EXT"]) == ("某甲甲", {"contact": {"name": "某甲乙"}})
    assert (second["MC"], second["EXT"]) == ("某甲甲的院子", {"other": ["某甲乙、某甲甲"]})
    assert third["MC"].startswith("工程科扩建，某")
    assert third["MC"].endswith("申报")


def test_whom_a_text_names_by_a_label_goes_from_other_cells_too() -> None:
    assert [
        row["MC"]
        for row in kept(MADE, [{"MC": "诸葛亮旧居"}, {"BZ": "业主：诸葛亮 电话 0731-01234567", "MC": ""}])
    ] == [
        "某甲甲旧居",
        "",
    ]


@pytest.mark.parametrize("made", [MADE, simple(TABLE)], ids=["described", "a draft"])
def test_an_owner_with_a_persons_identity_number_is_a_person(made: Manifest) -> None:
    rows = [
        {"JSDW": "操大林", "DM": "990204199001011234", "MC": "操大林自建房"},
        {"JSDW": "示例公司", "DM": "91430204MA4D00180A", "MC": "示例公司厂房"},
    ]
    one, other = kept(made, rows)
    assert (one["JSDW"], one["MC"]) == ("某甲甲", "某甲甲自建房")
    assert other == rows[1]


def test_secrets_go_from_texts_from_columns_named_so_and_in_other_writings() -> None:
    [row] = kept(
        MADE,
        [
            {
                "U": "https://h.example/?token=ab-12&page=2",
                "E": {"appSecret": "xyz"},
                "B": "YXNrLXRoZS1idXJlYXU=",
            }
        ],
        ["ask-the-bureau"],
    )
    assert row == {"U": "https://h.example/?token=xx-01&page=2", "E": {"appSecret": "xxx"}, "B": "x" * 20}


def test_a_phone_spelled_in_words_and_a_bank_card_keep_their_shape() -> None:
    [row] = kept(MADE, [{"BZ": "一四一零零零零零零零零，卡号6200000000000000009"}])
    assert row == {"BZ": "〇〇〇〇〇〇〇〇〇〇一，卡号0000000000000000001"}
