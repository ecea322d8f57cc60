"""Messages a department sends by itself: an object, a list, lines of JSON, or `{"records": [...]}`."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NamedTwice, NotSplittable, records
from schemas.records import RawRecord, Unreadable


def unpack(manifest: Manifest, body: bytes) -> Iterator[RawRecord | Unreadable]:
    """Split a stored push into its rows; a body of no known shape is one unreadable row."""
    reader = RowReader(manifest)
    try:
        rows = list(records(body, manifest.push.rows if manifest.push else "records"))
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
