"""Files of rows as departments send them, written for samples: what a reader of `sheets` gets back is what was given."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

Row = list[Any]
_XLS_FORMS = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss"}


def write(path: Path, rows: Iterable[Row], *, sheet: str | None, encoding: str) -> None:
    """Write rows in the format the suffix says; `sheet` names a workbook's only sheet, `encoding` is for csv.

    Nothing but cells is written: no author, no comment, no hidden sheet.
    """
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        _xlsx(path, rows, sheet or "Sheet1")
    elif suffix == ".xls":
        _xls(path, rows, sheet or "Sheet1")
    else:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        path.write_bytes(text.getvalue().encode(encoding))


def _xlsx(path: Path, rows: Iterable[Row], sheet: str) -> None:
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    try:
        for row in rows:
            cells = [WriteOnlyCell(page, cell) for cell in row]
            for cell in cells:
                if cell.data_type == "f":  # a text that begins like a formula, and is none
                    cell.data_type = "s"
            page.append(cells)
    except BaseException:
        page.close()  # it holds a file open, to which nothing comes any more
        raise
    book.save(path)


def _xls(path: Path, rows: Iterable[Row], sheet: str) -> None:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet(sheet)
    forms = {kind: xlwt.easyxf(num_format_str=form) for kind, form in _XLS_FORMS.items()}
    plain = xlwt.XFStyle()
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            if cell is not None and cell != "":
                page.write(number, place, cell, forms.get(type(cell), plain))
    book.save(str(path))
