"""Telling persons from data: names of columns that hold them; phones, numbers of identity and accounts, names in texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

from connectors.columns import column_name
from connectors.secret_texts import secrets_in
from schemas.cleaning import REMEMBERED

Kind = Literal["person", "name", "phone", "id number", "mail address", "account", "secret"]
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
_SPOKEN = "一二三四五六七八九零〇幺两壹贰叁肆伍陆柒捌玖"
_SPELLED = re.compile(
    rf"(?<![{_SPOKEN}])[一幺壹][三四五六七八九叁肆伍陆柒捌玖][{_SPOKEN}]{{9}}(?![{_SPOKEN}])"
)
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_IDENTITY = re.compile(
    rf"(?<!\d)[1-9]\d{{5}}[- ]?(?:(?:18|19|20)\d{{2}}{_DAY}[- ]?\d{{3}}[\dXx]|\d{{2}}{_DAY}\d{{3}})(?![\dXx])"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,64})+")

_ACCOUNT = re.compile(
    r"(?:卡号|账号|帐号|账户|帐户|开户行|微信号?|QQ)[:为 ]{0,3}([A-Za-z0-9][A-Za-z0-9_-]{3,28}[A-Za-z0-9])",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\d.])62\d{2}([ -]?)\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?(?![\d.])")
_LONGEST_CARD = 19
_PASSPORT = re.compile(r"(?:护照|通行证)(?:号码?)?[:为 ]{0,3}([A-Z]{1,2}\d{7,8})(?!\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][· ]?[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警](?![A-Za-z0-9])"
)

_HASH = re.compile(r"(?<![0-9A-Za-z])(?=\d*[A-Fa-f])[0-9A-Fa-f]{24,}(?![0-9A-Za-z])")

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石"
    "廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤阎易尤施文樊邢康俞祝谷颜牛柳季庞左聂"
)
_FAMILY = rf"(?:欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|[{_SURNAMES}])"
_SIGN = "[\u4e00-\u9fff]"
_NAME = rf"{_FAMILY}{_SIGN}{{1,2}}"
_NO_PLACE = "(?<![区县市省镇乡局厂])"
_NO_BODY = "(?<![区县市省镇乡村局厂处科股室部厅委办所院司站队组公会店社行])"
"""Words that end so are bodies and places, not persons."""
_ONLY_NAMES = re.compile(rf" *{_NAME}{_NO_PLACE}(?:[、,;/ ]+{_NAME}{_NO_PLACE})*(?:等\d*人)? *")
_LABEL = (
    r"(?:(?:联[系络]|经办|承办|办理|填报|填表|制表|审核|负责|法定代表|申请|权利|受让|竞得|委托|代理|收件|签收)人|法人代表|法人|姓名|户主|业主"
    r"|制表|填报|审核|校核|复核|经办)"
)
_AFTER = r"(?=[^\u4e00-\u9fff]|电话|手机|联系|身份|$)"
_NUMBER_FOLLOWS = rf"(?={_MOBILE}|{_LANDLINE})"
_NO_NAME = r"(?!(?:请|可|致|来|的|为|是|或|及|和)?(?:电话?|手机|座机|传真|热线|号码|方式|联[系络]|咨询|值班|固话|宅电|办公)|施工|方式|高新|金额|编号|单位|备注|时间|日期)"
"""Words beside a phone that say what it is, or what else stands there."""
_BESIDE = (
    re.compile(rf"{_LABEL}[:为是 ] *({_FAMILY}{_SIGN}{{1,2}}?){_AFTER}"),
    re.compile(rf"({_FAMILY}{_SIGN}{{0,2}}?)(?:先生|女士|同志)"),
    re.compile(rf"{_NO_NAME}({_NAME})[ :,(-]*{_NUMBER_FOLLOWS}"),
    re.compile(rf"(?:{_MOBILE}|{_LANDLINE})[ :,(-]*({_FAMILY}{_SIGN}{{1,2}}?)(?!{_SIGN})"),
)
_OF_ANY_SURNAME = (
    re.compile(rf"{_LABEL}: *({_SIGN}{{2,4}}?){_NO_BODY}{_AFTER}"),
    re.compile(
        rf"(?<!{_SIGN}){_NO_NAME}({_SIGN}{{2,3}}){_NO_BODY}(?<![话机真线码式系])[ :,(-]{{1,3}}{_NUMBER_FOLLOWS}"
    ),
)
_A_NAME = re.compile(
    rf"{_SIGN}{{2,4}}{_NO_BODY}|{_SIGN}{{1,12}}(?:[·•]{_SIGN}{{1,12}})+|[A-Z][a-z]+(?: [A-Z][a-z]+)+"
)
_BETWEEN = re.compile(r"[、，,;；/\n]| +(?=[\u4e00-\u9fff])")
_TITLE = re.compile(r"(?:先生|女士|同志|等\d*人)$")


@lru_cache(maxsize=REMEMBERED)
def holds_persons(column: str) -> bool:
    """Tell whether a column's name says that it holds persons: 联系人, LXDH, contactPhone."""
    name = column_name(column)
    return bool(
        _CHINESE.search(name) or _INITIALS.fullmatch(name) or _ENGLISH.search(_HUMP.sub("_", name).lower())
    )


