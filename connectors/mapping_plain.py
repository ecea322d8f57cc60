"""Rows as nearly all of them are, every cell a text or nothing: read at one go by the layout of the rows before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from connectors.mapping_values import Heads, Said, display, heads_of
from connectors.strict_json import has_gap
from schemas.cleaning import speaks

_MOST = 16
"""Layouts remembered of a source at once; they are told apart by how many names they have."""


class _Layout(NamedTuple):
    """The heads of a row as a struct that holds exactly them, and how it is told by column."""

    decode: Callable[[bytes], Any]
    read: Callable[[Any], tuple[str | None, ...]]
    """Gives the cells of `columns`."""
    columns: tuple[str, ...]
    missing: dict[str, str | None]
    fields: dict[str, str]
    heads: Heads


class PlainSaid(Said):
    """What a plain row says; its cells are put together only where they are asked for."""

    __slots__ = ("_layout", "_row")

    def __init__(self, layout: _Layout, row: msgspec.Struct) -> None:
        texts: dict[str, str | None] = {
            name: (cell if cell.isprintable() and " " not in cell and speaks(cell) else display(cell))
            if cell
            else None
            for name, cell in zip(layout.columns, layout.read(row), strict=True)
        }
        self.texts = {**layout.missing, **texts} if layout.missing else texts
        self.units = layout.heads.units
        self.issues = []
        self._layout, self._row = layout, row

    def __getattr__(self, name: str) -> Any:
        if name != "cells":
            raise AttributeError(name)
        self.cells = dict(zip(self._layout.heads.names, msgspec.structs.astuple(self._row), strict=True))
        return self.cells

    def cell(self, name: str) -> Any:
        """Give a cell as it was said, None where the row has no such column."""
        return getattr(self._row, self._layout.fields.get(name, ""), None)


class PlainRows:
    """Reads the plain rows of one source; rows of any other kind are somebody else's.

    A layout is learned when two rows in a row have it, so that rows which never agree cost nothing more.
    """

    def __init__(self, known: Iterable[str], columns: Iterable[str]) -> None:
        self._known, self._columns = frozenset(known), tuple(columns)
        self._layouts: dict[int, _Layout] = {}
        self._last: tuple[str, ...] = ()

    def read(self, body: bytes) -> PlainSaid | None:
        """Give what a plain row of a known layout says; None for any other row, and for one that says nothing at all."""
        if (layout := self._layouts.get(body.count(b'":'))) is None or b"\\" in body or has_gap(body):
            return None
        try:  # each name once: there are as many as the layout has, and it takes no other and lacks none
            row = layout.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        said = PlainSaid(layout, row)
        return said if any(said.texts.values()) else None

    def learn(self, row: dict[str, Any]) -> None:
        """Remember the layout of a row that was read in another way, where the row before it had the same."""
        heads = tuple(row)
        if heads != self._last:
            self._last = heads
            return
        room = len(heads) in self._layouts or len(self._layouts) < _MOST
        meant = heads_of(heads)
        if room and meant.twice is None and self._known.issuperset(meant.names) and _plain(row):
            self._layouts[len(heads)] = _layout(heads, self._columns)


def _plain(row: dict[str, Any]) -> bool:
    """Tell whether every cell is a text or nothing, and every head one that JSON writes as it is."""
    return all(cell is None or cell.__class__ is str for cell in row.values()) and all(
        head.isprintable() and '"' not in head and "\\" not in head for head in row
    )


@lru_cache(maxsize=256)
def _layout(heads: tuple[str, ...], columns: tuple[str, ...]) -> _Layout:
    """Make the struct of a layout; the rows of a source have few of them."""
    fields = [f"c{place}" for place in range(len(heads))]
    struct = msgspec.defstruct(
        "Row",
        [(field, str | None) for field in fields],
        rename=dict(zip(fields, heads, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    of = dict(zip(heads_of(heads).names, fields, strict=True))
    read = tuple(name for name in columns if name in of)
    getter: Callable[[Any], Any] = attrgetter(*(of[name] for name in read)) if read else (lambda _row: ())
    return _Layout(
        decode=msgspec.json.Decoder(struct).decode,
        read=getter if len(read) != 1 else lambda row: (getter(row),),
        columns=read,
        missing=dict.fromkeys(name for name in columns if name not in of),
        fields=of,
        heads=heads_of(heads),
    )
