"""Any Singer tap, unchanged: its SCHEMA, RECORD and STATE lines become pages, its last STATE the cursor.

At least once: a page's cursor is the last STATE that came before the page's last record, so that a run that breaks off
repeats records and loses none. What came before a failure is given before the failure is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from connectors.columns import column_name
from connectors.contract import Binding
from connectors.errors import ConnectorError, SourceChanged
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NotSplittable, at, members
from connectors.transport_settings import SingerSettings
from connectors.transports import tap_process
from connectors.transports.guards import check_columns, check_encoding, check_names, check_shape, is_utf8
from connectors.transports.tap_calls import prepared, selected
from connectors.transports.tap_process import Call
from schemas.records import Listing, Page

_NOTHING = msgspec.Raw()
_PAGE_BYTES = 16 * 1024 * 1024
_BY_NAME = {
    "BATCH": "the tap hands over files (BATCH) instead of records: take batch_config out of its config",
    "": "has no type",
}


class _Message(msgspec.Struct):
    type: str = ""
    stream: str = ""
    schema: msgspec.Raw = _NOTHING
    record: msgspec.Raw = _NOTHING
    value: msgspec.Raw = _NOTHING
    version: msgspec.Raw = _NOTHING
    key_properties: list[str] | None = None


class _Properties(msgspec.Struct):
    properties: dict[str, msgspec.Raw] = {}


_MESSAGE = msgspec.json.Decoder(_Message)
_PROPERTIES = msgspec.json.Decoder(_Properties)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def fetch(
    manifest: Manifest, settings: SingerSettings, binding: Binding, cursor: str | None
) -> Iterator[Page]:
    """Give what a tap says of its stream from `cursor` on, or all of it when the listing is full.

    Pages hold up to `page` records, fewer, or none, where the tap is slow. A listing is full only when the tap ended
    well. Raises SourceUnavailable for a tap that fails, SourceChanged for one that says what the manifest does not know.
    """
    state = None if manifest.listing == "full" else _state_in(cursor)
    with TemporaryDirectory(prefix="hub-tap-", ignore_cleanup_errors=True) as folder:
        call = prepared(settings, binding, Path(folder))
        if settings.discover:
            call = selected(call, settings, full=manifest.listing == "full")
        if state:
            call = call.asking("--state", _file(Path(folder) / "state.json", state))
        yield from _Walk(manifest, settings, state).pages(call)


def _state_in(cursor: str | None) -> bytes:
    """Give the STATE a cursor holds, to the letter; a cursor of another road holds none."""
    try:
        state = at(cursor.encode(), "state") if cursor else None
    except NotSplittable:
        return b""
    return state if state and state != b"null" else b""


def _file(place: Path, content: bytes) -> str:
    place.write_bytes(content)
    return str(place)


class _Walk:
    """One run of a tap: what it said so far of its stream, and the page that is being filled."""

    def __init__(self, manifest: Manifest, settings: SingerSettings, state: bytes | None) -> None:
        self._manifest, self._settings = manifest, settings
        self._reader = RowReader(manifest)
        self._full = manifest.listing == "full"
        self._start = self._state = state or b""
        self._bodies: list[bytes] = []
        self._size = 0
        self._line = 0
        self._keys: frozenset[str] | None = None
        self._others: set[str] = set()
        self._version = b""

    def pages(self, call: Call) -> Iterator[Page]:
        given = time.monotonic()
        try:
            with closing(tap_process.lines(call, self._settings)) as lots:
                for lot in lots:
                    for line in lot:
                        self._take(line)
                        if len(self._bodies) >= self._settings.page or self._size > _PAGE_BYTES:
                            yield self._page()
                            given = time.monotonic()
                    if time.monotonic() - given >= tap_process.BEAT_SECONDS:
                        yield self._page()
                        given = time.monotonic()
            self._must_have_spoken()
        except ConnectorError:
            if self._bodies:
                yield self._page()
            raise
        if self._full or self._bodies or self._state != self._start:
            yield self._page(Listing.FULL_END if self._full else Listing.CHANGES)

    def _page(self, listing: Listing | None = None) -> Page:
        bodies, self._bodies, self._size = self._bodies, [], 0
        rows = tuple(map(self._reader.from_json, bodies))
        check_encoding(self._manifest, bodies)
        check_shape(self._manifest, rows)
        check_names(self._manifest, bodies)
        cursor = b'{"state": %s}' % (self._state or b"null")
        return Page(rows, cursor.decode(), listing or (Listing.FULL if self._full else Listing.CHANGES))

    def _take(self, line: bytes) -> None:
        self._line += 1
        if not line.strip():
            return
        said = _message(line, self._line)
        own = said.stream == self._settings.stream
        if said.type == "RECORD":
            if own:
                self._take_record(said)
        elif said.type == "STATE":
            self._take_state(said)
        elif said.type == "SCHEMA":
            if own:
                self._take_schema(said)
            else:
                self._others.add(said.stream)
        elif said.type == "ACTIVATE_VERSION":
            if own and self._full:
                self._hold_version(bytes(said.version))
        else:
            told = _BY_NAME.get(said.type, f"{said.type[:40]!r} is no message of Singer's that the hub knows")
            raise SourceChanged(f"line {self._line}: {told}")

    def _take_record(self, said: _Message) -> None:
        if self._keys is None:
            raise SourceChanged(f"line {self._line}: a record of {said.stream} comes before its schema")
        if self._full:
            self._hold_version(bytes(said.version))
        body = bytes(said.record)
        if not body:
            raise SourceChanged(f"line {self._line}: a RECORD without a record")
        self._bodies.append(body)
        self._size += len(body)

    def _take_state(self, said: _Message) -> None:
        state = bytes(said.value)
        if state == b"null":
            return
        if not state.startswith(b"{") or not is_utf8(state):
            raise SourceChanged(f"line {self._line}: a STATE whose value is no object in UTF-8")
        self._state = state

    def _take_schema(self, said: _Message) -> None:
        """Hold the schema against the manifest: the same columns, and no other key than its own."""
        try:
            heads = _PROPERTIES.decode(said.schema).properties
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SourceChanged(f"line {self._line}: a SCHEMA without properties: {error}") from error
        check_columns(self._manifest, heads)
        keys = frozenset(map(column_name, said.key_properties or ()))
        own, declared = self._manifest.identity.choices, self._settings.key_properties
        if keys and keys not in map(frozenset, (declared,) if declared else own):
            raise SourceChanged(
                f"{said.stream}: its key is {', '.join(sorted(keys))}, the manifest's is"
                f" {' or '.join(' + '.join(choice) for choice in own) or 'the whole content'};"
                " if both are right, say its key as `key_properties` under [transport]"
            )
        if self._keys and keys != self._keys:
            raise SourceChanged(f"line {self._line}: {said.stream} gives up its key in the middle of a run")
        self._keys = keys

    def _hold_version(self, version: bytes) -> None:
        """A whole listing is of one table: after a change of its version, what came before is no part of it."""
        if self._version and version and version != self._version:
            raise SourceChanged(
                f"line {self._line}: {self._settings.stream} changes its version from {self._version.decode()} to"
                f" {version[:40].decode()} in the middle of a whole listing"
            )
        self._version = version or self._version

    def _must_have_spoken(self) -> None:
        """Tell a stream that has nothing new from one that is not there: a name that is wrong must not look like peace."""
        if self._keys is None and (self._full or not self._start):
            others = ", ".join(sorted(self._others)[:20]) or "nothing"
            raise SourceChanged(
                f"the tap did not speak of {self._settings.stream}, but of: {others}. Correct `stream` in the manifest,"
                " or select the stream: `discover = true`"
            )


def _message(line: bytes, number: int) -> _Message:
    """Read a line; of a RECORD the envelope alone must hold, its record is judged like any other row."""
    try:
        return _MESSAGE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        try:
            said = members(line)
            if said.get("type") == b'"RECORD"' and "record" in said:
                stream = msgspec.json.decode(said.get("stream", b'""'), type=str)
                return _Message("RECORD", stream, record=msgspec.Raw(said["record"]))
        except (NotSplittable, msgspec.DecodeError, UnicodeDecodeError):
            pass
        raise SourceChanged(
            f"line {number} of the tap's output is no Singer message ({error}): {_shown(line)}"
        ) from error


def _shown(line: bytes) -> str:
    """Show what is no message, and of what may hold somebody's data nothing."""
    return "…" if b"{" in line else repr(line[:80].decode("utf-8", "replace"))
