"""CloudEvents 1.0 over HTTP: what an event says of itself and where its data is, in structured, batch and binary mode.

In binary mode the attributes stand in `ce-*` headers, which no signature covers: they are told, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from connectors.splitting import NotSplittable, items, members

ONE, MANY, BINARY = "application/cloudevents+json", "application/cloudevents-batch+json", "ce-specversion"


class Event(NamedTuple):
    """One event: its attributes as texts, its data as it stands in the body, and whether the body itself says them."""

    attributes: Mapping[str, str]
    data: bytes
    signed: bool


def events(headers: Mapping[str, str], body: bytes) -> list[Event] | None:
    """Give the events of a message; None for a message that is none. Raises NotSplittable for one that says it is."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == ONE:
        return [_structured(body)]
    if kind == MANY:
        return [_structured(item) for item in items(body)]
    if BINARY in headers:
        said = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
        return [Event(said | {"datacontenttype": headers.get("content-type", "")}, body, signed=False)]
    return None


def _structured(body: bytes) -> Event:
    said = members(body)
    data = said.pop("data", None)
    if data is None:
        raise NotSplittable("an event has no `data`; the hub reads JSON that stands there, not `data_base64`")
    return Event({name: _text(value) for name, value in said.items()}, data, signed=True)


def _text(value: bytes) -> str:
    try:
        return msgspec.json.decode(value, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value.decode("utf-8", "replace")
