"""Rows of workbooks and csv files, streamed: cells as said, nothing interpreted but the file's own format."""

from __future__ import annotations

import codecs
import csv
import errno
import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, TextIO

from connectors.transports.disguises import disguise

Row = list[Any]
MAX_ENTRIES, MAX_UNPACKED, MAX_RATIO = 1000, 200 * 1024 * 1024, 100
MAX_ROWS, MAX_COLUMNS, MAX_LINE = 1_048_576, 1000, 1_000_000
MAX_TAGS = 2_000_000
"""Of a part its reader builds in memory as a whole."""
RETURNED = "校验结果"
"""The sheet the hub puts first when it returns a workbook; one that is sent again is read past it."""
_CHUNK = 1 << 20
_END = "\x1f"
"""What is read after a file's last line: within a quote it becomes part of a cell."""
_WHOLE = ("[content_types].xml", ".rels", "workbook.xml", "styles.xml", "sharedstrings.xml")


class NotReadable(ValueError):
    """The file is not what its name says, or is built to exhaust its reader."""

    def __init__(self, rule: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.rule, self.zh, self.en = rule, zh, en


def rows(path: Path, sheet: str | None) -> Iterator[Row]:
    """Give a file's rows by its suffix; `sheet` names a workbook's sheet, else the first. Raises NotReadable."""
    for number, row in enumerate(cells(path, sheet), start=1):
        if len(row) > MAX_COLUMNS:
            raise NotReadable(
                "file.columns",
                f"第 {number} 行超过 {MAX_COLUMNS} 列",
                f"row {number} has more than {MAX_COLUMNS} columns",
            )
        yield [_cell(value) for value in row]


def cells(path: Path, sheet: str | None) -> Iterator[Row]:
    """Give a file's rows with its cells as the format holds them: days as days. Raises NotReadable."""
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        return _xlsx(path, sheet)
    if suffix == ".xls":
        return _xls(path, sheet)
    if suffix in {".csv", ".txt"}:
        return _csv(path)
    raise NotReadable("file.kind", f"不支持的文件类型 {suffix}", f"files of kind {suffix} are not read")


def _xlsx(path: Path, sheet: str | None) -> Iterator[Row]:
    import openpyxl

    check_zip(path)
    with ExitStack() as opened:
        file = opened.enter_context(
            path.open("rb")
        )  # the library leaves one open that it cannot read to the end
        with _named_errors():
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        opened.enter_context(closing(book))
        page = book[named(sheet, book.sheetnames)]
        page.reset_dimensions()  # what a file claims of its size is often wrong
        with _named_errors():
            for number, row in enumerate(page.iter_rows(values_only=True)):
                if number >= MAX_ROWS:
                    raise NotReadable("file.rows", f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
                yield list(row)


def check_zip(path: Path) -> None:
    """Refuse archives that unpack beyond measure, are cut off or declare XML entities, before anything is believed."""
    _undisguised(path, ".xlsx")
    with _named_errors(), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        packed = max(1, path.stat().st_size)
        if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > packed * MAX_RATIO:
            raise _bomb(f"unpacks to {unpacked} bytes in {len(entries)} entries")
        for entry in entries:
            with archive.open(entry) as part:
                _check_part(entry.filename.lower(), part)


def _undisguised(path: Path, suffix: str) -> None:
    """Refuse a file that is something else than it is named, by what it is and what to do about it."""
    if found := disguise(path, suffix):
        raise NotReadable(*found)


def _check_part(name: str, part: IO[bytes]) -> None:
    """Walk a part to its end, where its length and sum are proved; no reader holds more of it than a chunk."""
    is_xml = name.endswith((".xml", ".rels"))
    tags, end = 0, b""
    while chunk := part.read(_CHUNK):
        if not is_xml:
            continue
        if b"<!DOCTYPE" in end + chunk or b"<!ENTITY" in end + chunk:
            raise NotReadable("file.entities", "文件含 XML 实体声明", f"{name} declares XML entities")
        if len(chunk) == _CHUNK and b"<" not in chunk:
            raise _bomb(f"{name} holds a text of more than {_CHUNK} bytes")
        tags += chunk.count(b"<") if name.endswith(_WHOLE) else 0
        if tags > MAX_TAGS:
            raise _bomb(f"{name} holds more than {MAX_TAGS} tags")
        end = chunk[-9:]


def _xls(path: Path, sheet: str | None) -> Iterator[Row]:
    import xlrd

    _undisguised(path, ".xls")
    with _named_errors():
        book = xlrd.open_workbook(str(path), on_demand=True, logfile=io.StringIO())
    name = named(sheet, book.sheet_names())
    with _named_errors():
        page = book.sheet_by_name(name)
        for number in range(page.nrows):
            yield [
                _xls_date(float(value), book.datemode) if kind == xlrd.XL_CELL_DATE else value
                for kind, value in zip(page.row_types(number), page.row_values(number), strict=True)
            ]


def _xls_date(value: float, datemode: Literal[0, 1]) -> Any:
    import xlrd

    try:
        return xlrd.xldate_as_datetime(value, datemode)
    except (xlrd.xldate.XLDateError, OverflowError, ValueError):
        return value


def _csv(path: Path) -> Iterator[Row]:
    _undisguised(path, ".csv")
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file, _named_errors():
        _check_quotes(file)
    with path.open(encoding=encoding, newline="") as file, _named_errors():
        yield from csv.reader(_lines(file))


def _check_quotes(file: TextIO) -> None:
    """Refuse a file one of whose quotes has no end: such a cell swallows the rows after it.

    A record of several lines must be faultless; within one line a stray quote is read as it stands.
    """
    held: list[str] = []
    begins = 1
    try:
        for row in csv.reader(chain(_lines(file, held), [_END])):
            if len(held) > 1:
                list(csv.reader(held, strict=True))
            elif held and row and row[-1].endswith(_END):
                raise _open_quote(begins)
            begins += len(held)
            held.clear()
    except csv.Error as error:
        if len(held) < 2:
            raise
        raise _open_quote(begins) from error


def _open_quote(line: int) -> NotReadable:
    return NotReadable(
        "file.quotes",
        f"第 {line} 行的引号没有结束，其后各行无法分辨",
        f"a quote on line {line} has no end: the rows after it cannot be told apart",
    )


def _lines(file: TextIO, held: list[str] | None = None) -> Iterator[str]:
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise NotReadable(
                "file.line", f"有一行超过 {MAX_LINE} 字", f"a line of {MAX_LINE} characters or more"
            )
        if held is not None:
            held.append(line)
        yield line


def encoding_of(path: Path) -> str:
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
    raise NotReadable(
        "file.encoding",
        "编码既不是 UTF-8 也不是 GB18030：请另存为“CSV UTF-8（逗号分隔）”后重报",
        "neither UTF-8 nor GB18030: save it as CSV UTF-8 and send that",
    )


def named(sheet: str | None, names: list[str]) -> str:
    """Give the name of the sheet to read, the first where none is asked for; raise NotReadable when it is not there."""
    if not names or (sheet is not None and sheet not in names):
        raise NotReadable(
            "file.sheet",
            f"没有工作表 {sheet}，只有：{'、'.join(names)}",
            f"no sheet {sheet}, only {', '.join(names)}",
        )
    return sheet or next((name for name in names if name != RETURNED), names[0])


def _cell(value: Any) -> Any:
    """Give a cell as JSON has it: whole numbers without a point, midnight as a day."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)


def _bomb(en: str) -> NotReadable:
    return NotReadable("file.bomb", "压缩内容过大，疑似恶意文件", en)


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn whatever a reader raises over rotten bytes into NotReadable; a folder's own trouble stays an OSError.

    The reader's error is named, but not its words: they tell where the hub keeps the file.
    """
    try:
        yield
    except NotReadable:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # EINVAL is a seek to where a rotten file pointed
        kind = type(error).__name__
        raise NotReadable(
            "file.broken",
            f"文件已损坏({kind})：请用原来的程序打开，另存为 .xlsx 后重报；打不开的请重新导出",
            f"the file is broken ({kind}): open it where it was made and save it as .xlsx; if it does not open, export it again",
        ) from error
