"""Numbers that departments give and cite: one normal form per scheme, suspect ones kept and marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from schemas.base import Value
from schemas.cleaning import REMEMBERED, clean, says_nothing, squeeze
from schemas.code_checks import certificate_check_ok, organisation_code_ok, project_code_generation, uscc_ok
from schemas.doubts import Doubt, NotUnderstood, Parsed
from schemas.number_forms import (
    CERTIFICATE_KINDS,
    FORMS,
    Note,
    Reading,
    free_number,
    local_certificate,
    organisation_code,
    other_system,
    planning_certificate,
    works_code,
)
from schemas.schemes import Scheme, Status
from schemas.structs import maker

__all__ = [
    "Identifier",
    "Scheme",
    "Status",
    "certificate_check_ok",
    "digits_apart",
    "organisation_code_ok",
    "parse",
    "project_code_generation",
    "project_code_in",
    "same_but_one_digit",
    "uscc_ok",
]


class Identifier(Value):
    """A number in its scheme: `value` is normalised and compared, `raw` is what was said.

    `generation` names the edition of the form where a scheme has several (project codes: old, new, pseudo,
    invalid-time; certificates: NEW, OLD, LOCAL).
    """

    scheme: Scheme
    value: str
    raw: str
    status: Status = Status.VALID
    generation: str | None = None


_LONGEST = 128
_BARE = re.compile("[0-9A-Z\u4e00-\u9fa5〔〕()\\[\\]-]*[0-9][0-9A-Z\u4e00-\u9fa5〔〕()\\[\\]-]*")
"""One number in signs that no cleaning changes: no label, nothing that joins two."""
_LABEL = re.compile(r"^[^0-9:：]{2,16}[:：]\s*(?=\S)")
_JOINED_CODES = re.compile(r"[、,，;；/|\r\n]+")
_JOINED_CERTIFICATES = re.compile(r"[、,，;；/|\r\n]+|(?<=号)\s+")
_JOINED_TEXTS = re.compile(r"[、,，;；|]+|(?<=号)\s+")
_OPAQUE = frozenset((Scheme.PROMOTION_NO, Scheme.SUPPLY_NO, Scheme.WORKS_CODE))
_DIGIT = re.compile("[0-9]")
_BARE_NUMBER = re.compile(r"第?([0-9]{1,5})号?")
_SERIES = re.compile(r"(.*〔[0-9]{4}〕[^0-9]*)[0-9]+")


@lru_cache(maxsize=REMEMBERED)
def parse(scheme: Scheme, text: str) -> Parsed[tuple[Identifier, ...]]:
    """Read the numbers of one column, normalised and each once; nothing said gives none.

    Joined numbers are split; a number of another system gets that system's scheme and a doubt; one that fails its
    check or form is kept as suspect with a doubt. Rules are `<scheme>.<what>`. Raises NotUnderstood where words stand
    instead of a number (`<scheme>.words`) or the text is longer than any number (`<scheme>.too_long`).
    """
    if len(text) <= _LONGEST and _BARE.fullmatch(text):
        reading = _read(scheme, text)
        numbers = (_identifier(reading, text),)
        if not reading.notes:
            return Parsed(numbers)
        return Parsed(numbers, tuple(dict.fromkeys(_doubts(scheme, reading, text))))
    if says_nothing(text):
        return Parsed(())
    found: dict[tuple[Scheme, str], Identifier] = {}
    doubts: list[Doubt] = []
    words = 0
    series = ""
    parts = list(_parts(scheme, _LABEL.sub("", text.strip())))
    for part in parts:
        cleaned = clean(part)
        if says_nothing(cleaned):
            continue
        if not _DIGIT.search(cleaned):
            words += 1
            continue
        if len(cleaned) > _LONGEST:
            zh, en = "文字过长，不是编号", "too long for a number: give the number only"
            raise NotUnderstood(f"{scheme}.too_long", text, zh, en)
        if series and (number := _BARE_NUMBER.fullmatch(cleaned)):
            cleaned = f"{series}{number[1]}"
        reading = _read(scheme, cleaned)
        if matched := _SERIES.fullmatch(reading.value):
            series = matched[1]
        raw = text if len(parts) == 1 else part.strip()
        found.setdefault((reading.scheme, reading.value), _identifier(reading, raw))
        doubts += _doubts(scheme, reading, raw)
    if words and not found:
        zh, en = "是文字而不是编号，请填编号", "words instead of a number: give the number"
        raise NotUnderstood(f"{scheme}.words", text, zh, en)
    if words:
        doubts.append(
            Doubt(f"{scheme}.words", text, "部分文字不是编号，未采用", "some words are no number, not used")
        )
    return Parsed(tuple(found.values()), tuple(dict.fromkeys(doubts)))


_make_identifier = maker(Identifier)


def _identifier(reading: Reading, raw: str) -> Identifier:
    return _make_identifier(
        scheme=reading.scheme,
        value=reading.value,
        raw=raw,
        status=reading.status,
        generation=reading.generation,
    )


def _doubts(scheme: Scheme, reading: Reading, raw: str) -> list[Doubt]:
    return [Doubt(f"{scheme}.{note.rule}", raw, note.zh, note.en, note.minor) for note in reading.notes]


def _parts(scheme: Scheme, text: str) -> Iterator[str]:
    """Split a column into its numbers, by blanks alone only where every piece then has the scheme's form."""
    if scheme in _OPAQUE:
        yield text
        return
    reader = FORMS.get(scheme)
    if reader is None:
        yield from (_JOINED_CERTIFICATES if scheme in CERTIFICATE_KINDS else _JOINED_TEXTS).split(text)
        return
    for part in _JOINED_CODES.split(text) if not _whole(scheme, text) else (text,):
        pieces = squeeze(part).split()
        if len(pieces) > 1 and not _whole(scheme, part) and all(reader(clean(piece)) for piece in pieces):
            yield from pieces
        else:
            yield part


