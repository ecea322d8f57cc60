"""What tells a source that moved from a source with bad rows: the whole page is of another shape."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connectors.columns import column_name
from connectors.errors import ColumnsChanged, SourceChanged
from connectors.manifest import Manifest
from connectors.splitting import NotSplittable, members
from schemas.records import RawRecord, Unreadable

ENOUGH = 3
"""Rows a page needs before it can speak for the source."""


def check_columns(manifest: Manifest, heads: Collection[str]) -> None:
    """Raise SourceChanged unless a listing has every needed column and none the manifest does not know."""
    names = {column_name(head) for head in heads}
    missing, unknown = manifest.needed_columns() - names, names - manifest.known_columns()
    if missing or unknown:
        raise ColumnsChanged(manifest.key, missing, unknown)


def check_shape(manifest: Manifest, rows: Sequence[RawRecord | Unreadable]) -> None:
    """Raise SourceChanged when no row of a page of some size has a usable key."""
    if len(rows) < ENOUGH or any(
        isinstance(row, RawRecord) for row in rows
    ):  # the first will do: none is read in vain
        return
    bad = rows[0]
    if isinstance(bad, Unreadable):
        raise SourceChanged(f"{manifest.key}: no row of the page can be read ({bad.rule}: {bad.en})")


def check_names(manifest: Manifest, rows: Sequence[bytes]) -> None:
    """Raise SourceChanged when first and last row of a page both have a name the manifest does not know."""
    if len(rows) < ENOUGH:
        return
    try:
        named = [{column_name(head) for head in members(row)} for row in (rows[0], rows[-1])]
    except NotSplittable:
        return
    if unknown := (named[0] & named[1]) - manifest.known_columns():
        raise ColumnsChanged(manifest.key, (), unknown)


def check_encoding(manifest: Manifest, rows: Sequence[bytes]) -> None:
    """Raise SourceChanged when most rows of a page that go beyond ASCII are not UTF-8; a few are rejected one by one."""
    good = bad = 0
    for row in rows:
        if row.isascii():
            continue
        if is_utf8(row):
            good += 1
            if good * 2 >= len(rows):
                return  # whatever the others are, they are not most
        else:
            bad += 1
    if bad >= ENOUGH and bad > good:
        raise SourceChanged(f"{manifest.key}: the answer is not UTF-8; the source has changed its encoding")


def is_utf8(row: bytes) -> bool:
    """Tell whether bytes are text in UTF-8."""
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True
