"""What a delivery says, found out before anybody is kept waiting: which rows repeat what stands, and what the others say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from app.db import landing
from app.db.copy import storable
from app.db.session import Connection
from schemas.ids import record_id
from schemas.records import Head, Listing, Page, RawRecord, Unreadable


class Seen(NamedTuple):
    """What a delivery says: rows with their record, unreadable rows, and the records of rows that were not even read."""

    named: list[tuple[int, str, RawRecord]]
    unreadable: list[tuple[int, Unreadable]]
    known: Mapping[int, str] = MappingProxyType({})
    blocks: frozenset[int] = frozenset()
    """The deliveries that began the records of rows that were not read, and perhaps others."""
    repeated: int = 0
    """Rows of a page that is known as a whole: they were not even looked at."""
    heads: Mapping[str, Head] | None = None
    """Where the records named stand, as long as nothing of the source lands; None where nobody has asked."""


def whole(page: Page) -> bytes:
    """Give what a page says as a whole, so that equal pages name the same records in the same words.

    Empty where nobody could tell without reading more than landing it takes.
    """
    kind = b"changes" if page.listing is Listing.CHANGES else b"full"
    if page.said:
        return kind + page.said
    if page.glances or not page.rows:
        return b""
    digest = hashlib.sha256(b"read")
    for row in page.rows:
        words: tuple[str, ...]
        if isinstance(row, RawRecord):
            words, content = (row.source, row.key, row.version, row.op.value), row.hash
        else:
            words, content = (row.rule, row.zh, row.en), row.body
        sizes = ",".join([str(len(word)) for word in words])
        said = f"{type(row).__name__},{sizes},{len(content)};{''.join(words)}"
        digest.update(said.encode("utf-8", "surrogatepass") + content)
    return kind + digest.digest()


def repeated(
    connection: Connection, jurisdiction: int, source: str, page: Page, numbers: Sequence[int]
) -> Seen:
    """Give what a page says that is known as a whole: nothing, but for the rows that nobody can read."""
    rows = [(n, page.rows[n - 1]) for n in numbers]
    _, unreadable = numbered(connection, jurisdiction, source, rows, renamed=False)
    return Seen([], unreadable, repeated=len(page.rows) - len(unreadable))


def look(connection: Connection, jurisdiction: int, source: str, page: Page, *, renamed: bool) -> Seen:
    """Read the rows of a page, but for those that say again what their record stands on, to the byte.

    A record of which the page says anything else too is read in all its rows: their order counts.
    """
    glanced = [(n, glance) for n, glance in enumerate(page.glances, start=1) if glance is not None]
    aliases: Mapping[str, str] = {}
    if renamed and glanced:
        aliases = landing.read_aliases(connection, jurisdiction, source, [each.key for _, each in glanced])
    seen = {
        n: (each.key, record_id(jurisdiction, source, aliases.get(each.key, each.key))) for n, each in glanced
    }
    standing = landing.Standing()
    if seen:
        ids = [rid for _, rid in seen.values()]
        standing = landing.standing_on(connection, jurisdiction, source, ids)
    known = {}
    if standing.said:
        known = {
            n: seen[n][1] for n, each in glanced if seen[n][1].encode("ascii") + each.said in standing.said
        }
    unread = [n for n in range(1, len(page.rows) + 1) if n not in known]
    named, unreadable = numbered(
        connection, jurisdiction, source, [(n, page.rows[n - 1]) for n in unread], renamed=renamed, seen=seen
    )
    told = {rid for _, rid, _ in named}
    if again := [n for n, rid in known.items() if rid in told]:
        rows = [(n, page.rows[n - 1]) for n in sorted((*unread, *again))]
        named, unreadable = numbered(connection, jurisdiction, source, rows, renamed=renamed, seen=seen)
        known = {n: rid for n, rid in known.items() if rid not in told}
    unmet = told if standing.heads else told.difference(rid for _, rid in seen.values())
    heads = landing.read_heads(connection, jurisdiction, source, unmet)
    return Seen(named, unreadable, known, standing.blocks, heads=heads)


def numbered(
    connection: Connection,
    jurisdiction: int,
    source: str,
    rows: Sequence[tuple[int, RawRecord | Unreadable]],
    *,
    renamed: bool,
    seen: Mapping[int, tuple[str, str]] = MappingProxyType({}),
) -> tuple[list[tuple[int, str, RawRecord]], list[tuple[int, Unreadable]]]:
    """Give each readable row with the record it speaks of, and the others, in order.

    Only where the source has ever renamed a key is it asked which. `seen` has key and record of rows that were glanced at.
    """
    named: list[tuple[int, str, RawRecord]] = []
    unreadable: list[tuple[int, Unreadable]] = []
    aliases: Mapping[str, str] = {}
    if renamed:
        keys = {row.key for _, row in rows if isinstance(row, RawRecord) and _checked(source, row) is row}
        aliases = landing.read_aliases(connection, jurisdiction, source, list(keys))
    for n, row in rows:
        checked = _checked(source, row)
        if isinstance(checked, Unreadable):
            unreadable.append((n, checked))
            continue
        key = checked.key
        glanced, record = seen.get(n, _UNSEEN)
        if glanced != key:
            record = record_id(jurisdiction, source, aliases.get(key, key))
        named.append((n, record, checked))
    return named, unreadable


_UNSEEN = ("", "")
MOST_VERSION = 500
"""Characters of a version: what an index can hold, in any script."""


def _checked(source: str, row: RawRecord | Unreadable) -> RawRecord | Unreadable:
    """Give a row that may land: a connector's slip costs its own row, never the delivery or those behind it."""
    if isinstance(row, RawRecord) and len(row.version) > MOST_VERSION:
        return Unreadable(
            "version.too_long",
            row.body,
            f"更新标识长达 {len(row.version)} 字，无法用于排序；请改用更新时间或序号",
            f"a version of {len(row.version)} characters is none to order by: give a time or a number",
        )
    named = isinstance(row, RawRecord) and (row.source, storable(row.key), storable(row.version))
    if isinstance(row, Unreadable) or named == (source, row.key, row.version):
        return row
    return Unreadable(
        "connector.failed",
        row.body,
        "连接器出错：主键、版本或来源不合规",
        "the connector failed: a key, version or source the hub cannot keep",
    )
