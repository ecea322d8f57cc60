"""The audit: rows that are only added, a chain that seals them every few seconds, and what verifying it finds."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, fields

from sqlalchemy import Connection

from app.access.audit import START, AuditFault, Entry, Mac, Row, Seal, faults, link
from app.crypto import KeyRing, KeyUnknown
from app.db.filters import where
from app.db.session import Database
from app.db.texts import text
from app.errors import Conflict
from schemas.api.audit import AuditQuery, AuditView

log = logging.getLogger(__name__)

MOST_SEALED = 1_000
"""Rows of one seal."""
_CHUNK = 200
"""Seals that are verified at once."""
_ENTRY = tuple(field.name for field in fields(Entry))
_ROW = ", ".join(("jurisdiction", "audit_id", "at", *_ENTRY, "result"))
_SEAL = "jurisdiction, seal_no, at, audit_ids, key_id, head"
_FILTERS = {
    "account": "account = :account",
    "operation": "operation = :operation",
    "refused": "(result <> 'done') = :refused",
    "since": "at >= :since",
    "until": "at < :until",
    "after": "audit_id < :after",
}


def append(connection: Connection, jurisdiction: int, entry: Entry, result: str) -> None:
    """Write down what was done or refused, in the transaction that did it; it is sealed within seconds."""
    audit_id = f"{time.time_ns() // 1000:016x}{secrets.token_hex(6)}"
    connection.execute(
        text(
            f"INSERT INTO ops.audit ({_ROW}) VALUES (:jurisdiction, :audit_id, now(), :account_id, :account,"
            " :credential, :operation, :target, :address, :result)"
        ),
        {
            "jurisdiction": jurisdiction,
            "audit_id": audit_id,
            **{name: _kept(said) for name, said in zip(_ENTRY, astuple(entry), strict=True)},
            "result": result,
        },
    )
    connection.execute(
        text("INSERT INTO ops.audit_waiting (jurisdiction, audit_id) VALUES (:j, :id)"),
        {"j": jurisdiction, "id": audit_id},
    )


def seal(connection: Connection, jurisdiction: int, keys: KeyRing) -> Seal | None:
    """Seal the rows that wait, the oldest first; None where none waits. Raises Conflict when another sealed meanwhile."""
    values = {"j": jurisdiction, "n": MOST_SEALED}
    ids = connection.scalars(
        text(
            "SELECT audit_id FROM ops.audit_waiting WHERE jurisdiction = :j ORDER BY audit_id LIMIT :n"
            " FOR UPDATE SKIP LOCKED"
        ),
        values,
    ).all()
    if not ids:
        return None
    found = _rows(connection, jurisdiction, ids)
    rows = [found[name] for name in ids if name in found]
    last = last_head(connection, jurisdiction)
    number, previous = (last[0] + 1, last[1]) if last else (1, START)
    at = connection.execute(text("SELECT now()")).scalar_one()
    key_id = keys.active.key_id
    head = link(_mac(keys), previous, jurisdiction, number, at, rows, key_id)
    made = Seal(jurisdiction, number, at, tuple(row.audit_id for row in rows), key_id, head)
    done = connection.execute(
        text(
            f"INSERT INTO ops.audit_seal ({_SEAL}) VALUES (:j, :no, :at, :ids, :key, :head)"
            " ON CONFLICT (jurisdiction, seal_no) DO NOTHING RETURNING seal_no"
        ),
        {"j": jurisdiction, "no": number, "at": at, "ids": list(made.audit_ids), "key": key_id, "head": head},
    ).scalar_one_or_none()
    if done is None:
        raise Conflict("another process sealed the audit at this moment")
    connection.execute(
        text("DELETE FROM ops.audit_waiting WHERE jurisdiction = :j AND audit_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(ids)},
    )
    return made


def seal_waiting(database: Database, jurisdiction: int, keys: KeyRing) -> None:
    """Seal all that waits; each head also stands in the log, which nobody changes by way of the database."""
    with suppress(Conflict):
        while True:
            with database.begin() as connection:
                made = seal(connection, jurisdiction, keys)
            if made is None:
                return
            facts = {"jurisdiction": jurisdiction, "seal": made.seal_no, "head": made.head.hex()}
            log.info("the audit is sealed", extra={"facts": facts})


def verify(
    connection: Connection, jurisdiction: int, keys: KeyRing, exported: Mapping[int, bytes] | None = None
) -> list[AuditFault]:
    """Tell what was edited, deleted, inserted or swapped since it was sealed; by exported heads also a tail that was cut."""
    found: list[AuditFault] = []
    previous, number, unseen = START, 1, dict(exported or {})
    for seals in _seals(connection, jurisdiction):
        rows = _rows(connection, jurisdiction, [name for seal in seals for name in seal.audit_ids])
        found += faults(_mac(keys), previous, seals, rows, number)
        previous, number = seals[-1].head, seals[-1].seal_no + 1
        found += [
            AuditFault(seal.seal_no, "", "the head is not the one that was exported")
            for seal in seals
            if unseen.pop(seal.seal_no, seal.head) != seal.head
        ]
    found += [
        AuditFault(seal_no, "", "the seal was exported and is gone: the tail was cut")
        for seal_no in sorted(unseen)
    ]
    return found + [
        AuditFault(0, name, "the row is in no seal") for name in _unsealed(connection, jurisdiction)
    ]


def last_head(connection: Connection, jurisdiction: int) -> tuple[int, bytes] | None:
    """Give the newest seal's number and head, None where nothing is sealed."""
    row = connection.execute(
        text(
            "SELECT seal_no, head FROM ops.audit_seal WHERE jurisdiction = :j ORDER BY seal_no DESC LIMIT 1"
        ),
        {"j": jurisdiction},
    ).one_or_none()
    return (row[0], bytes(row[1])) if row else None


