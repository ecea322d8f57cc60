"""Messages a department sends by itself: an object, a list, lines of JSON, `{"records": [...]}`, or CloudEvents that hold these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NamedTwice, NotSplittable, records
from connectors.transports.events import Event, events
from schemas.records import RawRecord, Unreadable

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
COLUMNS = {f"ce_{name}": name for name in ("id", "source", "type", "subject", "time")}
"""What a manifest may call the attributes of an event that a signature covers."""


def unpack(
    manifest: Manifest, body: bytes, headers: Mapping[str, str] = NO_HEADERS
) -> Iterator[RawRecord | Unreadable]:
    """Split a stored push into its rows; a body of no known shape is one unreadable row."""
    reader = RowReader(manifest)
    pointer = manifest.push.rows if manifest.push else "records"
    try:
        sent = events(headers, body)
        if sent is None:
            rows = list(records(body, pointer))
        else:
            wanted = COLUMNS.keys() & manifest.known_columns()
            rows = [_joined(row, one, wanted) for one in sent for row in records(one.data, pointer)]
    except NamedTwice as error:
        yield Unreadable(error.rule, body, error.zh, error.en)
        return
    except NotSplittable as error:
        yield Unreadable(
            "json.invalid",
            body,
            f"消息不是可识别的 JSON:{error}",
            f"the message is no JSON the hub knows: {error}",
        )
        return
    for row in rows:
        yield reader.from_json(row)


def _joined(row: bytes, event: Event, wanted: set[str]) -> bytes:
    """Give a row with the attributes of its event that the manifest asks for and a signature covers."""
    told = {name: event.attributes.get(COLUMNS[name]) for name in sorted(wanted)} if event.signed else {}
    if not told or not row.startswith(b"{"):
        return row
    rest = row[1:].lstrip()
    return msgspec.json.encode(told)[:-1] + (b"" if rest.startswith(b"}") else b",") + rest
