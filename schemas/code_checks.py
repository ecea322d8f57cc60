"""Plain checks of numbers by their standards: form, check characters, generations. They take cleaned text."""

from __future__ import annotations

import re
from typing import Literal

_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {sign: value for value, sign in enumerate(_USCC_SIGNS)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_USCC_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_FORM = re.compile(r"[0-9A-Z]{8}[0-9X]")
_PROJECT_CODE_FORM = re.compile(r"([0-9]{4})-[0-9]{6}-[0-9]{2}-([0-9]{2})-[0-9]{6}")
_MOD_36 = {sign: value for value, sign in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}

Generation = Literal["old", "new", "pseudo", "invalid-time"]


def uscc_ok(code: str) -> bool:
    """Tell whether 18 characters are a unified social credit code with the right check character (GB 32100-2015).

    Letters are allowed in the first two places (`N2…` village collectives, `Y1…`).
    """
    if not _USCC_FORM.fullmatch(code):
        return False
    total = sum(_USCC_VALUES[sign] * weight for sign, weight in zip(code, _USCC_WEIGHTS, strict=False))
    return code[17] == _USCC_SIGNS[(31 - total % 31) % 31]


def organisation_code_ok(code: str) -> bool:
    """Tell whether nine characters are an organisation code with the right check character (GB 11714).

    Also given an 18-character credit code, whose places 9–17 are one; for those a warning only.
    """
    body = code[8:17] if len(code) == 18 else code.replace("-", "")
    if not _ORGANISATION_FORM.fullmatch(body):
        return False
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _ORGANISATION_WEIGHTS, strict=False))
    return body[8] == "0123456789X0"[11 - total % 11]


def project_code_generation(code: str) -> Generation | None:
    """Give the generation of a hyphenated national project code, None when it has another form.

    Codes of 2015–2020 lead with the year (old), those since November 2020 with yymm (new; GB/T 40058-2021); type 88
    is made locally (pseudo); anything else names no month (invalid-time).
    """
    if not (found := _PROJECT_CODE_FORM.fullmatch(code)):
        return None
    if found[2] == "88":
        return "pseudo"
    if 2015 <= int(found[1]) <= 2020:
        return "old"
    return "new" if int(found[1][:2]) >= 20 and 1 <= int(found[1][2:]) <= 12 else "invalid-time"


def certificate_check_ok(identifier: str) -> bool:
    """Tell whether an electronic certificate identifier of ten dotted parts ends in its ISO 7064 MOD 37,36 sign.

    The sign covers type, issuer, serial and version; a warning only (one published sample fails it).
    """
    parts = identifier.split(".")
    signs = "".join(parts[5:9])
    if (
        len(parts) != 10
        or len(parts[9]) != 1
        or not signs
        or any(sign not in _MOD_36 for sign in signs + parts[9])
    ):
        return False
    check = 36
    for sign in signs:
        check = ((check + _MOD_36[sign]) % 36 or 36) * 2 % 37
    return _MOD_36[parts[9]] == (37 - check) % 36
