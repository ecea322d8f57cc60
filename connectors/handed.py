"""A file that is handed over, by whatever road its source is normally read: opened, and its source guessed by its columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from connectors.columns import column_name
from connectors.errors import SourceChanged
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NotSplittable, members, records
from connectors.transport_settings import FilesSettings, HttpSettings
from connectors.transports import files, push
from connectors.transports.files import Arrived
from connectors.transports.sheets import NotReadable, Row, rows
from connectors.transports.tabular import table
from schemas.records import RawRecord, Unreadable

JSON = frozenset({".json", ".ndjson", ".jsonl"})
_ANY = FilesSettings(kind="files", variable="HUB_HANDED", header_rows=2)
"""How a sheet is read whose source does not come as files."""


def settings_of(manifest: Manifest) -> FilesSettings:
    """Give how a source's sheets are read, those of a source that does not come as files too."""
    return manifest.transport if isinstance(manifest.transport, FilesSettings) else _ANY


def read(manifest: Manifest, path: Path, name: str, now: float) -> Arrived:
    """Open a file called `name` as the source's own road would.

    Raises NotReadable for what an arrival would be refused for, and SourceChanged where its columns are not the
    manifest's; the former also among its rows.
    """
    settings = settings_of(manifest)
    files.name_version(settings, name, now)
    if path.stat().st_size > settings.max_bytes:
        raise files.too_large(settings)
    if path.suffix.lower() in JSON and not isinstance(manifest.transport, FilesSettings):
        return Arrived([], enumerate(of_message(manifest, path.read_bytes()), start=1))
    return files.read(manifest, settings, path)


def of_message(manifest: Manifest, body: bytes) -> Iterator[RawRecord | Unreadable]:
    """Split JSON as an API of the source answers it, as it is pushed, or as rows of its table."""
    if manifest.push is not None:
        return push.unpack(manifest, body)
    pointer = manifest.transport.rows if isinstance(manifest.transport, HttpSettings) else ""
    reader = RowReader(manifest)
    try:
        return map(reader.from_json, list(records(body, pointer)))
    except NotSplittable as error:
        raise NotReadable(
            "json.invalid", f"不是可识别的 JSON：{error}", f"no JSON the hub knows: {error}"
        ) from error


def fitting(manifests: Iterable[Manifest], path: Path) -> list[str]:
    """Give the keys of the sources whose columns a file has: all they need, and none they do not know.

    Raises NotReadable for a file nobody could read.
    """
    if path.suffix.lower() in JSON:
        body = path.read_bytes()
        return [manifest.key for manifest in manifests if _names_fit(manifest, body)]
    heads: dict[str | None, list[Row]] = {}
    return [manifest.key for manifest in manifests if _heads_fit(manifest, path, heads)]


def _names_fit(manifest: Manifest, body: bytes) -> bool:
    settings = manifest.transport
    pointer = manifest.push.rows if manifest.push else getattr(settings, "rows", "")
    try:
        first = next(iter(records(body, pointer)), b"")
        names = {column_name(head) for head in members(first)}
    except NotSplittable:
        return False
    return manifest.needed_columns() <= names <= manifest.known_columns()


def _heads_fit(manifest: Manifest, path: Path, heads: dict[str | None, list[Row]]) -> bool:
    settings = settings_of(manifest)
    if settings.sheet not in heads:
        try:
            heads[settings.sheet] = list(islice(rows(path, settings.sheet), 60))
        except NotReadable as error:
            if error.rule != "file.sheet":
                raise
            heads[settings.sheet] = []
    try:
        table(manifest, settings, iter(heads[settings.sheet]))
    except SourceChanged:
        return False
    return True
