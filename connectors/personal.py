"""Telling persons from data: names of columns that hold them, and phones, identity numbers and names in texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from connectors.columns import column_name

Kind = Literal["person", "name", "phone", "id number", "mail address", "secret"]
"""What was found; a `person` is a whole cell of a column that holds persons."""

_CHINESE = re.compile(
    r"联[系络]人|联系(?:电话|方式|领导)|电话|手机|传真|身份证|证件号|(?:经办|承办|办理|填报|填表|制表|审核|代理)人"
    r"|(?:负责|法定代表)人|法人代表|领导|姓名|户主|邮箱|电子邮件|微信|住址"
)
_INITIALS = re.compile(
    r".*(?:LXR|LXRSJH|LXDH|LXFS|SJH|SJHM|SFZH|SFZHM|SFZJHM|ZJHM|FDDBR|XMFZR|FZRXM|JBR|TBR|BLR|CBR)|BBLD|FZR"
)
"""Of column names in the first letters of their sounds: LXR 联系人, LXDH 联系电话, SFZH 身份证号, BLR 办理人."""
_ENGLISH = re.compile(
    r"(?:^|_)(?:phone|mobile|tel|telephone|fax|contact|email|e_mail|id_?card|person|handler)(?:_|$)"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0xA0: " ",
    0x2014: "-",
    0x2013: "-",
}
_MOBILE = r"(?:(?:\+|00)?86[- ]?)?1[3-9]\d[-. ]{0,2}\d{4}[-. ]{0,2}\d{4}"
_LANDLINE = r"\(?0[1-9]\d{1,2}\)?[- ]?\d{7,8}"
_PHONE = re.compile(rf"(?<!\d)(?<!\d\.)(?:{_MOBILE}|{_LANDLINE}(?:[转-]\d{{1,5}})?)(?!\d)(?!\.\d*[1-9])")
_CALLED = re.compile(r"(?:电话|手机|方式|号码)[为: ]{0,3}(\d{7,8})(?!\d)")
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = re.compile(
    rf"(?<!\d)[1-9]\d{{5}}[- ]?(?:(?:18|19|20)\d{{2}}{_DAY}[- ]?\d{{3}}[\dXx]|\d{{2}}{_DAY}\d{{3}})(?![\dXx])"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,64})+")

_HASH = re.compile(r"(?<![0-9A-Za-z])(?=\d*[A-Fa-f])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])")

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤阎易尤施文樊邢康俞祝谷颜牛柳季庞左聂"
)
_FAMILY = rf"(?:欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|[{_SURNAMES}])"
_SIGN = "[\u4e00-\u9fff]"
_NAME = rf"{_FAMILY}{_SIGN}{{1,2}}"
_NO_PLACE = "(?<![区县市省镇乡局厂])"
_ONLY_NAMES = re.compile(rf" *{_NAME}{_NO_PLACE}(?:[、,;/ ]+{_NAME}{_NO_PLACE})*(?:等\d*人)? *")
_LABEL = r"(?:(?:联[系络]|经办|承办|办理|填报|填表|制表|审核|负责|法定代表)人|法人代表|姓名|户主)"
_BESIDE = (
    re.compile(rf"{_LABEL}[:为是 ] *({_FAMILY}{_SIGN}{{1,2}}?)(?=[^\u4e00-\u9fff]|电话|手机|联系|身份|$)"),
    re.compile(rf"({_FAMILY}{_SIGN}{{0,2}}?)(?:先生|女士|同志)"),
    re.compile(rf"({_NAME})[ :,(-]*(?={_MOBILE}|{_LANDLINE})"),
    re.compile(rf"(?:{_MOBILE}|{_LANDLINE})[ :,(-]*({_FAMILY}{_SIGN}{{1,2}}?)(?!{_SIGN})"),
)


@lru_cache(maxsize=4096)
def holds_persons(column: str) -> bool:
    """Tell whether a column's name says that it holds persons: 联系人, LXDH, contactPhone."""
    name = column_name(column)
    return bool(
        _CHINESE.search(name) or _INITIALS.fullmatch(name) or _ENGLISH.search(_HUMP.sub("_", name).lower())
    )


def only_names(text: str) -> bool:
    """Tell whether a text may be nothing but persons' names, one or more; so may words such as 陶瓷 and 江苏."""
    return _ONLY_NAMES.fullmatch(text.translate(_NARROW)) is not None


def found_in(text: str) -> Iterator[tuple[int, int, Kind]]:
    """Give the places in a text that hold personal data, in order and apart from each other.

    A name is found by what stands beside it only: a label, a title, a phone. Others cannot be told from words.
    """
    plain = text.translate(_NARROW)
    spans: list[tuple[int, int, Kind]] = [
        *((*each.span(), "id number") for each in _IDENTITY.finditer(plain)),
        *((*each.span(), "phone") for each in _PHONE.finditer(plain)),
        *((*each.span(1), "phone") for each in _CALLED.finditer(plain)),
        *((*each.span(), "mail address") for each in _MAIL.finditer(plain)),
        *((*each.span(1), "name") for form in _BESIDE for each in form.finditer(plain)),
    ]
    hashes = [each.span() for each in _HASH.finditer(plain)]
    end = 0
    for begin, until, kind in sorted(spans):
        if begin >= end and not any(first <= begin < last for first, last in hashes):
            yield begin, until, kind
            end = until
