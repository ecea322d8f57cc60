"""The forms of each system of numbers. Every reader takes cleaned text and gives None for any other form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from schemas.code_checks import certificate_check_ok, organisation_code_ok, project_code_generation, uscc_ok
from schemas.schemes import Scheme, Status
from schemas.tables import regions


class Note(NamedTuple):
    """Something odd about a number: the rule's last word, and words for a person; `minor` is only worth knowing."""

    rule: str
    zh: str
    en: str
    minor: bool = False


class Reading(NamedTuple):
    """A number in its normal form."""

    scheme: Scheme
    value: str
    status: Status = Status.VALID
    generation: str | None = None
    notes: tuple[Note, ...] = ()


_PROJECT = re.compile(r"(?<![0-9])([0-9]{4})-?([0-9]{6})-?([0-9]{2})-?([0-9]{2})-?([0-9]{6})(?![0-9])")
_WORKS = re.compile(
    r"([0-9]{4})-?([0-9]{6})-?([0-9]{2})-?([0-9]{2})-?([0-9]{6})(?:-([0-9A-Z][0-9A-Z-]*)|([0-9]{3}))?"
)
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ORGANISATION = re.compile(r"([0-9A-Z]{8})-?([0-9X])")
_PERMIT = re.compile(r"(?<![0-9])([0-9]{6})((?:19|20)[0-9]{6})([0-9]{2})([0-9]{2})(?![0-9])")
_MARKET = re.compile(r"([0-9]{6})([0-9]{6})([0-9]{2})([0-9]{2})")
_SUPERVISION = re.compile(r"[0-9]{6}(?:19|20)[0-9]{2}[A-Z][0-9]{4,6}(?:-[0-9]+)?")
_PARCEL = re.compile(r"[0-9]{12}[GJZ][A-Z][0-9]{5}")
_UNIT = re.compile(r"[0-9]{12}[GJZ][A-Z][0-9]{5}[FLQW][0-9]{8}")
_CERTIFICATE = re.compile(
    r"(?:([用地建乡选])字第?)?(?<![0-9])([0-9]{6})((?:19|20)[0-9]{2})(?:(XS|YG|GG|XG)([0-9]{7})|([0-9]{4,5})([A-Z]{0,3}))(?![0-9])号?"
)
_YEAR_BRACKETS = re.compile(r"[〔\[(【{<《]((?:19|20)[0-9]{2})[〕\])】}>》]")
_ZEROS_AFTER_YEAR = re.compile(r"(〔[0-9]{4}〕[^0-9]*)0+(?=[0-9])")
_UP_TO_SIGN = re.compile(r"(.*?[0-9].*?)号(.*)")
_CLASSES = frozenset(f"{number:02d}" for number in (*range(1, 20), 99))
_KINDS = {
    "用": Scheme.SITE_OPINION,
    "选": Scheme.SITE_OPINION,
    "地": Scheme.LAND_USE_PERMIT,
    "建": Scheme.WORKS_PERMIT,
    "乡": Scheme.WORKS_PERMIT,
}
_NEW_KINDS = {"XS": "用", "YG": "地", "GG": "建", "XG": "乡"}
_OLD_KINDS = {Scheme.SITE_OPINION: "用", Scheme.LAND_USE_PERMIT: "地", Scheme.WORKS_PERMIT: "建"}


def _dropped(cleaned: str, used: str) -> tuple[Note, ...]:
    """Note that a text held more than its number."""
    rest = cleaned.replace(used, "", 1).strip("号第:()[]-")
    return (Note("note_dropped", f"未采用的文字：{rest}", f"not used: {rest}", minor=True),) if rest else ()


def project_code(cleaned: str) -> Reading | None:
    """Read a national project code, with or without hyphens (发改投资〔2020〕1439号, GB/T 40058-2021)."""
    if not (found := _PROJECT.search(cleaned)) or re.match("-[0-9]", cleaned[found.end() :]):
        return None
    value = "-".join(found.groups())
    notes = _dropped(cleaned, found[0])
    generation = project_code_generation(value)
    if generation == "pseudo":
        notes += (Note("pseudo", "项目类型 88 为本地自编代码", "type 88: a code made locally"),)
        return Reading(Scheme.PROJECT_CODE, value, Status.PSEUDO, generation, notes)
    if generation == "invalid-time":
        notes += (
            Note("invalid_time", "前四位不是年月，请核对", "the first four digits are no year and month"),
        )
        return Reading(Scheme.PROJECT_CODE, value, Status.SUSPECT, generation, notes)
    if not _region_known(found[2]):
        notes += (
            Note(
                "region_unknown",
                f"地区代码 {found[2]} 未收录",
                f"region {found[2]} is not listed",
                minor=True,
            ),
        )
    return Reading(Scheme.PROJECT_CODE, value, generation=generation, notes=notes)


