"""A watched folder: every arrival is read once, oldest first; a file that is still being written waits."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from connectors import moments
from connectors.contract import Binding
from connectors.errors import SourceUnavailable
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NamedTwice, NotSplittable, records
from connectors.transport_settings import FilesSettings
from connectors.transports.sheets import NotReadable, rows
from connectors.transports.tabular import HeaderAgain, table
from schemas.records import Listing, Page, RawRecord, Unreadable

FAR_AHEAD = 366 * 86400
"""Seconds a file may be dated ahead of our clock."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A file as it lies there now."""

    path: Path
    size: int
    modified: int

    @property
    def name(self) -> str:
        return self.path.name


def fetch(
    manifest: Manifest,
    settings: FilesSettings,
    binding: Binding,
    cursor: str | None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Page]:
    """Give the pages of every arrival the cursor does not know; only a file's last page moves the cursor on.

    The cursor holds size, time and hash by name, of the files that lie there: it grows no further than the folder.
    A file that cannot be opened is one unreadable row; another header raises SourceChanged.
    """
    folder = Path(location(settings.variable, settings.default, binding))
    if not folder.is_dir():
        raise SourceUnavailable(f"there is no folder {folder}")
    try:
        here = _arrivals(folder, settings)
        known: dict[str, list[int | str]] = json.loads(cursor)["files"] if cursor else {}
        known = {name: seen for name, seen in known.items() if name in {arrival.name for arrival in here}}
        for arrival in here:
            if known.get(arrival.name, [])[:2] == [arrival.size, arrival.modified]:
                continue
            if not _settled(arrival, settings.settle_seconds, now, sleep):
                return
            digest = _digest(arrival, settings)
            if known.get(arrival.name, [None])[-1] == digest:
                continue
            before = json.dumps({"files": known}, sort_keys=True)
            known = {**known, arrival.name: [arrival.size, arrival.modified, digest]}
            after = json.dumps({"files": known}, sort_keys=True)
            yield from _pages(manifest, settings, arrival, before, after, now())
    except OSError as error:
        raise SourceUnavailable(f"the folder cannot be read: {error}") from error


def _settled(
    arrival: _Arrival, seconds: float, now: Callable[[], float], sleep: Callable[[float], None]
) -> bool:
    """Tell whether a file is written to its end: one that is young is looked at again after a moment.

    A file that still grows ends the run, so that those after it keep their order.
    """
    young = seconds - (now() - arrival.modified / 1e9)
    if young <= 0:
        return True
    sleep(min(young, seconds))
    stat = arrival.path.stat()
    return (stat.st_size, stat.st_mtime_ns) == (arrival.size, arrival.modified)


def _arrivals(folder: Path, settings: FilesSettings) -> list[_Arrival]:
    found = []
    for path in folder.iterdir():
        hidden = path.name.startswith((".", "~$"))
        if hidden or not any(fnmatch.fnmatch(path.name.lower(), pattern) for pattern in settings.patterns):
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            found.append(_Arrival(path, stat.st_size, stat.st_mtime_ns))
    by_name = settings.order == "name"
    return sorted(found, key=lambda each: (0 if by_name else each.modified, each.name))


def _digest(arrival: _Arrival, settings: FilesSettings) -> str:
    if arrival.size > settings.max_bytes:
        return f"larger than {settings.max_bytes}"
    with arrival.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pages(
    manifest: Manifest, settings: FilesSettings, arrival: _Arrival, before: str, after: str, now: float
) -> Iterator[Page]:
    """Give an arrival in pages; the last is known as such only when the file ended cleanly and did not change."""
    full = manifest.listing == "full"
    listing, version = Listing.FULL if full else Listing.CHANGES, ""
    try:
        version = name_version(settings, arrival.name, now)
        if arrival.size > settings.max_bytes:
            raise too_large(settings)
        source = _dated((row for _, row in read(manifest, settings, arrival.path).rows), version)
        page = tuple(islice(source, settings.page))
        while following := tuple(islice(source, settings.page)):
            yield Page(page, before, listing, arrival.name, version)
            page = following
    except NotReadable as error:
        if error.rule == "file.sheet" and settings.sheet_may_lack:
            yield Page((), after, listing, arrival.name, version)
            return
        told = json.dumps({"file": arrival.name, "size": arrival.size}, ensure_ascii=False).encode()
        row = Unreadable(error.rule, told, f"{arrival.name}：{error.zh}", f"{arrival.name}: {error.en}")
        yield Page((row,), after, listing, arrival.name, version)
        return
    stat = arrival.path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (arrival.size, arrival.modified):
        raise SourceUnavailable(f"{arrival.name} changed while it was read; the next run reads it again")
    yield Page(page, after, Listing.FULL_END if full else Listing.CHANGES, arrival.name, version)


