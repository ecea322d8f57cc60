"""One real page of a feed as its sample: fetched through its own transport, scrubbed of persons, written as the kit reads it."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.columns import column_name
from connectors.contract import Binding, Connector
from connectors.errors import ColumnsChanged, SourceUnavailable
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.registry import Source, connector_class
from connectors.sample_forms import json_sample, sheet_sample
from connectors.scrubbing import Scrubber
from connectors.transport_settings import (
    FilesSettings,
    HttpSettings,
    PushSettings,
    SingerSettings,
    TableSettings,
)
from schemas.records import Page, RawRecord, Unreadable

LESSONS = 5
"""How often a page may show columns that the manifest does not know yet."""
_JSON = {".json", ".ndjson", ".jsonl"}


class NotRecorded(ValueError):
    """There is nothing to record, or a sample that would be lost; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written: the file, how many rows, what was taken out of them, and what is still to be decided.

    `scrubbed` is (column, kind, times); `unknown` are columns the manifest neither maps nor ignores, `missing` those it
    needs and did not get; `left_out` counts rows that could not be read.
    """

    file: Path
    rows: int
    left_out: int
    scrubbed: tuple[tuple[str, str, int], ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def record(source: Source, binding: Binding, rows: int = 20, *, force: bool = False) -> Recorded:
    """Write the first page of a source, at most `rows` rows of it, into the feed's `sample/`.

    Of a pushed source the binding's location is the file of a message. Raises NotRecorded, and the errors of
    `connectors.errors` as a pull does.
    """
    place = Path(str(source.folder)) / "sample"
    there = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else []
    if there and not force:
        raise NotRecorded(
            f"样例已存在，覆盖请加 --force / a sample is there, --force writes another in its place: {there[0]}"
        )
    manifest, page = _first_page(source, binding)
    scrubber = Scrubber(source.manifest, _secrets(manifest, binding))
    settings = manifest.transport
    if isinstance(settings, FilesSettings) and Path(page.sender).suffix.lower() not in _JSON:
        arrival = Path(location(settings.variable, settings.default, binding)) / page.sender
        made = sheet_sample(manifest, settings, arrival, scrubber, rows)
    else:
        made = json_sample(manifest, page, scrubber, rows)
    place.mkdir(exist_ok=True)
    for path in there:
        path.unlink()
    made.write(place / made.name)
    heads = {column_name(head) for head in made.heads if head}
    return Recorded(
        place / made.name,
        made.rows,
        made.left_out,
        tuple((name, kind, times) for (name, kind), times in sorted(scrubber.found.items())),
        tuple(sorted(heads - source.manifest.known_columns())),
        tuple(sorted(source.manifest.needed_columns() - heads)),
    )


def _first_page(source: Source, binding: Binding) -> tuple[Manifest, Page]:
    """Fetch until a page has a row; columns the manifest does not know yet are let pass, for they are to be seen."""
    manifest = source.manifest
    for _ in range(LESSONS):
        connector = connector_class(source)(manifest, binding)
        try:
            return manifest, _with_rows(_pages(connector, manifest, binding))
        except ColumnsChanged as moved:
            manifest = manifest.model_copy(
                update={
                    "ignore": (*manifest.ignore, *moved.unknown),
                    "optional": (*manifest.optional, *moved.missing),
                }
            )
    raise NotRecorded("each row of the first page has other columns: it is no table")


def _pages(connector: Connector, manifest: Manifest, binding: Binding) -> Iterable[Page]:
    if not isinstance(manifest.transport, PushSettings):
        return connector.fetch(None)
    if binding.location is None:
        raise NotRecorded(
            "推送来源：请用 --location 指明一条消息的文件 / it is pushed: name the file of one message by --location"
        )
    try:
        body = Path(binding.location).read_bytes()
    except OSError as error:
        raise SourceUnavailable(f"the message cannot be read: {error}") from error
    return [Page(tuple(connector.unpack({}, body)), "")]


def _with_rows(pages: Iterable[Page]) -> Page:
    why = ""
    try:
        for page in pages:
            if any(isinstance(row, RawRecord) for row in page.rows):
                return page
            why = next((f": {row.zh} / {row.en}" for row in page.rows if isinstance(row, Unreadable)), why)
    finally:
        if isinstance(pages, Generator):
            pages.close()
    raise NotRecorded(f"来源没有可读的记录 / the source gave no row that can be read{why}")


def _secrets(manifest: Manifest, binding: Binding) -> set[str]:
    """Give what the deployment would not show: tokens, passwords, signing secrets, wherever they stand."""
    settings, found = manifest.transport, set[str]()
    names = set(manifest.push.secrets) if manifest.push else set()
    if isinstance(settings, HttpSettings) and settings.auth.variable:
        names.add(settings.auth.variable)
    if isinstance(settings, SingerSettings):
        names |= set(settings.environment)
    for name in names:
        value = binding.variables.get(name, "")
        found |= {value, value.partition(":")[2]}
    if isinstance(settings, HttpSettings | TableSettings):
        address = urlsplit(location(settings.variable, settings.default, binding))
        found |= {unquote(address.password or ""), *(value for _, value in parse_qsl(address.query))}
    return found - {""}