def works_code(cleaned: str) -> Reading | None:
    """Read a works code that is a project code and a suffix; other works codes have no form."""
    if not (found := _WORKS.fullmatch(cleaned)):
        return None
    code = "-".join(found.groups()[:5])
    if not project_code_generation(code):
        return None
    suffix = found[6] or found[7]
    return Reading(Scheme.WORKS_CODE, f"{code}-{suffix}" if suffix else code)


def _region_known(code: str) -> bool:
    return (
        code in regions()
        or code in {"000000", "310052"}
        or (code[4:] == "01" and f"{code[:4]}00" in regions())
    )


def uscc(cleaned: str) -> Reading | None:
    """Read a unified social credit code (GB 32100-2015); a wrong check character makes it suspect."""
    if not _USCC.fullmatch(cleaned):
        return None
    if not uscc_ok(cleaned):
        wrong = Note(
            "check", "统一社会信用代码校验位不符，请核对", "the check character is wrong, correct the code"
        )
        return Reading(Scheme.USCC, cleaned, Status.SUSPECT, notes=(wrong,))
    inner = Note(
        "inner_check", "主体标识码校验位不符", "the organisation code inside fails its check", minor=True
    )
    return Reading(Scheme.USCC, cleaned, notes=() if organisation_code_ok(cleaned) else (inner,))


def organisation_code(cleaned: str) -> Reading | None:
    """Read a nine-sign organisation code (GB 11714), with or without its hyphen."""
    if not (found := _ORGANISATION.fullmatch(cleaned)):
        return None
    value = found[1] + found[2]
    if organisation_code_ok(value):
        return Reading(Scheme.ORGANISATION_CODE, value)
    wrong = Note("check", "组织机构代码校验位不符，请核对", "the check character is wrong, correct the code")
    return Reading(Scheme.ORGANISATION_CODE, value, Status.SUSPECT, notes=(wrong,))


def construction_permit(cleaned: str) -> Reading | None:
    """Read an 18-digit construction permit: region, date, serial of the day, class 01–19 or 99."""
    if not (found := _PERMIT.search(cleaned)) or not _is_day(found[2]):
        return None
    notes = _dropped(cleaned, found[0])
    if found[4] not in _CLASSES:
        notes += (
            Note(
                "class_unknown", f"工程类别 {found[4]} 未收录", f"class {found[4]} is not listed", minor=True
            ),
        )
    return Reading(Scheme.CONSTRUCTION_PERMIT, found[0], generation="NEW", notes=notes)


def market_project_no(cleaned: str) -> Reading | None:
    """Read a 16-digit project number of the national construction market platform: region, yymmdd, class, serial."""
    found = _MARKET.fullmatch(cleaned)
    return Reading(Scheme.MARKET_PROJECT_NO, cleaned) if found and _is_day(f"20{found[2]}") else None


def supervision_no(cleaned: str) -> Reading | None:
    """Read an electronic supervision number of land supply: region, year, letter, serial, perhaps a suffix."""
    return Reading(Scheme.SUPERVISION_NO, cleaned) if _SUPERVISION.fullmatch(cleaned) else None


def parcel_code(cleaned: str) -> Reading | None:
    """Read a parcel code of 19 signs (GB/T 37346-2019)."""
    return Reading(Scheme.PARCEL_CODE, cleaned) if _PARCEL.fullmatch(cleaned) else None


def real_estate_unit(cleaned: str) -> Reading | None:
    """Read a real-estate unit code of 28 signs (GB/T 37346-2019)."""
    return Reading(Scheme.REAL_ESTATE_UNIT, cleaned) if _UNIT.fullmatch(cleaned) else None


