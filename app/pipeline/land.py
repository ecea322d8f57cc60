"""The first room: keep what was said, once, in the order it was said.

A delivery's rows, its heads and its counts land in one transaction (with the caller's cursor), under the
jurisdiction's row. `received = kept + unchanged + unreadable`, always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.db import judgements, jurisdictions, known_pages, landing
from app.db.jurisdictions import Held
from app.db.known_pages import Reached
from app.db.session import Connection
from app.errors import Conflict
from app.pipeline import heads
from app.pipeline.heads import Fate
from app.pipeline.look import Seen, look, numbered, repeated, whole
from schemas.ids import record_id
from schemas.records import Glance, Head, Listing, Page, RawRecord, Unreadable

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
    said, sha256 = whole(page), page.said or fingerprint(page.rows, page.glances)

    def again() -> Landed | None:
        number = known_pages.land_again(
            connection,
            jurisdiction,
            source,
            said,
            channel=channel,
            sender=page.sender,
            sha256=sha256,
            rows=len(page.rows),
        )
        return None if number is None else Landed(number, received=len(page.rows), unchanged=len(page.rows))

    listed = None if page.listing is Listing.CHANGES else run_id
    if said and page.rows and page.listing is not Listing.FULL_END and (landed := again()):
        if listed is not None:
            known_pages.note_listed(connection, jurisdiction, source, said, listed)
        return landed
    before = known_pages.reached(connection, jurisdiction, source, said)
    seen = _see(connection, jurisdiction, source, page, before)
    held = jurisdictions.hold(connection, jurisdiction)
    now = known_pages.reached(connection, jurisdiction, source, said)
    if _overtaken(connection, jurisdiction, source, before, now):
        seen = _see(connection, jurisdiction, source, page, now)
    held_back, named = 0, {*seen.known.values(), *(rid for _, rid, _ in seen.named)}
    if listed is not None:
        if seen.repeated:
            known_pages.note_listed(connection, jurisdiction, source, said, listed)
        else:
            landing.note_listed(connection, jurisdiction, listed, named)
        if page.listing is Listing.FULL_END:
            seen, held_back = _with_tombstones(connection, jurisdiction, source, listed, seen, page)
    if seen.repeated == len(page.rows) > 0 and not seen.named and not held_back and (landed := again()):
        return landed
    delivery_no, landing_no = jurisdictions.take_landing(connection, held)
    landing.add_delivery(
        connection, jurisdiction, delivery_no, source, channel=channel, sender=page.sender, sha256=sha256
    )
    glances = () if seen.repeated else page.glances
    glanced = {n: glance.said for n, glance in enumerate(glances, start=1) if glance is not None}
    landed, blocks = _land(connection, held, source, (delivery_no, landing_no), seen, glanced)
    if blocks is not None and said and not seen.repeated:
        known_pages.add(
            connection,
            jurisdiction,
            source,
            said,
            landing_no=landing_no,
            blocks=blocks,
            unreadable=[n for n, _ in seen.unreadable],
            records=None if page.listing is Listing.CHANGES else named,
        )
    return replace(landed, held_back=held_back)


def _overtaken(connection: Connection, jurisdiction: int, source: str, before: Reached, now: Reached) -> bool:
    """Tell whether what was seen before the row was held may be another now: of this source, for others do not matter."""
    if now == before:
        return now.renamed and now.unreadable is None
    if (now.renamed, now.unreadable) != (before.renamed, before.unreadable) or now.renamed:
        return True
    return known_pages.overtaken(connection, jurisdiction, source, before.landing_no)


def _see(connection: Connection, jurisdiction: int, source: str, page: Page, reached: Reached) -> Seen:
    if reached.unreadable is not None:
        return repeated(connection, jurisdiction, source, page, reached.unreadable)
    return look(connection, jurisdiction, source, page, renamed=reached.renamed)


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
    named, unreadable = numbered(
        connection, jurisdiction, source, list(enumerate(rows, start=1)), renamed=True
    )
    landing_no = jurisdictions.take(connection, held, "landing_no")[0]
    return _land(connection, held, source, (delivery_no, landing_no), Seen(named, unreadable))[0]


def delete_records(
    connection: Connection, jurisdiction: int, source: str, record_ids: Sequence[str], by: str
) -> Landed:
    """Land tombstones for records an admin has confirmed as gone."""
    held = jurisdictions.hold(connection, jurisdiction)
    present = landing.read_heads(connection, jurisdiction, source, record_ids)
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
    stray = landing.read_heads(connection, jurisdiction, source, [new_id]).get(new_id)
    if stray is not None and stray.op == "upsert":
        content = landing.content_of(connection, jurisdiction, stray)
        tombstone = heads.absent({new_id: stray})[0]
        _land_replay(connection, held, source, [(1, old_id, content), (2, new_id, tombstone)], by)


def _land_replay(
    connection: Connection, held: Held, source: str, rows: list[tuple[int, str, RawRecord]], by: str
) -> Landed:
    numbers = jurisdictions.take_landing(connection, held)
    landing.add_delivery(
        connection,
        held.jurisdiction,
        numbers[0],
        source,
        channel="replay",
        sender=by,
        sha256=fingerprint([raw for _, _, raw in rows]),
    )
    return _land(connection, held, source, numbers, Seen(rows, []))[0]


def _with_tombstones(
    connection: Connection, jurisdiction: int, source: str, run_id: str, seen: Seen, page: Page
) -> tuple[Seen, int]:
    live, vanished = landing.unlisted(connection, jurisdiction, source, run_id)
    landing.forget_listed(connection, jurisdiction, run_id)
    if page.version and landing.newest_version(connection, jurisdiction, source) > page.version:
        return seen, 0
    if len(vanished) * 100 > live * SAFE_DELETION:
        landing.hold_deletion(connection, jurisdiction, source, run_id, live, vanished)
        return seen, len(vanished)
    gone = landing.read_heads(connection, jurisdiction, source, vanished)
    tombstones = zip(vanished, heads.absent(gone, page.version), strict=True)
    start = len(page.rows) + 1
    rows = [(n, rid, raw) for n, (rid, raw) in enumerate(tombstones, start=start)]
    return seen._replace(named=[*seen.named, *rows], heads={**(seen.heads or {}), **gone}), 0


def _land(
    connection: Connection,
    held: Held,
    source: str,
    numbers: tuple[int, int],
    seen: Seen,
    said: Mapping[int, bytes] = heads.NOTHING_KNOWN,
) -> tuple[Landed, set[int] | None]:
    """Keep what is new; gives with the counts what began the records named, None where saying it again might differ."""
    j, (delivery_no, landing_no) = held.jurisdiction, numbers
    named, unreadable = seen.named, seen.unreadable
    landed: list[heads.Landed] = []
    blocks: set[int] | None = set(seen.blocks)
    if named:
        present = seen.heads
        if present is None:
            present = landing.read_heads(connection, j, source, {rid for _, rid, _ in named})
        history = landing.read_history(connection, j, heads.older_versions(named, present))
        landed, moved = heads.decide(named, present, history, delivery_no, said)
        stands = {**present, **moved}
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
                    (head := stands[row.record_id]).first_delivery == delivery_no
                    and head.first_row == row.row_no,
                )
                for row in landed
                if row.fate is not Fate.KNOWN
            ),
        )
        landing.move_heads(connection, j, moved, present)
        began = {stands[row.record_id].first_delivery for row in landed}
        blocks = {*seen.blocks, *began} if _settled(seen, landed, moved) else None
    if unreadable:
        landing.add_unreadable(connection, j, delivery_no, source, unreadable)
    kept = sum(row.fate in (Fate.KEPT, Fate.LATE) for row in landed)
    unread = len(seen.known) + seen.repeated
    counts = {
        "received": len(named) + len(unreadable) + unread,
        "kept": kept,
        "unchanged": len(named) - kept + unread,
        "unreadable": len(unreadable),
    }
    landing.add_landing(connection, j, landing_no, delivery_no, counts)
    return Landed(delivery_no, **counts), blocks


def _settled(seen: Seen, landed: Sequence[heads.Landed], moved: Mapping[str, Head]) -> bool:
    """Tell whether the same rows would do nothing, said again: they did nothing, or each spoke of its own record."""
    if not moved and all(row.fate is Fate.KNOWN for row in landed):
        return True
    named = [*seen.known.values(), *(row.record_id for row in landed)]
    return len(set(named)) == len(named)


def fingerprint(rows: Sequence[RawRecord | Unreadable], glances: Sequence[Glance | None] = ()) -> bytes:
    """Give the SHA-256 by which a delivery knows the rows of its page: of the bytes that glances tell, else of content."""
    digest = hashlib.sha256()
    for n, glance in enumerate(glances or (None,) * len(rows)):
        if glance is not None:
            digest.update(glance.said)
            continue
        row = rows[n]
        digest.update(row.hash if isinstance(row, RawRecord) else row.body)
    return digest.digest()
