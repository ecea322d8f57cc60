"""Weekly workbooks as a commerce bureau makes them: two header rows, merged cells, formats, formulas, faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Font, PatternFill

SOURCE = "commerce.signed_weekly"
SAMPLE = Path("connectors/departments/commerce/signed_weekly/sample/签约履约周报_20241014.xlsx")
SHEET = "签约履约"
FIRST = 4
"""The row of the sample's first record."""


def heads() -> dict[str, int]:
    """Give the column of each lowest head."""
    page = openpyxl.load_workbook(SAMPLE)[SHEET]
    found: dict[str, int] = {}
    for line in (2, 3):
        for cell in page[line]:
            if cell.value:
                found[str(cell.value).split("（")[0]] = cell.column
    return found


def weekly(folder: Path, *rows: dict[str, Any], name: str = "周报_20241021.xlsx") -> Path:
    """Write the sample with further rows like its first, changed as said, and give the file."""
    book = openpyxl.load_workbook(SAMPLE)
    page = book[SHEET]
    columns = heads()
    last = max(cell.row for row in page.iter_rows() for cell in row if cell.value is not None)
    page.cell(1, 1).font = Font(bold=True, size=20)
    page.cell(FIRST, 2).fill = PatternFill("solid", start_color="FF00B050")
    page.cell(FIRST, 2).number_format = "0.00"
    for place, said in enumerate(rows, start=1):
        for column in range(1, len(columns) + 1):
            page.cell(last + place, column).value = page.cell(FIRST, column).value
        page.cell(last + place, columns["招商编号"]).value = f"ZS2024-9{place:02}"
        for head, value in said.items():
            page.cell(last + place, columns[head]).value = value
    other = book.create_sheet("说明")
    other["A1"], other["B2"], other["C3"] = "=SUM(1,2)", "其他内容", '=HYPERLINK("http://127.0.0.1","x")'
    path = folder / name
    book.save(path)
    return path


def last_line(path: Path) -> int:
    """Give the last row of the sheet that says something."""
    page = openpyxl.load_workbook(path)[SHEET]
    return max(cell.row for row in page.iter_rows() for cell in row if cell.value is not None)
