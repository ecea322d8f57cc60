"""Finding the table in a sheet: titles above it, one or more header rows, totals and notes among and below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from connectors.columns import column, column_name
from connectors.errors import SourceChanged
from connectors.manifest import Manifest
from connectors.transport_settings import FilesSettings, Header
from connectors.transports.guards import check_columns
from schemas.cleaning import squeeze

Row = list[Any]
_AFTER_TOTAL = re.compile(r"[:(\d].*$")
"""What may follow a total's word: 合计(3个), 小计:12; a name such as 合计算力中心 goes on in words."""
_LONGEST_TOTAL = 8
"""Of a key that is a total: 石峰区小计; a longer one is a name."""


class HeaderAgain(Row):
    """A row that says the header once more."""


class Table(NamedTuple):
    """A table that was found: its heads by place, and its records with the number of their row, counted from 1."""

    heads: list[str]
    records: Iterator[tuple[int, dict[str, Any] | Row]]


def table(manifest: Manifest, settings: FilesSettings, rows: Iterator[Row], *, exact: bool = False) -> Table:
    """Find the table of a sheet; its records are head → cell, a row that does not fit the header is the list it is.

    Where rows are `exact`, as in csv, one that is shorter than the header does not fit: its cells may have shifted.
    Raises SourceChanged when no header is found or its columns are not the manifest's.
    """
    heads, words, rest = _header(manifest, settings, rows)
    check_columns(manifest, [head for head in heads if head])
    return Table(heads, _records(manifest, settings, heads, words, rest, exact=exact))


def _records(
    manifest: Manifest,
    settings: FilesSettings,
    heads: Sequence[str],
    words: frozenset[str],
    rest: Iterator[tuple[int, Row]],
    *,
    exact: bool,
) -> Iterator[tuple[int, dict[str, Any] | Row]]:
    names = [column_name(head) for head in heads]
    least = max(place for place, head in enumerate(heads, start=1) if head) if exact else 0
    filled = {names.index(name): None for name in settings.fill_down if name in names}
    keys = [
        [names.index(name) for name in choice]
        for choice in manifest.identity.choices
        if set(choice) <= set(names)
    ]
    for number, row in rest:
        cells = [None if _blank(cell) else cell for cell in row]
        if not settings.every_line and (
            not any(cell is not None for cell in cells) or _is_no_record(cells, keys, settings)
        ):
            continue
        if _is_header(cells, words):
            yield number, HeaderAgain(row)
            continue
        if (
            len(row) < least
            or (settings.every_line and len(row) != len(heads))
            or any(cell is not None for cell in cells[len(heads) :])
        ):
            yield number, row
            continue
        padded = (row + [None] * len(heads))[: len(heads)]
        for place, above in filled.items():
            padded[place] = above if _blank(padded[place]) else padded[place]
        filled = {place: padded[place] for place in filled}
        yield (
            number,
            {head: cell for head, cell in zip(heads, padded, strict=True) if head or not _blank(cell)},
        )


def _header(
    manifest: Manifest, settings: FilesSettings, rows: Iterator[Row]
) -> tuple[list[str], frozenset[str], Iterator[tuple[int, Row]]]:
    """Find the header among the first rows, and the words it is made of: most needed columns and fewest others."""
    first = list(islice(rows, settings.header_within + settings.header_rows))
    needed, known = manifest.needed_columns(), manifest.known_columns()
    best: tuple[int, int, list[str], int, int] | None = None
    for place in range(len(first)):
        for depth in range(1, settings.header_rows + 1):
            heads = _flat([_as_meant(row, settings.header) for row in first[place : place + depth]])
            names = {column_name(head) for head in heads if head}
            found, strange = len(needed & names), len(names - known)
            if best is None or (found, -strange) > best[:2]:
                best = (found, -strange, heads, place, place + depth)
    if best is None or best[0] * 2 < len(needed):
        raise SourceChanged(
            f"{manifest.key}: no header row found; expected {', '.join(sorted(needed)[:8])}, …"
        )
    words = frozenset(
        column_name(str(cell)) for row in first[best[3] : best[4]] for cell in row if not _blank(cell)
    )
    return best[2], words, enumerate(chain(first[best[4] :], rows), start=best[4] + 1)


def _is_header(cells: Sequence[Any], words: frozenset[str]) -> bool:
    """Tell a row all of whose cells, two at least, are words of the header: lists were put one below the other."""
    said = [cell for cell in cells if cell is not None]
    return len(said) > 1 and all(isinstance(cell, str) and column_name(cell) in words for cell in said)


def _as_meant(row: Row, header: Header | None) -> Row:
    """Give a header row with the known wrong run of names replaced; a row without it, or with its cure, as it is."""
    if header is None:
        return row
    names = [column("" if _blank(cell) else str(cell)).full for cell in row]
    run = [column(name).full for name in header.stands]
    found = [place for place in range(len(names) - len(run) + 1) if names[place : place + len(run)] == run]
    if len(found) != 1:
        return row
    start, end = found[0], found[0] + len(run)
    if {column(name).full for name in header.means if name} & {*names[:start], *names[end:]}:
        return row
    return [*row[:start], *header.means, *row[end:]]


def _flat(rows: Sequence[Row]) -> list[str]:
    """Give one name per column: the lowest head, under its group's name only where two columns would be alike."""
    width = max((len(row) for row in rows), default=0)
    lines = [
        ["" if _blank(cell) else str(cell).strip() for cell in row] + [""] * (width - len(row))
        for row in rows
    ]
    names, groups = [""] * width, [""] * width
    for line in lines:
        group = ""
        for place, head in enumerate(line):
            if names[place] and head:
                groups[place] = names[place]
            group = head or (group if not names[place] else "")
            names[place] = head or names[place]
    seen: dict[str, int] = {}
    for place, name in enumerate(names):
        seen[name] = seen.get(name, 0) + bool(name)
        if name and seen[name] > 1:
            names[place] = f"{groups[place]}/{name}" if groups[place] else f"{name}#{seen[name]}"
    return names


def _is_no_record(cells: Sequence[Any], keys: Sequence[Sequence[int]], settings: FilesSettings) -> bool:
    """Tell totals and notes from records: a row with a key is a record, unless its key is a total's word."""
    parts = [cells[place] for key in keys for place in key if place < len(cells) and cells[place] is not None]
    if any(_is_total(part, settings) and len(str(part).strip()) <= _LONGEST_TOTAL for part in parts):
        return True
    if any(all(place < len(cells) and cells[place] is not None for place in key) for key in keys):
        return False
    said = [cell for cell in cells if cell is not None]
    return squeeze(str(said[0])).replace(" ", "").startswith(settings.skip.notes) or any(
        _is_total(cell, settings) for cell in said
    )


def _is_total(cell: Any, settings: FilesSettings) -> bool:
    word = squeeze(str(cell)).replace(" ", "")
    return _AFTER_TOTAL.sub("", word).endswith(settings.skip.totals)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip("\ufeff\u200b \t\r\n\u3000\xa0"))
