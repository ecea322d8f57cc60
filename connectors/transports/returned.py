"""Workbooks that go back to their department: refused rows in red, doubtful cells in amber, each with a comment.

The arrived workbook is copied with its sheets, merged cells and formats. Where it is too large for that, is no
workbook or cannot be copied, its rows are written anew, one by one. Nothing in what goes back is ever executed:
formulas come back as text.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from connectors.columns import column_letters
from connectors.transports.returned_summary import (
    AMBER,
    PALE,
    RED,
    ROW,
    WHO,
    WORDS,
    Summary,
    clean,
    fill_of,
    is_plain,
    set_text,
    solid,
    text_cell,
)
from connectors.transports.sheets import RETURNED, named, rows
from connectors.transports.whole_workbooks import may_be_opened
from schemas.checks import CheckedRow, CheckTotals, RowFault

log = logging.getLogger(__name__)

MOST_COMMENTS = 5_000
"""Excel grows slow with more; the cells behind them are coloured all the same."""
AUTHOR = "数据枢纽"
_LONGEST = 1_000


class Notice(NamedTuple):
    """What goes with the rows: what the summary says besides, and how many columns the table has."""

    facts: Mapping[str, str | int]
    width: int = 0


def copy_marked(
    path: Path, sheet: str | None, checked: Iterable[CheckedRow], notice: Notice, out: Path
) -> CheckTotals:
    """Write a copy of a file to `out`, the checked rows of its `sheet` marked; they come in order and are walked once.

    Raises NotReadable for a file nobody could read.
    """
    book = _opened(path) if path.suffix.lower() == ".xlsx" else None
    if book is None:
        return write_anew(rows(path, sheet), sheet or path.stem, checked, notice, out)
    page = book[named(sheet, book.sheetnames)]
    if RETURNED in book.sheetnames and page.title != RETURNED:
        del book[RETURNED]
    for one in book.worksheets:
        _disarm(one)
    for name, meant in list(book.defined_names.items()):
        if "[" in (meant.attr_text or ""):
            del book.defined_names[name]  # it means another workbook
    summary = Summary(book.create_sheet(RETURNED, 0), page.title)
    book.active = 0
    marker = _Marker(summary)
    for row in marker.marked(checked):
        line = row.line or 1
        cells = [page.cell(line, column) for column in range(1, max(notice.width, 1) + 1)]
        marker.mark(row, cells, lambda cell: _anchor(page, cell))
    return _saved(book, summary, notice, out)


def write_anew(
    lines: Iterable[Sequence[Any]], title: str, checked: Iterable[CheckedRow], notice: Notice, out: Path
) -> CheckTotals:
    """Write rows into a new workbook, one by one, the checked ones marked; memory does not grow with their number."""
    book = Workbook(write_only=True)
    front = book.create_sheet(RETURNED)
    page = book.create_sheet(_title(title))
    summary = Summary(front, page.title)
    try:
        _write(page, lines, checked, _Marker(summary), notice.width)
    except BaseException:
        page.close()  # its draft is a stream, and would complain when it is thrown away open
        raise
    return _saved(book, summary, notice, out)


def _write(
    page: WriteOnlyWorksheet,
    lines: Iterable[Sequence[Any]],
    checked: Iterable[CheckedRow],
    marker: _Marker,
    width: int,
) -> None:
    pending = marker.marked(checked)
    following = next(pending, None)
    for number, line in enumerate(lines, start=1):
        if following is None or following.line != number:
            page.append([value if is_plain(value) else text_cell(page, value) for value in line])
            continue
        cells = [text_cell(page, value) for value in (*line, *[None] * (width - len(line)))]
        marker.mark(following, cells, lambda cell: cell)
        page.append(cells)
        following = next(pending, None)
    while following is not None:  # rows without a line are told in the summary alone
        following = next(pending, None)


class _Marker:
    """Colours rows and comments on them, and keeps the number of comments bearable."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._comments = 0

    def marked(self, checked: Iterable[CheckedRow]) -> Iterator[CheckedRow]:
        """Tell the summary of every row, and give those that stand in a line and have a fault."""
        for row in checked:
            self._summary.add(row)
            if row.faults and row.line is not None:
                yield row

    def mark(self, row: CheckedRow, cells: Sequence[Any], anchor: Callable[[Any], Cell]) -> None:
        """Mark the cells of one row; `anchor` gives the cell that may bear a comment for a merged one."""
        by_name = {column_letters(place): cell for place, cell in enumerate(cells, start=1)}
        if row.outcome != "accepted":
            for cell in cells:
                cell.fill = solid(ROW)
        reasons = {fault.cell for fault in row.faults if fault.severity in {"rejected", "unreadable"}}
        for fault in row.faults:
            cell = by_name.get((fault.cell or "").rstrip("0123456789")) or (cells[0] if cells else None)
            if cell is None:
                continue
            milder = fault.cell in reasons and fault.severity not in {"rejected", "unreadable"}
            if not milder and (cell.fill.fill_type is None or fault.severity != "note"):
                cell.fill = fill_of(fault)
            if self._comments < MOST_COMMENTS:
                self._comments += 1
                _comment(anchor(cell), row, fault)


