"""Taking persons and secrets out of rows before they become a sample: in their place stands something of the same shape.

What is put in counts up, equal for equal: of the value that stood there it tells nothing but its form.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.columns import column_name
from connectors.manifest import Manifest
from connectors.personal import Kind, apart, found_in, holds_persons, names_in_cell, only_names
from connectors.secret_texts import holds_secrets, writings
from schemas.cleaning import says_nothing
from schemas.doubts import NotUnderstood
from schemas.identifiers import Scheme, Status, parse
from schemas.number_forms import FORMS

_STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_SHORTEST_SECRET = 4
_LIKE_OWNERS = re.compile(r"单位|业主|申请|权利人|受让人|竞得人|户名|建设方|.*(?:DW|DWMC|QLR|SQR)")
"""Columns of a draft that may hold an owner's name."""
_ENOUGH_NAMES = 3
"""Different names, and nothing else, that make a column one of persons."""
_NUMBER, _MOBILE_DIGITS, _MOBILE = 5, 11, "100"
"""From so many digits on a number may be somebody's; mobile numbers begin with 13 to 19."""
_LEAD: dict[Kind, str] = {"phone": "000", "id number": "9", "person": "9"}
_SPELLED = str.maketrans("0123456789", "〇一二三四五六七八九")
_MAY_BE = {Scheme.DOCUMENT_NO: (Scheme.CONSTRUCTION_PERMIT,)}
"""Where a column takes numbers of any kind, those of a form that a person's number also has."""
_OF_BODIES = frozenset((Scheme.USCC, Scheme.ORGANISATION_CODE))
"""Where a body is a person, its identity number stands in place of its code."""


class Scrubber:
    """Scrubs the rows of one source, `secrets` being what its deployment would not show; `found` counts what it took out."""

    def __init__(self, manifest: Manifest, secrets: Collection[str] = ()) -> None:
        self._persons = frozenset(manifest.persons)
        self._parties = {name for party in manifest.parties for name in party.name}
        self._unread = frozenset((*manifest.ignore, *manifest.persons, *manifest.volatile))
        self._known = manifest.known_columns()
        self._amounts = {rule.column for rule in manifest.money.values()}
        self._amounts |= {rule.column for rule in manifest.areas.values()}
        self._numbers: dict[str, set[Scheme]] = {}
        for number in (*manifest.identifiers, *manifest.citations):
            self._numbers.setdefault(number.column, set()).update(
                _MAY_BE.get(number.scheme, (number.scheme,))
            )
        known = {written for each in secrets if len(each) >= _SHORTEST_SECRET for written in writings(each)}
        self._secrets = sorted(known, key=len, reverse=True)
        self._codes = [(party.name, party.uscc) for party in manifest.parties if party.uscc]
        self._names: set[str] = set()
        self._named: re.Pattern[str] | None = None
        self._given: dict[str, str] = {}
        self._counted: Counter[bool] = Counter()
        self._said: dict[str, set[str]] = {}
        self.found: Counter[tuple[str, Kind]] = Counter()
        """How often what was taken out, by column ('' for text that stands in none) and kind."""

    def look_at(self, row: Iterable[tuple[str, Any]]) -> None:
        """Take note of a row of (head, value) before any is scrubbed: whom it names must go wherever the page names them.

        A column nobody described yet may turn out to hold names alone.
        """
        texts = [found for head, value in row for found in _texts(head, value)]
        for name, text in texts:
            if name and name not in self._known:
                self._said.setdefault(name, set()).add(text)
            if self._holds_persons(name):
                self._names.update(names_in_cell(text))
            elif not self._is_number(name, text):
                found = [text[begin:end] for begin, end, kind in found_in(text) if kind == "name"]
                self._names.update(each for one in found for each in names_in_cell(one))
        self._names.update(each for one in self._owners(dict(texts)) for each in names_in_cell(one))
        self._named = None

    def _owners(self, row: dict[str, str]) -> Iterator[str]:
        """Give the owners of a row that are persons: an identity number stands where a body has its code."""
        for names, code in self._codes:
            if code and _is_identity(row.get(code, "")):
                yield from (row[name] for name in names if name in row)
        if any(name not in self._known and _is_identity(text) for name, text in row.items()):
            yield from (
                text for name, text in row.items() if _LIKE_OWNERS.match(name) and name not in self._parties
            )

    def _holds_persons(self, name: str) -> bool:
        return name in self._persons or bool(name and holds_persons(name))

    def value(self, head: str, value: Any) -> Any:
        """Give a cell or JSON value as it may be kept; `head` is its column's, '' where it stands in none."""
        name = column_name(head) if head else ""
        if isinstance(value, dict):
            return {inner: self.value(_inner(head, inner), each) for inner, each in value.items()}
        if isinstance(value, list):
            return [self.value(head, each) for each in value]
        if isinstance(value, str):
            return self._text(name, value)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        if not math.isfinite(value) or value != int(value):
            return value
        said = str(int(value))
        scrubbed = self._text(name, said)
        return value if scrubbed == said else int(scrubbed)

    def _text(self, name: str, text: str) -> str:
        for secret in self._secrets:
            if secret in text:
                self.found[name, "secret"] += 1
                text = text.replace(secret, "x" * len(secret))
        if says_nothing(text) or self._is_number(name, text):
            return text
        if self._holds_persons(name) and "某" not in text:
            return self._replaced(name, "person", text)
        if name and name not in self._known and holds_secrets(name):
            return self._replaced(name, "secret", text)
        if self._may_be_names(name) and "某" not in text and only_names(text):
            return self._replaced(name, "name", text)
        made, end = [], 0
        for begin, until, kind in apart([*self._whom_it_names(text), *found_in(text)]):
            made += [text[end:begin], self._replaced(name, kind, text[begin:until])]
            end = until
        return "".join([*made, text[end:]])

    def _whom_it_names(self, text: str) -> Iterator[tuple[int, int, Kind]]:
        """Give the places of a text where somebody stands whom another cell of the page named."""
        if self._named is None:
            self._named = re.compile(
                "|".join(map(re.escape, sorted(self._names, key=len, reverse=True))) or r"(?!)"
            )
        for found in self._named.finditer(text):
            yield *found.span(), "name"

    def _may_be_names(self, name: str) -> bool:
        """Tell a column in which a word that looks like a name is one, or is at least not needed."""
        said = self._said.get(name, set())
        undescribed = len(said) >= _ENOUGH_NAMES and all(map(only_names, said))
        return name in self._parties or name in self._unread or undescribed

    def _is_number(self, name: str, text: str) -> bool:
        """Tell a number the manifest reads from one that only looks like a phone's or a person's."""
        if name in self._amounts:
            return text.replace(".", "", 1).replace(",", "").isdigit()
        return any(_is(scheme, text) for scheme in self._numbers.get(name, ()))

    def _replaced(self, name: str, kind: Kind, text: str) -> str:
        if (kind == "name" and "某" in text) or (kind == "secret" and not text.strip("x")):
            return text
        self.found[name, kind] += 1
        if text not in self._given:
            numbered = any(map(str.isdigit, text))
            self._counted[numbered] += 1
            self._given[text] = _shaped(kind, text, self._counted[numbered])
        return self._given[text]


