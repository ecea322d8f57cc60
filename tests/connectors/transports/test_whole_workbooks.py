from __future__ import annotations

import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from connectors.transports.returned import Notice, copy_marked
from connectors.transports.sheets import NotReadable
from connectors.transports.whole_workbooks import may_be_opened

SHEET = "xl/worksheets/sheet1.xml"
MANY = b" ".join(b"A%d" % n for n in range(1, 100_000))


def book(folder: Path, *rows: list[str]) -> Path:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in rows or (["BH", "MC"], ["1", "甲"]):
        made.active.append(row)
    made.active.merge_cells("A3:B4")
    path = folder / "a.xlsx"
    made.save(path)
    return path


def changed(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The same workbook with another sheet, beside what makes it look well packed."""
    out = path.with_name("b.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry == SHEET else content)
        new.writestr("pad.bin", bytes(range(256)) * 400, compress_type=zipfile.ZIP_STORED)
    return out


def after_data(xml: bytes) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", b"</sheetData>" + xml)


HOSTILE = {
    "an area over all cells": after_data(b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "an area turned round": after_data(b"<mergeCells><mergeCell ref = 'XFD1048576:A1' /></mergeCells>"),
    "whole columns": after_data(b'<mergeCells><mergeCell ref="A:XFD"/></mergeCells>'),
    "written in numbers": after_data(b'<mergeCells><mergeCell ref="&#65;1:XFD1048576"/></mergeCells>'),
    "a link over all cells": after_data(
        b'<hyperlinks><hyperlink location="x" ref="A1:XFD1048576"/></hyperlinks>'
    ),
    "many areas": after_data(b"<mergeCells>" + b'<mergeCell ref="A1:Z1000"/>' * 10 + b"</mergeCells>"),
    "lists of ranges": after_data(
        b"<dataValidations>"
        + (b'<dataValidation type="list" sqref="' + MANY + b'"/>') * 2
        + b"</dataValidations>"
    ),
    "two bytes a letter": lambda sheet: (
        b'<?xml version="1.0" encoding="utf-16"?>'.decode().encode("utf-16")
        + sheet.decode().partition("?>")[2].encode("utf-16-le")
    ),
    "many cells": after_data(b"<a/>" * 1_100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_fill_memory_is_not_opened_whole_and_its_rows_come_back_all_the_same(
    name: str, tmp_path: Path
) -> None:
    path = changed(book(tmp_path), HOSTILE[name])
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert not may_be_opened(path)
    if name in {"two bytes a letter", "an area turned round", "whole columns"}:
        with pytest.raises(NotReadable):
            copy_marked(path, None, (), Notice({}), tmp_path / "out.xlsx")
    elif name not in {"many cells", "lists of ranges"}:
        copy_marked(path, None, (), Notice({}), tmp_path / "out.xlsx")
        page = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[1]
        assert [cell.value for cell in page[2]] == ["1", "甲"]
    assert time.process_time() - begun < 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_an_honest_workbook_may_be_opened(tmp_path: Path) -> None:
    assert may_be_opened(book(tmp_path))
    links = after_data(b'<hyperlinks><hyperlink ref="A1" location="x"/></hyperlinks>')
    assert may_be_opened(changed(book(tmp_path), links))
