"""The first room: keep what was said, once, in the order it was said.

A delivery's rows, its heads and its counts land in one transaction (with the caller's cursor), under the
jurisdiction's row. `received = kept + unchanged + unreadable`, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.db import judgements, jurisdictions, landing
from app.db.copy import storable
from app.db.jurisdictions import Held
from app.db.session import Connection
from app.errors import Conflict
from app.pipeline import heads
from app.pipeline.heads import Fate
from schemas.ids import record_id
from schemas.records import Listing, Page, RawRecord, Unreadable

SAFE_DELETION = 5
"""A full listing may delete by absence up to this share of a source's live records, in percent."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What landing made of one delivery."""

    delivery_no: int
    received: int = 0
    kept: int = 0
    unchanged: int = 0
    unreadable: int = 0
    held_back: int = 0


def land_page(
    connection: Connection,
    jurisdiction: int,
    source: str,
    page: Page,
    *,
    channel: str = "pull",
    run_id: str | None = None,
) -> Landed:
    """Land one pulled page or file arrival; a full listing that ends cleanly also lands its tombstones.

    A listing older than one that landed before deletes nothing. More than 5 % vanished is held back for an admin's word. `run_id` joins the pages of one listing.
    """
    held = jurisdictions.hold(connection, jurisdiction)
    numbered = _numbered(connection, jurisdiction, source, page.rows)
    held_back = 0
    if page.listing is not Listing.CHANGES and run_id is not None:
        landing.note_listed(connection, jurisdiction, run_id, [rid for _, rid, _ in numbered[0]])
        if page.listing is Listing.FULL_END:
            numbered, held_back = _with_tombstones(
                connection, jurisdiction, source, run_id, numbered, page.version
            )
    delivery_no = jurisdictions.take(connection, held, "delivery_no")[0]
    landing.add_delivery(
        connection,
        jurisdiction,
        delivery_no,
        source,
        channel=channel,
        sender=page.sender,
        sha256=fingerprint(page.rows),
    )
    landed = _land(connection, held, source, delivery_no, *numbered)
    return Landed(
        landed.delivery_no, landed.received, landed.kept, landed.unchanged, landed.unreadable, held_back
    )


def land_push(
    connection: Connection,
    jurisdiction: int,
    source: str,
    delivery_no: int,
    rows: Sequence[RawRecord | Unreadable],
) -> Landed | None:
    """Land the rows of a stored push; None when another worker has landed it already."""
    held = jurisdictions.hold(connection, jurisdiction)
    if not landing.still_waits(connection, jurisdiction, delivery_no):
        return None
    return _land(connection, held, source, delivery_no, *_numbered(connection, jurisdiction, source, rows))


def delete_records(
    connection: Connection, jurisdiction: int, source: str, record_ids: Sequence[str], by: str
) -> Landed:
    """Land tombstones for records an admin has confirmed as gone."""
    held = jurisdictions.hold(connection, jurisdiction)
    present = landing.read_heads(connection, jurisdiction, record_ids)
    gone = {rid: head for rid, head in present.items() if head.source == source and head.op == "upsert"}
    rows = [
        (n, rid, raw)
        for n, (rid, raw) in enumerate(zip(sorted(gone), heads.absent(gone), strict=True), start=1)
    ]
    return _land_replay(connection, held, source, rows, by)


def rename_key(
    connection: Connection, jurisdiction: int, source: str, old_key: str, new_key: str, by: str
) -> None:
    """Keep that a source re-keyed a record: judgements and ids follow, also when the new key has landed before."""
    held = jurisdictions.hold(connection, jurisdiction)
    aliases = landing.read_aliases(connection, jurisdiction, source, [old_key, new_key])
    root = aliases.get(old_key, old_key)
    if new_key in aliases or root == new_key:
        raise Conflict(f"{source}: {new_key!r} already follows {aliases.get(new_key, root)!r}")
    landing.add_alias(connection, jurisdiction, source, old_key, new_key, by)
    old_id, new_id = (record_id(jurisdiction, source, key) for key in (root, new_key))
    judgements.follow(connection, held, new_id, old_id, by)
    stray = landing.read_heads(connection, jurisdiction, [new_id]).get(new_id)
    if stray is not None and stray.op == "upsert":
        content = landing.content_of(connection, jurisdiction, stray)
        tombstone = heads.absent({new_id: stray})[0]
        _land_replay(connection, held, source, [(1, old_id, content), (2, new_id, tombstone)], by)