def _inner(head: str, inner: str) -> str:
    """Give the head that says what a member of a structure is: its own name where that tells, else the column's."""
    return inner if holds_persons(inner) or holds_secrets(inner) else head


def _texts(head: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give the texts of a cell or JSON value, each with the name of what holds it."""
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _texts(_inner(head, inner), each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(head, each)
    elif isinstance(value, str) and not says_nothing(value):
        yield column_name(head) if head else "", value


def _is_identity(text: str) -> bool:
    """Tell a text that is a person's identity number and nothing else."""
    found = list(found_in(text.strip()))
    return [(0, len(text.strip()), "id number")] == found


def _is(scheme: Scheme, text: str) -> bool:
    """Tell whether a text is a faultless number of a scheme that has a form; a free form would take any text for one."""
    if scheme not in FORMS or scheme in _OF_BODIES:
        return False
    try:
        read = parse(scheme, text)
    except NotUnderstood:
        return False
    return not read.doubts and all(
        each.scheme is scheme and each.status is Status.VALID for each in read.value
    )


def _shaped(kind: Kind, text: str, number: int) -> str:
    """Give a text of the same length and signs that counts up: digits of nobody's phone, names such as 某甲."""
    width = sum(sign.isdigit() for sign in text)
    lead = "" if width < _NUMBER else _MOBILE if width == _MOBILE_DIGITS else _LEAD.get(kind, "")
    if kind == "phone" and not width:
        return str(number).zfill(len(text))[-len(text) :].translate(_SPELLED)
    digits = iter((lead + str(number).zfill(width - len(lead)))[-width:] if width else "")
    names = kind in {"person", "name"}
    signs = iter(_nameless(number, sum(map(_is_chinese, text))) if names else "")
    made = ""
    for sign in text:
        if sign.isdigit():
            made += next(digits)
        elif names and _is_chinese(sign):
            made += next(signs)
        elif kind not in {"phone", "id number"} and sign.isascii() and sign.isalpha():
            made += "x"
        else:
            made += sign
    return made


def _is_chinese(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _nameless(number: int, length: int) -> str:
    """Give 某甲, 某乙, … of a length."""
    made = ""
    for _ in range(length - 1):
        number, place = divmod(number - 1, len(_STEMS))
        made, number = _STEMS[place] + made, number + 1
    return f"某{made}"[:length]