def electronic_certificate(cleaned: str) -> Reading | None:
    """Read an electronic certificate identifier of ten dotted parts; its check sign only warns."""
    parts = cleaned.split(".")
    if len(parts) != 10 or parts[:5] != ["1", "2", "156", "3005", "2"] or not all(parts):
        return None
    wrong = Note("check", "电子证照标识校验位不符", "the check sign is wrong", minor=True)
    return Reading(
        Scheme.ELECTRONIC_CERTIFICATE, cleaned, notes=() if certificate_check_ok(cleaned) else (wrong,)
    )


def planning_certificate(cleaned: str, kind: str | None = None) -> Reading | None:
    """Read a planning certificate or site opinion in the national form of 2023 (NEW) or the older digits (OLD).

    `kind` (用, 地, 建) is assumed where the text names none; a text that names none and no kind is given is not read.
    """
    for found in _CERTIFICATE.finditer(cleaned):
        named = found[1] or _NEW_KINDS.get(found[4] or "") or kind
        if not named or (
            found[1] is None and not found[4] and len(found[0].rstrip("号")) != len(cleaned.rstrip("号"))
        ):
            continue
        number = (
            f"{found[2]}{found[3]}{found[4]}{found[5]}"
            if found[4]
            else f"{found[2]}{found[3]}{found[6]}{found[7]}"
        )
        notes = _dropped(cleaned, found[0])
        return Reading(
            _KINDS[named], f"{named}字第{number}号", generation="NEW" if found[4] else "OLD", notes=notes
        )
    return None


def free_number(scheme: Scheme, cleaned: str) -> Reading:
    """Read a number of a local form: one kind of brackets round the year, no 第 and 号, no leading zeros after the year."""
    value = _YEAR_BRACKETS.sub(r"〔\1〕", cleaned.replace("第", "").replace("号", ""))
    return Reading(scheme, _ZEROS_AFTER_YEAR.sub(r"\1", value))


def local_certificate(scheme: Scheme, cleaned: str) -> Reading:
    """Read a certificate of a local form (深圳 2026-0659, 株规建字〔2013〕第45号); what follows its 号 is a remark."""
    found = _UP_TO_SIGN.fullmatch(cleaned)
    number, remark = found.groups() if found else (cleaned, "")
    return free_number(scheme, number)._replace(generation="LOCAL", notes=_dropped(remark, ""))


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


FORMS: Mapping[Scheme, Callable[[str], Reading | None]] = {
    Scheme.PROJECT_CODE: project_code,
    Scheme.USCC: uscc,
    Scheme.ORGANISATION_CODE: organisation_code,
    Scheme.SUPERVISION_NO: supervision_no,
    Scheme.CONSTRUCTION_PERMIT: construction_permit,
    Scheme.PARCEL_CODE: parcel_code,
    Scheme.REAL_ESTATE_UNIT: real_estate_unit,
    Scheme.MARKET_PROJECT_NO: market_project_no,
    Scheme.ELECTRONIC_CERTIFICATE: electronic_certificate,
}
"""The schemes with a form of their own, and the reader of each."""

CERTIFICATE_KINDS: Mapping[Scheme, str] = _OLD_KINDS
"""The planning certificates, and the sign each begins with."""


_SHORTEST = 14
"""Signs of the shortest number that is known by its form alone: a planning certificate of the old kind."""
_SIX_DIGITS = re.compile("[0-9]{6}")
"""What each of those forms holds: the region, wherever it stands."""


def other_system(cleaned: str, *, of_digits_only: bool = True) -> Reading | None:
    """Read a number that stands in the wrong column; without `of_digits_only` only forms no free text resembles."""
    if len(cleaned) < _SHORTEST or not _SIX_DIGITS.search(cleaned):
        return None
    for reader in (
        project_code,
        works_code,
        real_estate_unit,
        parcel_code,
        supervision_no,
        planning_certificate,
    ):
        if reading := reader(cleaned):
            return reading
    if (found := uscc(cleaned)) and found.status is Status.VALID and not cleaned.isdigit():
        return found
    if not of_digits_only:
        return None
    for reader in (construction_permit, market_project_no):
        if len(cleaned) in (16, 18) and (reading := reader(cleaned)):
            return reading
    return found if found and found.status is Status.VALID else None
