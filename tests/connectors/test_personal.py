from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.personal import found_in, holds_persons, names_in_cell, only_names


def seen(text: str) -> list[tuple[str, str]]:
    return [(text[begin:end], kind) for begin, end, kind in found_in(text)]


@pytest.mark.parametrize(
    "phone",
    [
        *(
            "14100000000",
            "141 0000 0000",
            "141-0000-0000",
            "141.0000.0000",
            "141\u00a00000  0000",
            "008614100000000",
            "+86 14100000000",
            "86-14100000000",
            "１４１００００００００",
        ),
        *("0731-01234567", "（0731）01234567", "073101234567", "010-01234567转802", "0731－01234567"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "电话：{}，请回复", "A{}B", "联系-{}/14100000001"])
def test_a_phone_is_found_however_it_is_written_and_whatever_stands_beside_it(
    phone: str, around: str
) -> None:
    assert (phone, "phone") in seen(around.format(phone))


@pytest.mark.parametrize(
    "number", ["990204199001011234", "99020419900101123X", "990204900101123", "990204 19900101 1234"]
)
def test_an_identity_number_is_found_with_and_without_its_check_sign(number: str) -> None:
    assert seen(f"身份证{number}，住址不详") == [(number, "id number")]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2404-430204-04-01-345678",
            "91430204MA4D00180A",
            "430204001001GB00001W00000000",
            "113.13812345678",
        ),
        *(
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c14100000000a",
            "2024-09-18 10:30:00",
            "20240918103000",
            "1712345678901",
            "株石招合〔2024〕901号",
            "141000000001",
            "52000万元",
        ),
        *("石峰区清水塘示例大道1号", "示例新能源智造基地（一期）1#、2#厂房", "14100000000.5"),
    ],
)
def test_numbers_and_texts_of_projects_are_no_persons(text: str) -> None:
    assert seen(text) == []
    assert not only_names(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(
            ("联系人：张三电话：14100000000", "张三"),
            ("填报人 欧阳修远", "欧阳修远"),
            ("请找王女士领取", "王"),
        ),
        *(
            ("李四丰14100000000", "李四丰"),
            ("李四，0731-01234567", "李四"),
            ("14100000000（张三）", "张三"),
            ("经办人为赵小六。", "赵小六"),
            ("业主：诸葛亮 电话 0731-01234567", "诸葛亮"),
            ("制表：仉督", "仉督"),
            ("仉督 14100000000", "仉督"),
        ),
    ],
)
def test_a_name_is_found_by_its_label_its_title_or_the_phone_after_it(text: str, name: str) -> None:
    assert (name, "name") in seen(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("手机一四一零零零零零零零零", ("一四一零零零零零零零零", "phone")),
        ("6200000000000000009", ("6200000000000000009", "account")),
        ("6200 0000 0000 0005", ("6200 0000 0000 0005", "account")),
        ("账号：000012345678", ("000012345678", "account")),
        ("微信wxid_abc123", ("wxid_abc123", "account")),
        ("护照E00000000", ("E00000000", "id number")),
        ("车牌湘B00000", ("湘B00000", "id number")),
        ("见 https://h.example/?sig=ZZ", ("ZZ", "secret")),
    ],
)
def test_accounts_papers_and_secrets_are_found_by_their_form_or_label(
    text: str, found: tuple[str, str]
) -> None:
    assert seen(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        *("业主：示例公司 电话", "联系电话 0731-01234567", "请电 14100000000", "值班室 0731-01234567"),
        *("6200000000000000", "一二三四五六七八九十", "湘A股份", "施工方 14100000000"),
    ],
)
def test_bodies_and_words_beside_a_phone_are_no_names_and_other_numbers_no_cards(text: str) -> None:
    assert {kind for _, kind in seen(text)} <= {"phone"}


def test_the_names_of_a_cell_of_persons_are_told_from_what_else_it_says() -> None:
    said = "张三、欧阳修远/操大林先生；14100000000，城建股 阿依古丽·买买提,张某"
    assert list(names_in_cell(said)) == ["张三", "欧阳修远", "操大林", "阿依古丽·买买提"]


def test_cells_of_names_alone_are_told_from_words() -> None:
    assert all(map(only_names, ["张三", "欧阳修远", "张三、李四丰", "张三 李四", "张三等3人"]))
    assert not any(map(only_names, ["", "示例新能源科技有限公司", "张三食品厂", "甲", "石峰区", "金山镇"]))


def test_columns_that_hold_persons_are_known_by_their_names() -> None:
    held = [
        "联系人",
        "联系电话",
        "法定代表人",
        "技术负责人",
        "JSFZRZJHM",
        "LXRSJH",
        "BBLD",
        "contactPhone",
        "id_card",
        "Email",
    ]
    assert all(map(holds_persons, held))
    others = [
        "项目名称",
        "建设单位",
        "法人名称",
        "FZRQ",
        "XMMC",
        "LXBH",
        "telecom_kind",
        "联系单位",
        "phoneme",
    ]
    assert [name for name in others if holds_persons(name)] == []


@given(st.text(alphabet="0123456789-. 张三电话：Xx１３", max_size=40))
def test_what_is_found_stands_apart_and_in_order(text: str) -> None:
    spans = list(found_in(text))
    assert all(begin < end for begin, end, _ in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


@pytest.mark.parametrize("sign", ["a", "1", "张", "0", "9", " "])
def test_a_text_without_end_is_looked_through_at_once(sign: str) -> None:
    begun = time.process_time()
    assert list(found_in(sign * 300_000)) == []
    assert time.process_time() - begun < 2