def only_names(text: str) -> bool:
    """Tell whether a text may be nothing but persons' names, one or more; so may words such as 陶瓷 and 江苏."""
    return _ONLY_NAMES.fullmatch(text.translate(_NARROW)) is not None


def names_in_cell(text: str) -> Iterator[str]:
    """Give the names that a cell of persons is made of, without what else stands there: numbers, bodies, masked names."""
    for part in _BETWEEN.split(text):
        name = _TITLE.sub("", part.strip().translate(_NARROW))
        if _A_NAME.fullmatch(name) and "某" not in name:
            yield name


def found_in(text: str) -> Iterator[tuple[int, int, Kind]]:
    """Give the places in a text that hold personal data or a secret, in order and apart from each other.

    A name is found by what stands beside it only: a label, a title, a phone. Others cannot be told from words.
    """
    plain = text.translate(_NARROW)
    spans: list[tuple[int, int, Kind]] = [
        *((*each.span(), "id number") for each in _IDENTITY.finditer(plain)),
        *((*each.span(), "phone") for each in _PHONE.finditer(plain)),
        *((*each.span(), "phone") for each in _SPELLED.finditer(plain)),
        *((*each.span(1), "phone") for each in _CALLED.finditer(plain)),
        *((*each.span(), "mail address") for each in _MAIL.finditer(plain)),
        *((*each.span(1), "account") for each in _ACCOUNT.finditer(plain)),
        *((*each.span(), "account") for each in _CARD.finditer(plain) if _is_card(each[0])),
        *((*each.span(1), "id number") for each in _PASSPORT.finditer(plain)),
        *((*each.span(), "id number") for each in _PLATE.finditer(plain)),
        *((*each.span(1), "name") for form in _BESIDE for each in form.finditer(plain)),
    ]
    ends = {until for _, until, kind in spans if kind == "name"}
    rarer = (each.span(1) for form in _OF_ANY_SURNAME for each in form.finditer(plain))
    spans += [(begin, until, "name") for begin, until in rarer if until not in ends]
    hashes = [each.span() for each in _HASH.finditer(plain)]
    kept = [span for span in spans if not any(first <= span[0] < last for first, last in hashes)]
    kept += [(*span, "secret") for span in secrets_in(plain)]
    yield from apart(kept)


def apart(spans: Iterable[tuple[int, int, Kind]]) -> Iterator[tuple[int, int, Kind]]:
    """Give places in order and without overlap, the longer where two begin together; no sign of any is left out."""
    end = 0
    for begin, until, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if until > end:
            yield max(begin, end), until, kind
            end = until


def _is_card(said: str) -> bool:
    """Tell a bank card by its check sign; one of the longest length has no other number's form."""
    digits = [int(sign) for sign in said if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(digits) == _LONGEST_CARD or (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
