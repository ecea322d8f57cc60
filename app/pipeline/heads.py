"""PURE: which rows of a delivery say something new, and where each record's head stands after them.

The head holds the highest version seen. Equal content under a higher version is a confirmation; equal content
and version is nothing; an older version is late and goes to history only. A source without versions (version '')
keeps its own order of delivery, so A→B→A is three versions. Absence has the version of the listing that lacks the
record, or else none of its own: within one version it and the return from it are told apart by the order of delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from schemas.records import RULES_BYTES, Head, Op, RawRecord

NOTHING_KNOWN: Mapping[int, bytes] = MappingProxyType({})
ABSENT = b"absent"
"""What stands in the place of a content hash where nothing was said: shorter than any hash."""


class Fate(StrEnum):
    """What becomes of a row: kept rows get an outcome; confirmed and known rows are unchanged."""

    KEPT = "kept"
    LATE = "late"
    CONFIRMED = "confirmed"
    KNOWN = "known"


class Landed(NamedTuple):
    """One row with its record and fate."""

    row_no: int
    record_id: str
    raw: RawRecord
    fate: Fate


def older_versions(
    rows: Iterable[tuple[int, str, RawRecord]], heads: Mapping[str, Head]
) -> set[tuple[str, str]]:
    """Give the (record id, version) pairs that history must be asked about before `decide`."""
    highest: dict[str, str] = {}
    asked: set[tuple[str, str]] = set()
    for _, record_id, raw in rows:
        version, head = raw.version, heads.get(record_id)
        so_far = highest.get(record_id, head.version if head else "")
        if version <= so_far != "" and not (record_id not in highest and head and _repeats(raw, head)):
            asked.add((record_id, version))
        highest[record_id] = max(version, so_far)
    return asked


def _repeats(raw: RawRecord, head: Head) -> bool:
    """Tell whether a row says what its head stands on, to the version."""
    return raw.version == head.version and raw.hash == head.hash and raw.op == head.op


def decide(
    rows: Iterable[tuple[int, str, RawRecord]],
    heads: Mapping[str, Head],
    history: AbstractSet[tuple[str, str, bytes]],
    delivery_no: int,
    bytes_said: Mapping[int, bytes] = NOTHING_KNOWN,
) -> tuple[list[Landed], dict[str, Head]]:
    """Give each row's fate, and the heads that moved; `history` holds (record id, version, hash) said before.

    `bytes_said` gives, by row number, the hashes of bytes that the heads then stand on.
    """
    now = dict(heads)
    said = set(history)
    landed: list[Landed] = []
    moved: dict[str, Head] = {}
    for row_no, record_id, raw in rows:
        head = now.get(record_id)
        fate = _fate(raw, record_id, head, said)
        landed.append(Landed(row_no, record_id, raw, fate))
        if fate is not Fate.KNOWN:
            said.add((record_id, raw.version, raw.hash))
        seen = bytes_said.get(row_no, b"")
        if fate is Fate.KEPT:
            first = (head.first_delivery, head.first_row) if head else (delivery_no, row_no)
            stands = (raw.source, raw.key, raw.version, raw.op, raw.hash, delivery_no, row_no, *first)
            now[record_id] = moved[record_id] = Head(*stands, seen)
        elif fate is Fate.CONFIRMED and head:
            now[record_id] = moved[record_id] = head._replace(version=raw.version, said=seen)
        elif head and seen[:RULES_BYTES] not in (b"", head.said[:RULES_BYTES]) and _repeats(raw, head):
            now[record_id] = moved[record_id] = head._replace(said=seen)  # it was read by other rules
    return landed, moved


def _fate(
    raw: RawRecord, record_id: str, head: Head | None, said: AbstractSet[tuple[str, str, bytes]]
) -> Fate:
    if head is None:
        return Fate.KEPT
    same = raw.hash == head.hash and raw.op == head.op
    if not raw.version and not head.version:
        return Fate.KNOWN if same else Fate.KEPT
    if raw.version > head.version:
        return Fate.CONFIRMED if same else Fate.KEPT
    if raw.version == head.version and ABSENT in (raw.hash, head.hash):
        return Fate.KNOWN if same else Fate.KEPT
    if (raw.version == head.version and same) or (record_id, raw.version, raw.hash) in said:
        return Fate.KNOWN
    return Fate.KEPT if raw.version == head.version else Fate.LATE


def absent(heads: Mapping[str, Head], version: str = "") -> list[RawRecord]:
    """Give the tombstones of records a full listing no longer names: as new as the listing, or as the head."""
    return [
        RawRecord(head.source, head.key, b"", ABSENT, max(head.version, version), Op.DELETE)
        for _, head in sorted(heads.items())
    ]
