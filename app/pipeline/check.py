"""先检后交: what would become of a file, a message or a listing, told before it is sent; nothing is kept.

The very code of the corridor reads and interprets, so what is told here is what would happen. No database is asked:
whether a row says anything new is not told.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from app.errors import BadRequest, NotFound, Unavailable
from app.pipeline.further import further
from app.pipeline.interpret import of_source
from app.pipeline.process import unpack
from app.pipeline.rules import Rules
from app.pipeline.sync import binding
from connectors import handed
from connectors.columns import column_letters, column_name
from connectors.errors import ConnectorError, SourceChanged
from connectors.manifest import Manifest
from connectors.transports.sheets import NotReadable
from schemas.checks import CheckedRow, CheckReport, RowFault, Tally, doubted, refused, unreadable
from schemas.records import Issue, Op, RawRecord, Rejection, Unreadable

BATCH = 1000
MOST_ROWS = 1_048_576
"""Rows of a listing that are read; a sheet has no more either."""

Numbered = Iterable[tuple[int, RawRecord | Unreadable]]


class Cells:
    """Finds the cell of a column in a row of the sheet, by the table's heads."""

    def __init__(self, heads: list[str]) -> None:
        self._letters: dict[str, str] = {}
        for place, head in enumerate(heads):
            if head:
                self._letters.setdefault(column_name(head), column_letters(place + 1))
        self._first = next(iter(self._letters.values()), None)

    def at(self, line: int | None, field: str | None) -> str | None:
        """Give `C5` for a column; for one the sheet has not, the row's first cell; None where there is no sheet."""
        if line is None or self._first is None:
            return None
        return f"{self._letters.get(field or '', self._first)}{line}"


class Checked(NamedTuple):
    """A source's rows as they would be received, walked once; `width` is how many columns their table has."""

    manifest: Manifest
    name: str
    width: int
    rows: Iterator[CheckedRow]


def manifest_of(rules: Rules, source: str) -> Manifest:
    """Give a source's manifest; raise NotFound."""
    if source not in rules.registry.sources:
        raise NotFound(f"没有来源 {source} / no source {source}; `hub sources list` names them")
    return rules.registry.manifest(source)


def guess(rules: Rules, path: Path) -> str:
    """Give the one source whose columns the file has; raise BadRequest when there is none, or more than one."""
    try:
        found = handed.fitting(rules.registry.manifests(), path)
    except NotReadable as error:
        raise BadRequest(f"{path.name}：{error.zh} / {error.en}") from error
    if len(found) == 1:
        return found[0]
    if found:
        raise BadRequest(
            f"符合的来源不止一个 several sources fit: {', '.join(found)}; 请用 --source 指明 name one"
        )
    raise BadRequest(
        "没有来源的列与该文件相符，请用 --source 指明来源，以便告知差异"
        " / no source has these columns: name one by --source, and the differences are told"
    )


def check_file(rules: Rules, jurisdiction: int, source: str, path: Path, name: str | None = None) -> Checked:
    """Check a file of a source; `name` is what it is called, where `path` is only where it lies.

    What would refuse the whole file is a row of its own, in no line.
    """
    manifest = manifest_of(rules, source)
    called = name or path.name
    try:
        heads, rows = handed.read(manifest, path, called, time.time())
    except (NotReadable, SourceChanged) as error:
        return Checked(manifest, called, 0, _refusals(manifest, error, 1))
    checked = check_rows(rules, jurisdiction, source, rows, Cells(heads))
    return Checked(manifest, called, len(heads), _to_its_end(manifest, checked))


def check_place(rules: Rules, jurisdiction: int, source: str, place: str) -> Checked:
    """Check what a source gives at an address, read whole and without a cursor.

    Raises BadRequest for a source that is not fetched; among the rows Unavailable when the address does not answer.
    """
    manifest = manifest_of(rules, source)
    if manifest.transport.kind not in {"http", "table"}:
        raise BadRequest(f"{source} 不是接口或库表来源 / {source} is read from no address: give a file")
    return Checked(manifest, place.partition("?")[0], 0, _of_place(rules, jurisdiction, manifest, place))


def check_message(
    rules: Rules, jurisdiction: int, source: str, headers: Mapping[str, str], body: bytes
) -> Checked:
    """Check a message of a source as it would be received once it is pushed."""
    rows = enumerate(unpack(rules, jurisdiction, source, headers, body), start=1)
    checked = check_rows(rules, jurisdiction, source, rows, Cells([]))
    return Checked(manifest_of(rules, source), headers.get("webhook-id", ""), 0, checked)