def _land_replay(
    connection: Connection, held: Held, source: str, rows: list[tuple[int, str, RawRecord]], by: str
) -> Landed:
    delivery_no = jurisdictions.take(connection, held, "delivery_no")[0]
    landing.add_delivery(
        connection,
        held.jurisdiction,
        delivery_no,
        source,
        channel="replay",
        sender=by,
        sha256=fingerprint([raw for _, _, raw in rows]),
    )
    return _land(connection, held, source, delivery_no, rows, [])


def _numbered(
    connection: Connection, jurisdiction: int, source: str, rows: Sequence[RawRecord | Unreadable]
) -> tuple[list[tuple[int, str, RawRecord]], list[tuple[int, Unreadable]]]:
    checked = [(n, _checked(source, row)) for n, row in enumerate(rows, start=1)]
    readable = [(n, row) for n, row in checked if isinstance(row, RawRecord)]
    unreadable = [(n, row) for n, row in checked if isinstance(row, Unreadable)]
    aliases = landing.read_aliases(connection, jurisdiction, source, list({raw.key for _, raw in readable}))
    named = [(n, record_id(jurisdiction, source, aliases.get(raw.key, raw.key)), raw) for n, raw in readable]
    return named, unreadable


def _checked(source: str, row: RawRecord | Unreadable) -> RawRecord | Unreadable:
    """Give a row that may land: a connector's slip costs its own row, never the delivery or those behind it."""
    named = isinstance(row, RawRecord) and (row.source, storable(row.key), storable(row.version))
    if isinstance(row, Unreadable) or named == (source, row.key, row.version):
        return row
    return Unreadable(
        "connector.failed",
        row.body,
        "连接器出错：主键、版本或来源不合规",
        "the connector failed: a key, version or source the hub cannot keep",
    )


def _with_tombstones(
    connection: Connection,
    jurisdiction: int,
    source: str,
    run_id: str,
    numbered: tuple[list[tuple[int, str, RawRecord]], list[tuple[int, Unreadable]]],
    version: str,
) -> tuple[tuple[list[tuple[int, str, RawRecord]], list[tuple[int, Unreadable]]], int]:
    named, unreadable = numbered
    live, vanished = landing.unlisted(connection, jurisdiction, source, run_id)
    landing.forget_listed(connection, jurisdiction, run_id)
    if version and landing.newest_version(connection, jurisdiction, source) > version:
        return numbered, 0
    if len(vanished) * 100 > live * SAFE_DELETION:
        landing.hold_deletion(connection, jurisdiction, source, run_id, live, sorted(vanished))
        return numbered, len(vanished)
    start = len(named) + len(unreadable) + 1
    tombstones = zip(sorted(vanished), heads.absent(vanished, version), strict=True)
    named = [*named, *((n, rid, raw) for n, (rid, raw) in enumerate(tombstones, start=start))]
    return (named, unreadable), 0


def _land(
    connection: Connection,
    held: Held,
    source: str,
    delivery_no: int,
    named: list[tuple[int, str, RawRecord]],
    unreadable: list[tuple[int, Unreadable]],
) -> Landed:
    j = held.jurisdiction
    present = landing.read_heads(connection, j, list({rid for _, rid, _ in named}))
    history = landing.read_history(connection, j, heads.older_versions(named, present))
    landed, moved = heads.decide(named, present, history, delivery_no)
    landing.add_raw_records(
        connection,
        j,
        delivery_no,
        (
            (
                row.row_no,
                row.record_id,
                row.raw,
                "confirm" if row.fate is Fate.CONFIRMED else row.raw.op,
                row.fate is Fate.LATE,
            )
            for row in landed
            if row.fate is not Fate.KNOWN
        ),
    )
    landing.add_unreadable(connection, j, delivery_no, source, unreadable)
    landing.move_heads(connection, j, moved)
    kept = sum(row.fate in (Fate.KEPT, Fate.LATE) for row in landed)
    counts = {
        "received": len(named) + len(unreadable),
        "kept": kept,
        "unchanged": len(named) - kept,
        "unreadable": len(unreadable),
    }
    landing_no = jurisdictions.take(connection, held, "landing_no")[0]
    landing.add_landing(connection, j, landing_no, delivery_no, counts)
    return Landed(delivery_no, **counts)


def fingerprint(rows: Iterable[RawRecord | Unreadable]) -> bytes:
    """Give the SHA-256 by which a delivery knows the rows of its page."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.hash if isinstance(row, RawRecord) else row.body)
    return digest.digest()
