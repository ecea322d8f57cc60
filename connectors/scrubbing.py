"""Taking persons and secrets out of rows before they become a sample: in their place stands something of the same shape.

What is put in counts up, equal for equal: of the value that stood there it tells nothing but its form.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from connectors.columns import column_name
from connectors.manifest import Manifest
from connectors.personal import Kind, found_in, holds_persons, only_names
from schemas.cleaning import says_nothing
from schemas.doubts import NotUnderstood
from schemas.identifiers import Scheme, Status, parse
from schemas.number_forms import FORMS

_STEMS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_SHORTEST_SECRET = 4
_ENOUGH_NAMES = 3
"""Different names, and nothing else, that make a column one of persons."""
_NUMBER, _MOBILE_DIGITS, _MOBILE = 5, 11, "100"
"""From so many digits on a number may be somebody's; mobile numbers begin with 13 to 19."""
_LEAD: dict[Kind, str] = {"phone": "000", "id number": "9", "person": "9"}
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
        self._secrets = sorted(
            {each for each in secrets if len(each) >= _SHORTEST_SECRET}, key=len, reverse=True
        )
        self._given: dict[str, str] = {}
        self._counted: Counter[bool] = Counter()
        self._said: dict[str, set[str]] = {}
        self.found: Counter[tuple[str, Kind]] = Counter()
        """How often what was taken out, by column ('' for text that stands in none) and kind."""

    def look_at(self, head: str, value: Any) -> None:
        """Take note of a cell before any is scrubbed: a column nobody described yet may turn out to hold names alone."""
        name = column_name(head) if head else ""
        if name and name not in self._known and isinstance(value, str) and not says_nothing(value):
            self._said.setdefault(name, set()).add(value)

    def value(self, head: str, value: Any) -> Any:
        """Give a cell or JSON value as it may be kept; `head` is its column's, '' where it stands in none."""
        name = column_name(head) if head else ""
        if isinstance(value, dict):
            return {
                inner: self.value(inner if holds_persons(inner) else head, each)
                for inner, each in value.items()
            }
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
        persons = name in self._persons or (name and holds_persons(name))
        if persons and "某" not in text:
            return self._replaced(name, "person", text)
        if self._may_be_names(name) and "某" not in text and only_names(text):
            return self._replaced(name, "name", text)
        made, end = [], 0
        for begin, until, kind in found_in(text):
            made += [text[end:begin], self._replaced(name, kind, text[begin:until])]
            end = until
        return "".join([*made, text[end:]])

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
        if kind == "name" and "某" in text:
            return text
        self.found[name, kind] += 1
        if text not in self._given:
            numbered = any(map(str.isdigit, text))
            self._counted[numbered] += 1
            self._given[text] = _shaped(kind, text, self._counted[numbered])
        return self._given[text]


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
