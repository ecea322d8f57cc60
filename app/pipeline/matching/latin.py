"""Addresses in Latin letters: the number stands before its street, blanks part words, and one street has many spellings."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

_SAID = tomllib.loads((files("app.pipeline.matching") / "latin.toml").read_text("utf-8"))
_STREETS, _SIDES, _SPELLED = frozenset(_SAID["streets"]), _SAID["sides"], _SAID["spelled"]
_MOST = 400
"""Signs that are read."""
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]").search
_LETTERS = re.compile(r"[A-Za-z]{2}").search
_WORD = re.compile(r"\w+(?:-\w+)*")
_QUIET = re.compile(r"['’.]")
_ORDINAL = re.compile(r"(\d+)(?:ST|ND|RD|TH)").fullmatch
_HOUSE = re.compile(r"(\d{1,6})[A-Z]?(?:-(\d{1,6})[A-Z]?)?").fullmatch
_LONGEST = 5
"""Words of the name of a street."""
_WHOLE = 4
"""Digits of a house number of which a range leaves off the first: 1766-68."""


class Address(NamedTuple):
    """House numbers and the street they are in, and both together: spelled in one way and without blanks."""

    houses: frozenset[str]
    street: str
    whole: str


def in_latin(text: str) -> bool:
    """Tell whether a text is written in Latin letters alone."""
    return _IDEOGRAPH(text) is None and _LETTERS(text) is not None


def address(text: str) -> Address:
    """Read an address: the number it begins with, and all that follows."""
    words = _words(text)
    houses = _houses(words[0]) if len(words) > 1 else frozenset[str]()
    return Address(houses, "".join(words[1:] if houses else words), "".join(words))


def addresses_in(name: str) -> Iterator[Address]:
    """Give the addresses that a name tells: a number, and words up to what a street is called by."""
    words = _words(name)
    for at, word in enumerate(words):
        if houses := _houses(word):
            for end in range(at + 2, min(at + 2 + _LONGEST, len(words) + 1)):
                if words[end - 1] in _STREETS and end > at + 2:
                    yield Address(houses, "".join(words[at + 1 : end]), "".join(words[at:end]))
                    break


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:_MOST]).upper()
    words = _WORD.findall(_QUIET.sub("", folded))
    return [_spelled(words, at) for at in range(len(words))]


def _spelled(words: list[str], at: int) -> str:
    """Give one word as all spell it: ordinals as numbers, and ST and E by where they stand."""
    word, follows = words[at], words[at + 1] if at + 1 < len(words) else ""
    if ordinal := _ORDINAL(word):
        return ordinal[1]
    if follows and word == "ST" and follows not in _SIDES and (not at or _HOUSE(words[at - 1])):
        return "SAINT"
    if follows and word in _SIDES:
        return str(_SIDES[word])
    return str(_SPELLED.get(word, word))


def _houses(word: str) -> frozenset[str]:
    """Give the numbers a word is: itself, and both ends where it is a range and no number with a hyphen (28-16)."""
    said = _HOUSE(word)
    if said is None:
        return frozenset()
    first, last = said[1], said[2]
    if last and len(first) == _WHOLE and len(last) == 2:
        last = first[:2] + last
    if last and len(first) == len(last) > 2 and first < last:
        return frozenset((word, first, last))
    return frozenset((word,))