def name_version(settings: FilesSettings, name: str, now: float) -> str:
    """Give the day a file's name says as sortable text, '' where the manifest asks for none.

    Raises NotReadable for a name without a day, and for one so far ahead that all later files would be old beside it.
    """
    if settings.version is None:
        return ""
    found = re.findall(settings.version.pattern, unicodedata.normalize("NFKC", name))
    day = moments.read(found[-1]) if found else None
    if day is None:
        raise NotReadable(
            "file.undated",
            "文件名中没有日期，无法判断新旧",
            "its name says no day: it cannot be told old from new",
        )
    if day.timestamp() > now + FAR_AHEAD:
        raise NotReadable(
            "file.undated",
            "文件名中的日期在一年以后，请核对",
            "the day in its name is more than a year ahead",
        )
    return moments.render(day)


def too_large(settings: FilesSettings) -> NotReadable:
    """Give the refusal of a file beyond its source's limit."""
    return NotReadable("file.size", "文件过大", f"the file is larger than {settings.max_bytes} bytes")


def _dated(rows: Iterator[RawRecord | Unreadable], version: str) -> Iterator[RawRecord | Unreadable]:
    if not version:
        return rows
    return (row._replace(version=version) if isinstance(row, RawRecord) else row for row in rows)


class Arrived(NamedTuple):
    """What a file says: the heads of its table by place, and its rows with their number in the sheet, from 1.

    A JSON file has no heads, and its rows are numbered as they come.
    """

    heads: list[str]
    rows: Iterator[tuple[int, RawRecord | Unreadable]]


def read(manifest: Manifest, settings: FilesSettings, path: Path) -> Arrived:
    """Open one file as the folder's reader does; raises NotReadable or SourceChanged, the former also among its rows."""
    reader = RowReader(manifest)
    if path.suffix.lower() in {".json", ".ndjson", ".jsonl"}:
        return Arrived([], enumerate(_from_json(settings, reader, path), start=1))
    exact = path.suffix.lower() in {".csv", ".txt"} and not settings.ragged
    found = table(manifest, settings, rows(path, settings.sheet), exact=exact)
    return Arrived(
        found.heads, ((number, _from_sheet(manifest, reader, record)) for number, record in found.records)
    )


def _from_json(settings: FilesSettings, reader: RowReader, path: Path) -> Iterator[RawRecord | Unreadable]:
    try:
        for row in records(path.read_bytes(), settings.rows):
            yield reader.from_json(row)
    except NamedTwice as error:
        raise NotReadable(error.rule, error.zh, error.en) from error
    except NotSplittable as error:
        raise NotReadable(
            "json.invalid", f"不是可识别的 JSON：{error}", f"no JSON the hub knows: {error}"
        ) from error


def _from_sheet(
    manifest: Manifest, reader: RowReader, record: dict[str, Any] | list[Any]
) -> RawRecord | Unreadable:
    if isinstance(record, dict):
        return reader.from_values(record)
    if isinstance(record, HeaderAgain):
        return _refused(record, "row.header_again", "该行是重复的表头", "the row says the header once more")
    if manifest.identity.content:
        # its cells under no name: a record that normalizing refuses
        return reader.from_values({"": record})
    return _refused(
        record,
        "row.width",
        f"该行有 {len(record)} 个单元格，与表头不符",
        f"the row has {len(record)} cells, not as many as the header",
    )


def _refused(cells: list[Any], rule: str, zh: str, en: str) -> Unreadable:
    body = json.dumps(cells, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Unreadable(rule, body, zh, en)
