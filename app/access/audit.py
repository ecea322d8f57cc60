"""What was done and refused, and the chain that tells when it was changed afterwards: pure, the MAC is handed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

Mac = Callable[[str, bytes], bytes]
"""Gives the MAC of a message by the key of a name; raises LookupError for a key that is not there."""
START = bytes(32)
"""What the first seal follows."""
LATEST = timedelta(minutes=10)
"""How long after it was written a row may be sealed before that is told: nothing the hub does takes so long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what, and from where: `operation` is the route's id or the command's name."""

    account_id: str
    account: str
    credential: str
    operation: str
    target: str
    address: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it was kept: when it was, and how it ended (`done`, or the status it was refused with)."""

    jurisdiction: int
    audit_id: str
    at: datetime
    entry: Entry
    result: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain: the rows it seals, in order, and the MAC over them and the link before."""

    jurisdiction: int
    seal_no: int
    at: datetime
    audit_ids: tuple[str, ...]
    key_id: str
    head: bytes


@dataclass(frozen=True, slots=True)
class AuditFault:
    """What is not as it was sealed: a seal's number, the row if it is one's, and what is wrong."""

    seal_no: int
    audit_id: str
    wrong: str


def link(
    mac: Mac, previous: bytes, jurisdiction: int, seal_no: int, at: datetime, rows: Sequence[Row], key_id: str
) -> bytes:
    """Give the head of the chain with these rows sealed behind the head `previous`."""
    told = [_digest(row).hex() for row in rows]
    said = [jurisdiction, seal_no, _moment(at), key_id, [row.audit_id for row in rows], told]
    return mac(key_id, previous + json.dumps(said, separators=(",", ":")).encode())


def faults(
    mac: Mac, previous: bytes, seals: Iterable[Seal], rows: Mapping[str, Row], first: int = 1
) -> Iterable[AuditFault]:
    """Tell what is wrong with links that follow the head `previous`; the next number is `first`."""
    expected = first
    for seal in seals:
        if seal.seal_no != expected:
            yield AuditFault(seal.seal_no, "", f"seal {expected} is missing")
        expected = seal.seal_no + 1
        lost = [name for name in seal.audit_ids if name not in rows]
        yield from (AuditFault(seal.seal_no, name, "the row is gone") for name in lost)
        held = [rows[name] for name in seal.audit_ids if name in rows]
        for row in held:
            if seal.at - row.at > LATEST:
                yield AuditFault(seal.seal_no, row.audit_id, "the row says it is much older than its seal")
        if not lost:
            try:
                right = link(mac, previous, seal.jurisdiction, seal.seal_no, seal.at, held, seal.key_id)
            except LookupError as error:
                yield AuditFault(seal.seal_no, "", str(error))
            else:
                if right != seal.head:
                    yield AuditFault(
                        seal.seal_no,
                        "",
                        "rows, order or seal are not what was sealed, or a seal before it is not",
                    )
        previous = seal.head


def _digest(row: Row) -> bytes:
    said = [row.jurisdiction, row.audit_id, _moment(row.at), *astuple(row.entry), row.result]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
