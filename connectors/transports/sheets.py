"""Rows of workbooks and csv files, streamed: cells as said, nothing interpreted but the file's own format."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

Row = list[Any]
MAX_ENTRIES, MAX_UNPACKED, MAX_RATIO = 1000, 200 * 1024 * 1024, 100
_ODDITIES = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    zipfile.BadZipFile,
)


class NotReadable(ValueError):
    """The file is not what its name says, or is built to exhaust its reader."""

    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.rule, self.zh, self.en = rule, zh, en


def rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Give a file's rows by its suffix; `sheet` names a workbook's sheet, else the first. Raises NotReadable."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        yield from _xlsx(path, sheet)
    elif suffix == ".xls":
        yield from _xls(path, sheet)
    elif suffix in {".csv", ".txt"}:
        yield from _csv(path)
    else:
        raise NotReadable("file.kind", f"不支持的文件类型 {suffix}", f"files of kind {suffix} are not read")


def _xlsx(path: Path, sheet: str | None) -> Iterator[Row]:
    import openpyxl

    _check_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _ODDITIES as error:
        raise _broken(error) from error
    with closing(book):
        page = book[_named(sheet, book.sheetnames)]
        page.reset_dimensions()  # what a file claims of its size is often wrong
        try:
            for row in page.iter_rows(values_only=True):
                yield [_cell(value) for value in row]
        except _ODDITIES as error:
            raise _broken(error) from error


def _check_zip(path: Path) -> None:
    """Refuse archives that unpack beyond measure before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except _ODDITIES as error:
        raise _broken(error) from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > packed * MAX_RATIO:
        raise NotReadable(
            "file.bomb",
            "压缩内容过大，疑似恶意文件",
            f"unpacks to {unpacked} bytes in {len(entries)} entries",
        )


def _xls(path: Path, sheet: str | None) -> Iterator[Row]:
    import xlrd

    try:
        book = xlrd.open_workbook(str(path), on_demand=True, logfile=io.StringIO())
    except (xlrd.biffh.XLRDError, *_ODDITIES) as error:
        raise _broken(error) from error
    page = book.sheet_by_name(_named(sheet, book.sheet_names()))
    for number in range(page.nrows):
        yield [
            _cell(_xls_date(float(value), book.datemode)) if kind == xlrd.XL_CELL_DATE else _cell(value)
            for kind, value in zip(page.row_types(number), page.row_values(number), strict=True)
        ]


def _xls_date(value: float, datemode: Literal[0, 1]) -> Any:
    import xlrd

    try:
        return xlrd.xldate_as_datetime(value, datemode)
    except (xlrd.xldate.XLDateError, OverflowError, ValueError):
        return value


def _csv(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            yield from csv.reader(file)
    except csv.Error as error:
        raise _broken(error) from error


def _encoding(path: Path) -> str:
    """Tell UTF-8 (with or without mark) from GB18030 by reading it all once; raise NotReadable for neither."""
    for name in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    raise NotReadable("file.encoding", "编码既不是 UTF-8 也不是 GB18030", "neither UTF-8 nor GB18030")


def _named(sheet: str | None, names: list[str]) -> str:
    if not names or (sheet is not None and sheet not in names):
        raise NotReadable(
            "file.sheet",
            f"没有工作表 {sheet}，只有：{'、'.join(names)}",
            f"no sheet {sheet}, only {', '.join(names)}",
        )
    return sheet or names[0]


def _cell(value: Any) -> Any:
    """Give a cell as JSON has it: whole numbers without a point, midnight as a day."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)


def _broken(error: Exception) -> NotReadable:
    """Name the reader's own error, but not its words: they tell where the hub keeps the file."""
    kind = type(error).__name__
    return NotReadable(
        "file.broken", f"文件损坏或格式不符({kind})", f"the file is broken or of another kind ({kind})"
    )