def check_rows(
    rules: Rules, jurisdiction: int, source: str, rows: Numbered, cells: Cells
) -> Iterator[CheckedRow]:
    """Give what would become of rows that bear their number in a sheet, in order; a refused one with all its faults."""
    place = 0
    source_rows = iter(rows)
    while batch := list(islice(source_rows, BATCH)):
        upserts = [raw for _, raw in batch if isinstance(raw, RawRecord) and raw.op is Op.UPSERT]
        found = [one.outcome for one in of_source(jurisdiction, rules, source, upserts)]
        refusals = [
            (raw, outcome)
            for raw, outcome in zip(upserts, found, strict=True)
            if isinstance(outcome, Rejection)
        ]
        outcomes, others = iter(found), iter(further(jurisdiction, rules, source, refusals))
        for line, raw in batch:
            place += 1
            if isinstance(raw, Unreadable):
                fault = unreadable(raw, cells.at(line, None))
                yield CheckedRow(row_no=place, line=line, key=None, outcome="unreadable", faults=(fault,))
                continue
            outcome = next(outcomes) if raw.op is Op.UPSERT else None
            if isinstance(outcome, Rejection):
                told = (_told(fault, cells, line) for fault in (outcome, *next(others)))
                yield CheckedRow(row_no=place, line=line, key=raw.key, outcome="rejected", faults=tuple(told))
                continue
            faults = tuple(_told(issue, cells, line) for issue in (outcome.issues if outcome else ()))
            yield CheckedRow(row_no=place, line=line, key=raw.key, outcome="accepted", faults=faults)


def _told(found: Rejection | Issue, cells: Cells, line: int | None) -> RowFault:
    cell = cells.at(line, found.field)
    return refused(found, cell) if isinstance(found, Rejection) else doubted(found, cell)


def report(checked: Checked, most: int, most_rows: int = MOST_ROWS) -> CheckReport:
    """Walk the rows and tell their totals, and those with something to tell, `most` of them.

    Raises BadRequest for more than `most_rows`.
    """
    tally = Tally()
    shown: list[CheckedRow] = []
    told = 0
    for row in checked.rows:
        tally.add(row)
        if row.row_no > most_rows:
            raise BadRequest(
                f"超过 {most_rows} 行，请用命令 hub check 校验 / more than {most_rows} rows: check them by `hub check`"
            )
        if row.faults:
            told += 1
            if len(shown) < most:
                shown.append(row)
    return CheckReport(
        source=checked.manifest.key,
        zh=checked.manifest.title.zh,
        en=checked.manifest.title.en,
        name=checked.name,
        ok=tally.totals.rejected + tally.totals.unreadable == 0,
        totals=tally.totals,
        rows=tuple(shown),
        left_out=told - len(shown),
    )


def _to_its_end(manifest: Manifest, rows: Iterator[CheckedRow]) -> Iterator[CheckedRow]:
    """Give the rows of a file that may turn out to be broken further down."""
    seen = 0
    try:
        for row in rows:
            seen = row.row_no
            yield row
    except NotReadable as error:
        yield from _refusals(manifest, error, seen + 1)


def _refusals(manifest: Manifest, error: NotReadable | SourceChanged, row_no: int) -> Iterator[CheckedRow]:
    """Say why a whole file, or the rest of it, would be refused; one without the sheet may say nothing."""
    if isinstance(error, SourceChanged):
        yield _whole(row_no, "source.changed", f"各列与登记的不符，整个文件不会被接收：{error}", str(error))
    elif error.rule != "file.sheet" or not handed.settings_of(manifest).sheet_may_lack:
        yield _whole(row_no, error.rule, error.zh, error.en)


def _of_place(rules: Rules, jurisdiction: int, manifest: Manifest, place: str) -> Iterator[CheckedRow]:
    connector = rules.registry.open(manifest.key, binding(jurisdiction, place))
    rows = (row for page in connector.fetch(None) for row in page.rows)
    seen = 0
    try:
        numbered = enumerate(islice(rows, MOST_ROWS), start=1)
        for row in check_rows(rules, jurisdiction, manifest.key, numbered, Cells([])):
            seen = row.row_no
            yield row
    except SourceChanged as error:
        yield _whole(seen + 1, "source.changed", f"来源结构与登记的不符：{error}", str(error))
    except ConnectorError as error:
        raise Unavailable(f"{type(error).__name__}: {error}") from error


def _whole(row_no: int, rule: str, zh: str, en: str) -> CheckedRow:
    fault = unreadable(Unreadable(rule, b"", zh, en), None)
    return CheckedRow(row_no=row_no, line=None, key=None, outcome="unreadable", faults=(fault,))