def _comment(cell: Cell, row: CheckedRow, fault: RowFault) -> None:
    value = "（空）" if fault.value in {None, ""} else fault.value
    told = (
        f"【{WORDS[fault.severity]}】第 {row.line} 行\n规则：{fault.rule}\n值：{value}\n说明：{fault.zh}\n"
        f"由谁处理：{WHO[fault.responsible.value]}"
    )[:_LONGEST]
    if cell.comment is not None:
        told = f"{cell.comment.text}\n\n{told}"[: 3 * _LONGEST]
    cell.comment = Comment(clean(told), AUTHOR, height=160, width=320)


def _opened(path: Path) -> Workbook | None:
    """Open a workbook whole; None for one that is too large for that, or that the library cannot open."""
    if not may_be_opened(path):
        return None
    try:
        # the library leaves a file open that it cannot read to the end
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it does not know; the copy goes without
            return load_workbook(file, keep_links=False, rich_text=True)
    except Exception:
        log.warning("a workbook cannot be copied; its rows are written anew", exc_info=True)
        return None


def _disarm(page: Worksheet) -> None:
    """Turn formulas into text, and take away what an earlier return has marked."""
    ours = {RED, AMBER, PALE, ROW}
    for cell in page._cells.values():  # noqa: SLF001 — the public ways make every cell between the used ones
        if cell.has_style and cell.fill.fill_type == "solid" and cell.fill.start_color.rgb in ours:
            cell.fill = PatternFill()
        if isinstance(cell, MergedCell):
            continue
        if cell.data_type == "f":
            said = cell.value
            set_text(cell, said if isinstance(said, str) else str(getattr(said, "text", None) or ""))
        if cell.comment is not None and cell.comment.author == AUTHOR:
            cell.comment = None


def _anchor(page: Worksheet, cell: Cell | MergedCell) -> Cell:
    """Give the cell that shows a merged area."""
    if isinstance(cell, MergedCell):
        area = next(found for found in page.merged_cells.ranges if cell.coordinate in found)
        cell = page.cell(area.min_row, area.min_col)
    assert isinstance(cell, Cell)
    return cell


def _title(name: str) -> str:
    """Give a name a sheet may have."""
    title = "".join("_" if sign in "[]:*?/\\" else sign for sign in name)[:31].strip("'") or "数据"
    return "数据" if title == RETURNED else title


def _saved(book: Workbook, summary: Summary, notice: Notice, out: Path) -> CheckTotals:
    """Finish the summary and put the workbook in its place at once: nobody ever sees half of it."""
    totals = summary.write(notice.facts)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        book.save(draft)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return totals
