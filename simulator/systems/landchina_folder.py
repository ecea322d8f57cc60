"""The land market's published 供地结果: one export per span of days, xls and xlsx in turn."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from simulator.city import City
from simulator.dice import date_of
from simulator.records.land import LANDCHINA_HEADS

SHEET = "xls格式测试表"
"""The sheet's name at the real origin."""
SPAN = 91


def spans(city: City, since: int) -> list[tuple[int, int]]:
    """First and last day of every export after day `since`: quarters up to the city's making, then one per advance."""
    made = city.town.calendar.made
    found = [(first, min(first + SPAN - 1, made)) for first in range(0, made + 1, SPAN)]
    end = made
    for days in city.advances:
        found.append((end + 1, end + days))
        end += days
    return [(first, last) for first, last in found if first > since]


def write_exports(city: City, folder: Path, since: int) -> list[Path]:
    """Writes the exports of the spans after day `since` that hold any row; one that lies there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for first, last in spans(city, since):
        rows = [cells for _, _, cells in city.landchina(first, last)]
        begin = date_of(city.town.calendar.first, first)
        until = begin + timedelta(days=last - first)
        # the count of days since a fixed date, not of files, so that an export never changes its form
        suffix = "xls" if begin.toordinal() // SPAN % 2 else "xlsx"
        path = folder / f"供地结果_{begin}_{until}.{suffix}"
        if rows and not path.exists():
            part = path.with_name(f".{path.name}.part")
            (_write_xls if suffix == "xls" else _write_xlsx)(part, rows)
            part.replace(path)
            written.append(path)
    return written


def _write_xls(path: Path, rows: list[list[str]]) -> None:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(SHEET)
    for number, cells in enumerate([list(LANDCHINA_HEADS), *rows]):
        for column, cell in enumerate(cells):
            if cell:
                sheet.write(number, column, cell)
    book.save(str(path))


def _write_xlsx(path: Path, rows: list[list[str]]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.append(LANDCHINA_HEADS)
    for cells in rows:
        sheet.append([cell or None for cell in cells])
    book.save(path)
