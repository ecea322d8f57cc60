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
        ("联系电话", 13800138000, 10000000001),
        ("LXRSJH", "138-0013-8000", "100-0000-0001"),
        ("BZ", "找张三13800138000，证430204199001011234", "找某甲10000000001，证900000000000000002"),
        ("BZ", "联系人：张三，43020419900101123x", "联系人：某甲，90000000000000001x"),
        ("BZ", "张三、李四", "某甲、甲甲"),
        ("MC", "张三", "张三"),
        ("JSDW", "张三", "某甲"),
        ("DM", "430204199001011234", "900000000000000001"),
        ("新列", 13800138000.0, 10000000001),
        ("新列", Decimal("13800138000.0"), 10000000001),
        (
            "新列",
            {"联系人": "张三", "其他": ["电0731-28123456"]},
            {"联系人": "某甲", "其他": ["电0000-00000001"]},
        ),
        ("新列", "https://a.example/?key=s3cret-token", "https://a.example/?key=xxxxxxxxxxxx"),
        ("新列", "li.si@example.com", "xx.xx@xxxxxxx.xxx"),
        ("", "填报人：张三 电话 28123456", "填报人：某甲 电话 00000001"),
    ],
)
def test_persons_and_secrets_are_replaced_in_their_own_shape(column: str, said: Any, kept: Any) -> None:
    assert scrub(column, said) == kept


@pytest.mark.parametrize(
    ("column", "said"),
    [
        *(
            ("XKZ", "430204202409180101"),
            ("JE", "13800138000"),
            ("JE", 13800138000),
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


def test_equal_stays_equal_and_different_stays_different() -> None:
    scrubber = Scrubber(MADE)
    kept = [scrubber.value("LXR", name) for name in ("张三", "李四", "张三")]
    kept += [scrubber.value("BZ", f"电{phone}") for phone in ("13800138000", "13900139000", "13800138000")]
    assert kept == ["某甲", "某乙", "某甲", "电10000000001", "电10000000002", "电10000000001"]
    assert scrubber.found == {("LXR", "person"): 3, ("BZ", "phone"): 3}


def test_a_sample_is_scrubbed_alike_each_time_and_what_is_put_in_is_no_person() -> None:
    said = ["张三13800138000", "13800138000", "0731-28123456转802", "430204199001011234"]
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