def rows_of(
    connection: Connection, jurisdiction: int, query: AuditQuery, after: str | None, n: int
) -> list[AuditView]:
    """Give up to `n` rows, newest first, behind the place `after`."""
    values = query.model_dump(include=set(_FILTERS), exclude_none=True) | {"j": jurisdiction, "n": n}
    values["after"] = after
    where_sql = where(_FILTERS, values)
    rows = connection.execute(
        text(
            f"SELECT {_ROW} FROM ops.audit WHERE jurisdiction = :j{where_sql} ORDER BY audit_id DESC LIMIT :n"
        ),
        values,
    )
    return [
        AuditView.model_validate({name: row[name] for name in AuditView.model_fields})
        for row in rows.mappings()
    ]


def _kept(said: str) -> str:
    """What a text column takes, bounded: a request says who is asking, and may say anything."""
    return said.replace("\x00", "").encode("utf-8", "replace").decode()[:500]


def _mac(keys: KeyRing) -> Mac:
    def mac(key_id: str, said: bytes) -> bytes:
        try:
            return keys.key(key_id).mac(said)
        except KeyUnknown as error:
            raise LookupError(str(error)) from error

    return mac


def _seals(connection: Connection, jurisdiction: int) -> Iterator[list[Seal]]:
    after = 0
    while True:
        rows = connection.execute(
            text(
                f"SELECT {_SEAL} FROM ops.audit_seal WHERE jurisdiction = :j AND seal_no > :after"
                " ORDER BY seal_no LIMIT :n"
            ),
            {"j": jurisdiction, "after": after, "n": _CHUNK},
        ).all()
        if not rows:
            return
        yield [Seal(row[0], row[1], row[2], tuple(row[3]), row[4], bytes(row[5])) for row in rows]
        after = rows[-1].seal_no


def _rows(connection: Connection, jurisdiction: int, ids: Iterable[str]) -> dict[str, Row]:
    found = connection.execute(
        text(f"SELECT {_ROW} FROM ops.audit WHERE jurisdiction = :j AND audit_id = ANY(:ids)"),
        {"j": jurisdiction, "ids": list(ids)},
    )
    return {row[1]: Row(row[0], row[1], row[2], Entry(*row[3:-1]), row[-1]) for row in found}


def _unsealed(connection: Connection, jurisdiction: int) -> list[str]:
    """Rows that no seal names and that do not wait for one, at most a hundred."""
    rows = connection.execute(
        text(
            "SELECT a.audit_id FROM ops.audit a LEFT JOIN (SELECT unnest(audit_ids) AS audit_id FROM ops.audit_seal"
            "  WHERE jurisdiction = :j UNION ALL SELECT audit_id FROM ops.audit_waiting WHERE jurisdiction = :j) k"
            " ON k.audit_id = a.audit_id WHERE a.jurisdiction = :j AND k.audit_id IS NULL ORDER BY a.audit_id LIMIT 100"
        ),
        {"j": jurisdiction},
    )
    return [row[0] for row in rows]
