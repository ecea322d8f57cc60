"""Phones and numbers of identity as they are shown: masked, so that who reads a list meets nobody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.personal import Kind, found_in

_HIDDEN = "*"
_KEPT: Mapping[Kind, tuple[int, int]] = {
    "phone": (3, 4),
    "id number": (6, 4),
    "account": (4, 4),
    "mail address": (1, 0),
}
"""How many characters stay at the beginning and the end of what is masked."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def masked_text(text: str) -> str:
    """Give a text with phones, identity numbers, accounts and mail addresses masked."""
    shown, end = [], 0
    for start, stop, kind in found_in(text):
        shown += [text[end:start], _masked(text[start:stop], kind)]
        end = stop
    return "".join((*shown, text[end:]))


def masked(value: Any) -> Any:
    """Give a JSON value with every text in it masked."""
    match value:
        case str():
            return masked_text(value)
        case dict():
            return {name: masked(inner) for name, inner in value.items()}
        case list() | tuple():
            return type(value)(masked(inner) for inner in value)
    return value


def _masked(said: str, kind: Kind) -> str:
    """One find masked; a certificate's number has the form of an identity number, and not its check sign."""
    if kind not in _KEPT or (kind == "id number" and not _is_identity(said)):
        return said
    first, last = _KEPT[kind]
    if kind == "mail address":
        return said[:first] + _HIDDEN * 3 + said[said.index("@") :]
    hidden = max(0, len(said) - first - last)
    return said[:first] + _HIDDEN * hidden + said[len(said) - last :]


def _is_identity(said: str) -> bool:
    number = said.replace("-", "").replace(" ", "").upper()
    if len(number) != len(_WEIGHTS) + 1:
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number[:-1], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == number[-1]