def _whole(scheme: Scheme, text: str) -> bool:
    """Tell whether a text is one number as it stands, blanks and line breaks inside it aside."""
    reading = FORMS[scheme](clean(text))
    return reading is not None and not any(note.rule == "note_dropped" for note in reading.notes)


def _read(scheme: Scheme, cleaned: str) -> Reading:
    """Read one cleaned number of a column; what no form fits is kept as suspect."""
    if scheme in _OPAQUE:
        prefixed = works_code(cleaned) if scheme is Scheme.WORKS_CODE else None
        return prefixed or _worth(Reading(scheme, cleaned))
    kind = CERTIFICATE_KINDS.get(scheme)
    reader = FORMS.get(scheme)
    own = planning_certificate(cleaned, kind) if kind else reader(cleaned) if reader else None
    reading = own or other_system(cleaned, of_digits_only=bool(kind or reader))
    if reading is None and scheme is Scheme.USCC:
        reading = organisation_code(cleaned)
    if reading is not None:
        return reading if reading.scheme is scheme else reading._replace(notes=(*reading.notes, _MISPLACED))
    if kind or (scheme is Scheme.CONSTRUCTION_PERMIT and not cleaned.isdigit()):
        return local_certificate(scheme, cleaned)
    if reader:
        return Reading(scheme, cleaned, Status.SUSPECT, notes=(_WRONG_FORM,))
    return _worth(free_number(scheme, cleaned))


_MISPLACED = Note(
    "wrong_system", "这是另一种编号，已按其种类识别", "a number of another system, read as such"
)
_WRONG_FORM = Note("form", "编号格式不符，请核对", "not the form of this number, correct it")
_EMPTY_WORTH = Note(
    "meaningless", "编号过短或全为同一数字，不用于关联", "too short or one digit repeated: links nothing"
)


def _worth(reading: Reading) -> Reading:
    """Mark a number that any record could bear, such as 1 or 111111."""
    value = reading.value
    if len(value) > 2 and not (value.isdigit() and len(set(value)) == 1):
        return reading
    return reading._replace(status=Status.SUSPECT, notes=(*reading.notes, _EMPTY_WORTH))


def project_code_in(code: str) -> str | None:
    """Give the project code a works code begins with (a weak link), None when it begins otherwise."""
    reading = works_code(clean(code))
    return reading.value[:24] if reading else None


def digits_apart(a: str, b: str) -> int:
    """Count the signs in which two codes differ, cleaned and without hyphens; a missing sign counts as one."""
    one, other = clean(a).replace("-", ""), clean(b).replace("-", "")
    if len(one) == len(other):
        return sum(left != right for left, right in zip(one, other, strict=True))
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, right in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (left != right))
    return row[-1]


def same_but_one_digit(a: str, b: str) -> bool:
    """Tell whether two codes differ in exactly one sign: a slip of the hand rather than two codes."""
    return digits_apart(a, b) == 1
