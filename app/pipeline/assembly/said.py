"""What a record says of each field of a golden project, with all it is weighed by when others say otherwise. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec

from app.pipeline.assembly.vocabulary import industry_of, land_mode_of, status_of
from schemas.cleaning import REMEMBERED
from schemas.fields import FieldRow, fields
from schemas.golden import MemberRecord
from schemas.identifiers import Identifier, Status
from schemas.lifecycle import Rank, Stage
from schemas.records import PartRecord, ProjectRecord
from schemas.tables import milestones

RANKS: Mapping[Rank, int] = {rank: number for number, rank in enumerate(Rank)}
"""Ranks of evidence by weight: 0 is A."""
_NO_RANK = len(RANKS)

_MEANINGS: Mapping[str, Callable[[str, str], str | None]] = {
    "status": lambda _, word: status_of(word),
    "land_mode": land_mode_of,
    "industry": lambda _, text: industry_of(text),
}


class Said(msgspec.Struct, frozen=True, gc=False):
    """One record's value for a field (`raw` as the department wrote it) with all it is weighed by."""

    field: str
    value: str
    raw: str
    record_id: str
    source: str
    part: bool
    place: int
    rank: int
    stated: str
    full: int


class _Field(NamedTuple):
    """A golden field as one source speaks of it: `place` tells how late."""

    code: str
    stage: Stage
    whole_first: bool
    place: int


_Named = Mapping[str, _Field]
"""Fields, each by the name of what holds it in a statement."""
_Found = tuple[_Field, str, str]
"""A field with its value and the raw text."""


def plain(number: Decimal) -> str:
    """Give a number as plain decimal text: exact, without exponent or trailing zeros."""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@lru_cache(maxsize=REMEMBERED)
def iso(day: date) -> str:
    """Give a day as ISO text: the same few thousand days are said again and again."""
    return day.isoformat()


def dated(record: ProjectRecord | PartRecord) -> str:
    """Give when a record speaks for itself: its own time of statement, else its latest certificate date, else ''."""
    if record.stated_at:
        return record.stated_at.replace(" ", "T")
    return max((iso(e.on.day) for e in record.evidence if e.on is not None), default="")


def said_by(member: MemberRecord, paths: Mapping[str, str], *, part: bool = False) -> list[Said]:
    """Give what one member says for each field it fills, and for each of the `paths` it points to by a raw word.

    `part` says that it speaks of one part of several.
    """
    record, record_id = member.record, member.record_id
    source, stated, ranks = record.source, dated(record), _ranks(record)
    found: list[_Found] = []
    for kind, named in _fields_of(source, record.department).items():
        found += _READERS[kind](record, named)
    pointed = (
        [(_path(source, record.department), path, paths[path]) for path in sorted(paths)] if paths else []
    )
    return [
        Said(
            code,
            value,
            raw,
            record_id,
            source,
            part and whole_first,
            place,
            ranks.get(stage, _NO_RANK),
            stated,
            full,
        )
        for said, full in ((found, len(found)), (pointed, 1))
        for (code, stage, whole_first, place), value, raw in said
    ]


def _ranks(record: ProjectRecord) -> dict[Stage, int]:
    """Give the best rank of a record's evidence in each stage it proves something of."""
    known = milestones()
    best: dict[Stage, int] = {}
    for evidence in record.evidence:
        if (row := known.get(evidence.milestone)) is not None:
            rank = RANKS[evidence.rank]
            if rank < best.get(row.stage, _NO_RANK):
                best[row.stage] = rank
    return best


@cache
def _fields_of(source: str, department: str) -> Mapping[str, _Named]:
    """Give every field but the path, under the kind of place a statement says it in (`from` of `fields.toml`)."""
    found: dict[str, dict[str, _Field]] = {}
    for row in fields().values():
        kind, dot, name = row.read.partition(".")
        if row.code != "path":
            named = found.setdefault(kind if dot else "", {})
            if named.setdefault(name or kind, field := _field(row, source, department)) is not field:
                raise ValueError(f"two fields are read from {row.read}")
    return found


@cache
def _path(source: str, department: str) -> _Field:
    return _field(fields()["path"], source, department)


def _field(row: FieldRow, source: str, department: str) -> _Field:
    return _Field(row.code, row.stage, row.whole_first, row.place(source, department))


def _attributes(record: ProjectRecord, named: _Named) -> list[_Found]:
    found = []
    for name, field in named.items():
        if text := getattr(record, name):
            meaning = _MEANINGS.get(name)
            if value := text if meaning is None else meaning(record.department, text):
                found.append((field, value, text))
    return found


def _place(record: ProjectRecord, named: _Named) -> list[_Found]:
    place = record.place
    return [(field, text, text) for name, field in named.items() if (text := getattr(place, name))]


def _texts(record: ProjectRecord, named: _Named) -> list[_Found]:
    return [(named[name], text, text) for name, text in record.texts.items() if name in named and text]


def _money(record: ProjectRecord, named: _Named) -> list[_Found]:
    return [
        (named[name], plain(one.yuan), one.raw)
        for name, one in record.money.items()
        if name in named and one.yuan is not None
    ]


def _areas(record: ProjectRecord, named: _Named) -> list[_Found]:
    return [
        (named[name], plain(one.square_metres), one.raw)
        for name, one in record.areas.items()
        if name in named and one.square_metres is not None
    ]


def _numbers(record: ProjectRecord, named: _Named) -> list[_Found]:
    """Give a valid number the record bears, or failing that cites."""
    return [*(_valid(record.cites, named) | _valid(record.bears, named)).values()]


def _valid(numbers: Sequence[Identifier], named: _Named) -> dict[str, _Found]:
    return _smallest(
        [
            (named[one.scheme], one.value, one.raw)
            for one in numbers
            if one.scheme in named and one.status is Status.VALID
        ]
    )


def _parties(record: ProjectRecord, named: _Named) -> list[_Found]:
    """Give the name and the valid credit code of each role."""
    found: list[_Found] = []
    for party in record.parties:
        if party.name and (at := f"{party.role}.name") in named:
            found.append((named[at], party.name, party.name))
        code = party.uscc
        if code is not None and code.status is Status.VALID and (at := f"{party.role}.uscc") in named:
            found.append((named[at], code.value, code.raw))
    return [*_smallest(found).values()]


def _smallest(found: Iterable[_Found]) -> dict[str, _Found]:
    """Take of several values of a field the smallest, so that order decides nothing."""
    smallest: dict[str, _Found] = {}
    for one in found:
        code = one[0].code
        if code not in smallest or one < smallest[code]:
            smallest[code] = one
    return smallest


_READERS: Mapping[str, Callable[[ProjectRecord, _Named], list[_Found]]] = {
    "": _attributes,
    "place": _place,
    "text": _texts,
    "money": _money,
    "area": _areas,
    "code": _numbers,
    "party": _parties,
}
