"""The records of a simulated city as pages ready to be served: written once, the same bytes for every contestant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import groupby
from math import ceil
from pathlib import Path

from bench.ingest.feeds import CHANGING, found, key_columns
from bench.ingest.job import Listing
from connectors.columns import column_name
from connectors.rows import RowReader
from schemas.records import Op, RawRecord
from simulator.city import Difficulty
from simulator.records import approval, housing, land, siting
from simulator.stream import stream_rows

Values = Mapping[str, str | None]
TABLES = land.TABLES | siting.TABLES | housing.TABLES | approval.TABLES
RECORDS_PER_PROJECT = 40
"""Fewer than a project has, so that a city of records ÷ this always has enough."""
_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Wanted:
    """Which pages: so many records of the city of a seed, cut into pages of so many rows."""

    records: int
    page: int = 1000
    seed: int = 7
    difficulty: Difficulty = "hard"


def pages(cache: Path, wanted: Wanted) -> tuple[Path, tuple[Listing, ...]]:
    """Give the folder with the pages and what is listed there; made when it is not there yet."""
    folder = cache / "pages" / "-".join(str(value) for value in asdict(wanted).values())
    if not (folder / "listings.json").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        writers = {source: _Writer(folder, source, wanted.page) for source in CHANGING}
        for source, values in _records(wanted):
            writers[source].add(values, changed(source, values))
        listings = [writer.end() for writer in writers.values()]
        (folder / "listings.json").write_text(json.dumps([asdict(one) for one in listings if one.records]))
    said = json.loads((folder / "listings.json").read_text())
    return folder, tuple(
        Listing(one["source"], tuple(one["key"]), one["records"], one["pages"]) for one in said
    )


def _records(wanted: Wanted) -> Iterator[tuple[str, Values]]:
    """Give exactly so many records, each once in its newest state, project by project; none withdrawn or without key."""
    readers = {source: RowReader(source_.manifest) for source, source_ in found().items()}
    told: set[tuple[str, str]] = set()
    projects = ceil(wanted.records / RECORDS_PER_PROJECT)
    rows = stream_rows(wanted.seed, projects, difficulty=wanted.difficulty, breadth="full")
    for _, of_project in groupby(rows, key=lambda pair: pair[0]):
        newest: dict[tuple[str, str], tuple[RawRecord, Values]] = {}
        for _, row in of_project:
            values = _full(row.source, row.values)
            raw = readers[row.source].from_values(values)
            if isinstance(raw, RawRecord) and all(values.get(name) for name in key_columns(row.source)):
                before = newest.get((raw.source, raw.key))
                if before is None or before[0].version <= raw.version:
                    newest[raw.source, raw.key] = raw, values
        for name, (raw, values) in newest.items():
            if raw.op is Op.UPSERT and name not in told:
                told.add(name)
                yield raw.source, values
                if len(told) == wanted.records:
                    return
    raise ValueError(f"{projects} projects have only {len(told)} records")


def _full(source: str, values: Mapping[str, str]) -> Values:
    """Give a row with all columns of its table, as the department's system would list it."""
    if source not in TABLES:
        return values
    return {name: values.get(name) or None for name in TABLES[source].columns.split()}


def changed(source: str, values: Values) -> Values:
    """Give a record as it is told once it has changed: another amount or word, and a later update time."""
    column, version = CHANGING[source], found()[source].manifest.version
    made = dict(values) | {column: _other(values.get(column) or "")}
    if version is not None:
        stamp = next(name for name in values if column_name(name) == version.columns[0])
        made[stamp] = _later(values[stamp] or "")
    return made


def _other(said: str) -> str:
    try:
        amount = Decimal(said)
        return str(amount + Decimal(1).scaleb(int(amount.as_tuple().exponent)))
    except InvalidOperation:
        return f"{said}（更正）"


def _later(said: str) -> str:
    return (datetime.strptime(said, _FORM) + timedelta(days=1)).strftime(_FORM)  # noqa: DTZ007 - as departments write


class _Writer:
    """Writes one feed's pages in both states, holding one page at a time."""

    def __init__(self, folder: Path, source: str, page: int) -> None:
        self._folder, self._source, self._page = folder, source, page
        self._rows: list[tuple[str, str]] = []
        self._count = self._pages = 0

    def add(self, first: Values, then: Values) -> None:
        """Take a record as it is told at first and after it has changed."""
        self._rows.append((_json(first), _json(then)))
        self._count += 1
        if len(self._rows) == self._page:
            self._write()

    def end(self) -> Listing:
        """Write what is left, and give the listing."""
        if self._rows:
            self._write()
        return Listing(self._source, key_columns(self._source), self._count, self._pages)

    def _write(self) -> None:
        self._pages += 1
        for place, state in enumerate(("first", "changed")):
            file = self._folder / state / self._source / str(self._pages)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(", ".join(pair[place] for pair in self._rows), encoding="utf-8")
        self._rows.clear()


def _json(values: Values) -> str:
    return json.dumps(values, ensure_ascii=False)
