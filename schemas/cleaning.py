"""What every parser does to a text before it reads it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

REMEMBERED = 2_048
"""How many texts a parser remembers: what is said again is said within the next few thousand rows, so that more is memory and hardly a hit."""

_BLANKS = re.compile(r"[\u200b-\u200f\u2060\ufeff\s]+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]+")
_DASHES = dict.fromkeys(map(ord, "\u2014\u2013\u2015\u2010\u2011\u2212\uff0d\ufe63_"), "-")
_FOLD = _DASHES | {small: chr(small - 32) for small in range(ord("a"), ord("z") + 1)}
_NOTHING = frozenset(
    [
        "无",
        "空",
        "(空)",
        "NONE",
        "NULL",
        "NIL",
        "NAN",
        "N/A",
        "NA",
        "不限",
        "待定",
        "暂无",
        "未知",
        "不详",
        "无数据",
        "未填",
        "没有",
        "\\",
    ]
)
_SPEAKS = re.compile(
    "[0-9]|(?![{}])[\u4e00-\u9fa5]".format(
        "".join(sorted({sign for word in _NOTHING for sign in word if sign >= "\u4e00"}))
    )
)
"""A sign that no cleaning takes away and no spelling of an empty cell holds."""
speaks = _SPEAKS.search
"""Find such a sign: what has one says something; what has none may be one of the spellings `says_nothing` knows."""


@lru_cache(maxsize=REMEMBERED)
def clean(text: str) -> str:
    """Give an identifier's text without blanks, in half width and upper case with plain hyphens; stable when repeated.

    Source: the cleaning every number of the exchange standard needs (full width, zero width, NBSP, odd dashes).
    Not for names that are displayed.
    """
    if text.isascii():
        return _BLANKS.sub("", text).translate(_FOLD)
    while True:  # dropping a blank can join two signs into one: once more until nothing moves
        cleaned = _BLANKS.sub("", unicodedata.normalize("NFKC", text)).translate(_FOLD)
        if cleaned == text:
            return cleaned
        text = cleaned


@lru_cache(maxsize=REMEMBERED)
def squeeze(text: str) -> str:
    """Give a text in half width with plain hyphens and single blanks, trimmed; letters keep their case."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_DASHES)
    return " ".join(folded.split())


def says_nothing(text: str) -> bool:
    """Tell whether a text is one of the many spellings of an empty cell, such as 无, None, ---, / or (空)."""
    if speaks(text):
        return False
    cleaned = clean(text)
    return cleaned in _NOTHING or not cleaned.strip("-/.*?")
