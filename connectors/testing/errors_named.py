"""Rule C8: what goes wrong at a source is named by what the hub must do; nothing else leaves a connector."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from connectors import samples
from connectors.contract import Binding, Connector
from connectors.errors import AuthFailed, ConnectorError, SourceChanged, SourceUnavailable
from connectors.strict_json import dumps
from connectors.testing import databases, many, taps, web
from connectors.testing.feed import Feed
from connectors.testing.resuming import credentials
from connectors.transport_settings import (
    FilesSettings,
    HttpSettings,
    PushSettings,
    SingerSettings,
    TableSettings,
)
from connectors.transports import writing
from schemas.records import RawRecord, Rejection, Unreadable

SECONDS = 0.15
"""How long the kit lets a source be silent."""
_STRANGE = [{"strange": number} for number in range(4)]
_PAGE = "<!DOCTYPE html><html><body>请登录 please log in</body></html>".encode()
Failure = tuple[str, Connector, type[ConnectorError]]
"""What goes wrong, a connector to whom it happens, and the error that names it."""


def names_errors(feed: Feed) -> str | None:
    """Refused credentials are AuthFailed, a source that is away is SourceUnavailable, another shape is SourceChanged."""
    if isinstance(feed.manifest.transport, PushSettings):
        return _of_a_push(feed)
    for what, connector, error in _failures(feed):
        if wrong := _told_otherwise(connector, error):
            return f"{what}: {wrong}"
    return None


def _failures(feed: Feed) -> Iterator[Failure]:
    settings = feed.manifest.transport
    yield "nobody said where the source is", feed.bound(_at(None), default=None), SourceUnavailable
    if isinstance(settings, HttpSettings):
        yield from _of_an_api(feed, settings)
    elif isinstance(settings, TableSettings):
        yield from _of_a_table(feed, settings)
    elif isinstance(settings, FilesSettings):
        yield from _of_a_folder(feed, settings)
    elif isinstance(settings, SingerSettings):
        yield from _of_a_tap(feed, settings)


def _of_a_push(feed: Feed) -> str | None:
    """Look at what is made of messages that are none: each is one row nobody can read, with its reason."""
    for body in (_PAGE, b"", b"[1", dumps(_STRANGE[0])):
        rows = list(feed.connector.unpack({}, body))
        if not all(isinstance(row, Unreadable) and row.rule for row in rows) or len(rows) != 1:
            return f"a message that is none ({body[:20]!r}) gives {len(rows)} rows that can be read"
    return None


def _at(place: str | None, variables: dict[str, str] | None = None) -> Binding:
    return Binding(samples.JURISDICTION, place, variables or {})


def _of_an_api(feed: Feed, settings: HttpSettings) -> Iterator[Failure]:
    haste = {"attempts": 1, "patience_seconds": 0.0}
    known = credentials(settings)
    now: list[tuple[int, bytes]] = [(200, b"")]

    def answer(_: dict[str, str]) -> tuple[int, bytes]:
        status, body = now[0]
        if not status:
            time.sleep(2 * SECONDS)
        return status or 200, body

    with web.serving(answer) as address:
        for status, error in ((401, AuthFailed), (403, AuthFailed), (503, SourceUnavailable)):
            now[0] = status, b"{}"
            yield f"it answers {status}", feed.bound(_at(address, known), **haste), error
        now[0] = 0, b"{}"
        silent = feed.bound(_at(address, known), **haste, deadline_seconds=SECONDS)
        yield "it does not answer in time", silent, SourceUnavailable
        shapes = {
            "it answers with a web page": _PAGE,
            "it answers with JSON of another kind": b'{"strange": true}',
            "its rows have other names": web.envelope(settings, _STRANGE, len(_STRANGE)),
        }
        for what, body in shapes.items():
            now[0] = 200, body
            yield what, feed.bound(_at(address, known), **haste), SourceChanged
        if known:
            yield "nobody said who we are", feed.bound(_at(address), **haste), AuthFailed
    with databases.silent_port() as port:
        away = feed.bound(_at(f"http://127.0.0.1:{port}", known), **haste)
        yield "nobody listens", away, SourceUnavailable


def _of_a_table(feed: Feed, settings: TableSettings) -> Iterator[Failure]:
    with databases.refusing() as url:
        yield "it accepts no password", feed.bound(_at(url)), AuthFailed
    with databases.silent_port() as port:
        yield "nobody listens", feed.bound(_at(databases.dead(port))), SourceUnavailable
    rows = many.rows(feed, ())
    shapes = {
        "there is no such table": ("of_somebody_else", rows, None),
        f"it has no column {settings.updated}": (settings.table, rows, settings.updated),
        f"it has no column {settings.id}": (settings.table, rows, settings.id),
        "it has a column nobody knows": (settings.table, [{**row, "STRANGE": "1"} for row in rows], None),
    }
    with tempfile.TemporaryDirectory() as folder:
        for number, (what, (table, made, leave_out)) in enumerate(shapes.items()):
            url = databases.write(Path(folder) / f"{number}.db", table, made, leave_out)
            yield what, feed.bound(_at(url), db_schema=None), SourceChanged


def _of_a_folder(feed: Feed, settings: FilesSettings) -> Iterator[Failure]:
    still = {"settle_seconds": 0.0}
    like = feed.sample_files()[0]
    strange = [["strange", "odd"], *([str(number), "1"] for number in range(4))]
    with tempfile.TemporaryDirectory() as folder:
        nowhere = str(Path(folder) / "nowhere")
        yield "the folder is away", feed.bound(_at(nowhere), **still), SourceUnavailable
        file = Path(folder) / like.name
        if like.suffix.lower() in {".json", ".ndjson", ".jsonl"}:
            file.write_bytes(dumps(_STRANGE))
        else:
            writing.write(file, strange, sheet=settings.sheet, encoding="utf-8")
        yield "a file has another header", feed.bound(_at(folder), **still), SourceChanged
        file.write_bytes(_PAGE)
        yield "a file is a web page", feed.bound(_at(folder), **still), SourceChanged


def _of_a_tap(feed: Feed, settings: SingerSettings) -> Iterator[Failure]:
    programs = {
        "the tap ends badly": ("raise SystemExit(1)", SourceUnavailable),
        "the tap writes no messages": ("print('<html>')", SourceChanged),
    }
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for what, (code, error) in programs.items():
            yield what, feed.bound(_at(None, taps.program(place, settings, code))), error
        yield (
            "its rows have other names",
            feed.bound(_at(None, taps.tap(place, settings, _STRANGE))),
            SourceChanged,
        )
        nothing = taps.tap(place, settings, []) | {settings.variable: str(place / "nothing")}
        yield "there is no such tap", feed.bound(_at(None, nothing)), SourceUnavailable


def _told_otherwise(connector: Connector, expected: type[ConnectorError]) -> str | None:
    """Tell what came instead of the error; where the shape moved, refusing every row by name is as good."""
    try:
        rows = [row for page in connector.fetch(None) for row in page.rows]
        raws = [row for row in rows if isinstance(row, RawRecord)]
        refused = all(isinstance(outcome, Rejection) for outcome in connector.normalize(raws))
    except expected:
        return None
    except Exception as error:  # noqa: BLE001 - a feed's own code may raise anything, and its author wants to read it
        return f"{type(error).__name__} instead of {expected.__name__}: {error}"
    if expected is SourceChanged and rows and refused:
        return None
    return f"{len(rows)} rows instead of {expected.__name__}"
