from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
            scrubber.look_at(head, value)
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
