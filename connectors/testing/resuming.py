"""Rule C9: whatever page a run ends on, the next one begins where nothing is lost."""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors import samples
from connectors.columns import column_name
from connectors.contract import Binding, Connector
from connectors.errors import ConnectorError
from connectors.testing import databases, many, taps, web
from connectors.testing.feed import Feed, NotConcerned
from connectors.transport_settings import FilesSettings, HttpSettings, SingerSettings, TableSettings
from schemas.records import Page, RawRecord


@dataclass(frozen=True, slots=True)
class _StandIn:
    """A source of several pages on this machine; `grow` adds what comes late, `trouble` tells what it did not understand."""

    connector: Connector
    count: int
    grow: Callable[[], object] | None
    trouble: Callable[[], str | None] = lambda: None


def resumes(feed: Feed) -> str | None:
    """Resuming after any page gives every row not given before, also one that bears the time of the last."""
    with _stand_in(feed) as source:
        try:
            return _lost(source)
        except ConnectorError as error:
            return source.trouble() or f"{type(error).__name__}: {error}"


def _lost(source: _StandIn) -> str | None:
    pages = list(source.connector.fetch(None))
    given = [_named(page) for page in pages]
    everything = set[object]().union(*given)
    if len(everything) != source.count:
        return (
            f"{source.count} rows stand in the source, and a run from the beginning gives {len(everything)}"
        )
    for place, page in enumerate(pages):
        before = set[object]().union(*given[: place + 1])
        rest = set[object]().union(*map(_named, source.connector.fetch(page.cursor)))
        if lost := everything - before - rest:
            return f"a run that resumes after page {place + 1} of {len(pages)} loses {len(lost)} rows"
    if source.grow is None:
        return None
    source.grow()
    end = pages[-1].cursor if pages else None
    if set[object]().union(*map(_named, source.connector.fetch(end))) <= everything:
        return "a row that appears late and bears the update time of the last row is never seen"
    return None


def _named(page: Page) -> set[object]:
    return {
        (row.key, row.version, row.hash, page.sender) if isinstance(row, RawRecord) else row.body
        for row in page.rows
    }


def _stand_in(feed: Feed) -> AbstractContextManager[_StandIn]:
    settings = feed.manifest.transport
    if isinstance(settings, HttpSettings):
        return _api(feed, settings)
    if isinstance(settings, TableSettings):
        return _table(feed, settings)
    if isinstance(settings, FilesSettings):
        return _folder(feed, settings)
    if isinstance(settings, SingerSettings):
        return _tap(feed, settings)
    raise NotConcerned("it is pushed: nothing is fetched")


def _versions(feed: Feed) -> set[str]:
    return {feed.manifest.version.columns[0]} if feed.manifest.version else set()


@contextmanager
def _api(feed: Feed, settings: HttpSettings) -> Iterator[_StandIn]:
    """Ask without an overlap: what it would cover is what is looked for."""
    times = _versions(feed) | ({settings.since.column} if settings.since else set())
    changed = {
        "paging": settings.paging.model_copy(update={"size": many.PAGE}),
        "since": settings.since and settings.since.model_copy(update={"overlap_seconds": 0}),
        "attempts": 1,
    }
    api = web.Api(settings.model_copy(update=changed), many.rows(feed, times))
    with web.serving(api.answer) as address:
        connector = feed.bound(Binding(samples.JURISDICTION, address, credentials(settings)), **changed)
        yield _StandIn(
            connector, len(api.rows), lambda: api.rows.append(many.late(feed, times)), lambda: api.trouble
        )


def credentials(settings: HttpSettings) -> dict[str, str]:
    """Give a made-up value for the variable that holds a feed's secret."""
    return {settings.auth.variable: "nobody:nothing"} if settings.auth.variable else {}


@contextmanager
def _table(feed: Feed, settings: TableSettings) -> Iterator[_StandIn]:
    times, numbers = _versions(feed) | {column_name(settings.updated)}, {column_name(settings.id)}
    made = many.rows(feed, times - numbers, numbers)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "exchange.db"
        url = databases.write(file, settings.table, made)
        binding = Binding(samples.JURISDICTION, url)
        connector = feed.bound(binding, page=many.PAGE, overlap_seconds=0, db_schema=None)
        more = [many.late(feed, times - numbers, numbers)]
        yield _StandIn(connector, len(made), lambda: databases.write(file, settings.table, more))


@contextmanager
def _tap(feed: Feed, settings: SingerSettings) -> Iterator[_StandIn]:
    made = many.rows(feed, _versions(feed))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        binding = Binding(samples.JURISDICTION, None, taps.tap(place, settings, made))
        more = [*made, many.late(feed, _versions(feed))]
        yield _StandIn(
            feed.bound(binding, page=many.PAGE), len(made), lambda: taps.tap(place, settings, more)
        )


@contextmanager
def _folder(feed: Feed, settings: FilesSettings) -> Iterator[_StandIn]:
    """Let every file of the sample arrive twice; a third time it comes late, and as old as the others."""
    files = feed.sample_files()
    feed.some_raws()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for file in files:
            _arrive(file, place / file.name)
            _arrive(file, place / _again(file, settings, 2))
        binding = Binding(samples.JURISDICTION, folder)
        whole = feed.bound(binding, settle_seconds=0.0).fetch(None)
        third = [(file, place / _again(file, settings, 3)) for file in files]
        renamed = all(to.name != file.name for file, to in third)
        yield _StandIn(
            feed.bound(binding, page=many.PAGE, settle_seconds=0.0),
            len(set[object]().union(*map(_named, whole))),
            (lambda: _arrive_all(third)) if renamed else None,
        )


def _again(file: Path, settings: FilesSettings, number: int) -> str:
    """Give another name for a file; its own where the manifest's patterns allow no other."""
    name = f"{file.stem}-{number}{file.suffix}"
    allowed = any(fnmatch.fnmatch(name.lower(), pattern) for pattern in settings.patterns)
    return name if allowed else file.name


def _arrive_all(files: list[tuple[Path, Path]]) -> None:
    for file, to in files:
        _arrive(file, to)


def _arrive(file: Path, to: Path) -> None:
    shutil.copyfile(file, to)
    os.utime(to, (1_700_000_000, 1_700_000_000))
