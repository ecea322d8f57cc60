"""Rows in the forms a sample has: an API's answer, a table's rows, a message, a file as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from connectors.manifest import Manifest
from connectors.scrubbing import Scrubber
from connectors.splitting import members
from connectors.strict_json import StrictJsonError, loads
from connectors.transport_settings import FilesSettings, HttpSettings
from connectors.transports import files, sheets, writing
from schemas.records import Page, RawRecord

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_BOM = b"\xef\xbb\xbf"
_Row = dict[str, tuple[bytes, Any]]
"""By head: a value as it was said, and what it is."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A sample before it is written: its name, how it is written, and what stands in it."""

    name: str
    write: Callable[[Path], object]
    heads: Collection[str]
    rows: int
    left_out: int


def json_sample(manifest: Manifest, page: Page, scrubber: Scrubber, most: int) -> SampleFile:
    """Give rows as JSON in the shape the manifest names; of an answer's envelope only what the manifest names is there."""
    read, left_out = list[_Row](), 0
    for raw in page.rows:
        if len(read) == most:
            break
        row = _read(raw.body) if isinstance(raw, RawRecord) else None
        if row is None:
            left_out += 1
        else:
            read.append(row)
    for row in read:
        scrubber.look_at((head, value) for head, (_, value) in row.items())
    rows = [_scrubbed(row, scrubber) for row in read]
    heads = list(dict.fromkeys(head for row in rows for head in row))
    encoded = [msgspec.Raw(_ENCODER.encode(row)) for row in rows]
    name, said = _shape(manifest, scrubber.value("", page.sender), encoded)
    return SampleFile(name, lambda path: path.write_bytes(said), heads, len(rows), left_out)


def _read(body: bytes) -> _Row | None:
    """Give a row's values beside the bytes they were; None for one that is not JSON the hub reads."""
    try:
        loads(body)
        return {head: (raw, loads(raw)) for head, raw in members(body).items()}
    except StrictJsonError:
        return None


def _scrubbed(row: _Row, scrubber: Scrubber) -> dict[str, Any]:
    """Give a row with what was scrubbed in it; values that were not stay byte for byte."""
    made: dict[str, Any] = {}
    for head, (raw, value) in row.items():
        kept = scrubber.value(head, value)
        made[head] = msgspec.Raw(raw) if kept == value else kept
    return made


def _shape(manifest: Manifest, sender: str, rows: list[msgspec.Raw]) -> tuple[str, bytes]:
    settings = manifest.transport
    if isinstance(settings, FilesSettings):
        if Path(sender).suffix.lower() != ".json":
            return sender, b"".join(bytes(row) + b"\n" for row in rows)
        return sender, _written({settings.rows: rows} if settings.rows else {"": rows})
    if isinstance(settings, HttpSettings):
        said: dict[str, Any] = {}
        if settings.agreed:
            said[settings.agreed.pointer] = settings.agreed.values[0]
        if settings.paging.total:
            said[settings.paging.total] = len(rows)
        return "page.json", _written({**said, settings.rows: rows})
    if manifest.push is not None:
        return "message.json", _written({manifest.push.rows: rows})
    return "rows.json", _written({"": rows})


def _written(said: dict[str, Any]) -> bytes:
    """Write what stands under each pointer; under '' stands the whole."""
    made: Any = said.get("", {})
    for pointer, value in said.items():
        if "" not in said:
            *road, last = pointer.split(".")
            inner = made
            for name in road:
                inner = inner.setdefault(name, {})
            inner[last] = value
    return msgspec.json.format(_ENCODER.encode(made), indent=1) + b"\n"


def sheet_sample(
    manifest: Manifest, settings: FilesSettings, arrival: Path, scrubber: Scrubber, most: int
) -> SampleFile:
    """Give the first rows of a file in its own format, with titles, header and the rows that are no records.

    Nothing but cells comes along: no comments, no author, no other sheet.
    """
    found = files.read(manifest, settings, arrival)
    readable, refused = list[int](), set[int]()
    for number, row in found.rows:
        if isinstance(row, RawRecord):
            readable.append(number)
            if len(readable) == most:
                break
        else:
            refused.add(number)
    last = readable[-1] if len(readable) == most else None
    lines: list[list[tuple[str, Any]]] = []
    for number, cells in enumerate(sheets.cells(arrival, settings.sheet), start=1):
        if last is not None and number > last:
            break
        heads = found.heads if number >= readable[0] else []
        if number not in refused:
            lines.append(
                [(heads[place] if place < len(heads) else "", cell) for place, cell in enumerate(cells)]
            )
    for line in lines:
        scrubber.look_at(line)
    made = [[scrubber.value(head, cell) for head, cell in line] for line in lines]
    encoding = _encoding(arrival) if arrival.suffix.lower() in {".csv", ".txt"} else "utf-8"
    return SampleFile(
        scrubber.value("", arrival.name),
        lambda path: writing.write(path, made, sheet=settings.sheet, encoding=encoding),
        found.heads,
        len(readable),
        len(refused),
    )


def _encoding(arrival: Path) -> str:
    with arrival.open("rb") as file:
        marked = file.read(len(_BOM)) == _BOM
    found = sheets.encoding_of(arrival)
    return "utf-8" if found == "utf-8-sig" and not marked else found
