from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlwt

from connectors.transports.sheets import NotReadable, rows


def book() -> bytes:
    file = io.BytesIO()
    made = openpyxl.Workbook()
    for number in range(50):
        made.worksheets[0].append([number, f"示例{number}"])
    made.save(file)
    return file.getvalue()


def old_book() -> bytes:
    file = io.BytesIO()
    made = xlwt.Workbook()
    made.add_sheet("1").write(0, 0, "编号")
    made.save(file)
    return file.getvalue()


TEXT = "编号,名称\n1,甲\n"
CASES: dict[str, tuple[str, Callable[[], bytes], str, str, str]] = {
    "half written": (
        "a.xlsx",
        lambda: book()[:3000],
        "file.broken",
        "没有写完",
        "copy or send the whole file again",
    ),
    "not written yet": ("a.xlsx", lambda: bytes(9000), "file.broken", "没有写完", "half written"),
    "empty": ("a.xlsx", lambda: b"", "file.empty", "文件是空的", "export it again"),
    "a web page": (
        "a.xlsx",
        lambda: b"\n<!DOCTYPE html><html>",
        "file.html",
        "网页",
        "a login or error page",
    ),
    "a page saved as Excel": (
        "a.xls",
        lambda: b"<html xmlns:x='x'><table>",
        "file.html",
        "网页",
        "save it as .xlsx",
    ),
    "XML saved as Excel": (
        "a.xls",
        lambda: b'<?xml version="1.0"?><Workbook/>',
        "file.html",
        "另存",
        "save it as .xlsx",
    ),
    "a page named csv": ("a.csv", lambda: b"<html>login</html>", "file.html", "网页", "download it again"),
    "csv named xlsx": ("a.xlsx", TEXT.encode, "file.kind", "扩展名改为 .csv", "name it .csv"),
    "csv of GB18030 named xls": (
        "a.xls",
        lambda: TEXT.encode("gb18030"),
        "file.kind",
        "扩展名改为 .csv",
        "name it .csv",
    ),
    "xlsx named csv": ("a.csv", book, "file.kind", "扩展名改为 .xlsx", "name it .xlsx"),
    "xlsx named xls": ("a.xls", book, "file.kind", "扩展名改为 .xlsx", "name it .xlsx"),
    "half an xlsx named csv": ("a.csv", lambda: book()[:3000], "file.broken", "没有写完", "whole file again"),
    "xls named csv": ("a.csv", old_book, "file.kind", "另存为 .xlsx", "save it as .xlsx"),
    "xls named xlsx, or a password": ("a.xlsx", old_book, "file.encrypted", "去掉密码", "without a password"),
    "UTF-16": ("a.csv", lambda: TEXT.encode("utf-16"), "file.encoding", "UTF-16", "save it as CSV UTF-8"),
    "no encoding": (
        "a.csv",
        lambda: b"BH\n\xff\xff\xff\n",
        "file.encoding",
        "另存为",
        "save it as CSV UTF-8",
    ),
    "rotten": ("a.xlsx", lambda: b"\x01\x02" * 99, "file.broken", "重新导出", "export it again"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_cause_is_named_apart_and_says_what_to_do_in_both_languages(name: str, tmp_path: Path) -> None:
    called, make, rule, zh, en = CASES[name]
    (tmp_path / called).write_bytes(make())
    with pytest.raises(NotReadable) as refused:
        list(rows(tmp_path / called, None))
    assert refused.value.rule == rule
    assert zh in refused.value.zh
    assert en in refused.value.en


@pytest.mark.parametrize(
    ("called", "make"),
    [
        *(
            ("a.xlsx", book),
            ("a.xls", old_book),
            ("a.csv", TEXT.encode),
            ("a.txt", lambda: TEXT.encode("gb18030")),
        ),
        *(("a.csv", lambda: b"<5,\n1,2\n"), ("a.csv", lambda: b"PK,BH\n1,2\n")),
    ],
)
def test_what_is_what_it_is_named_is_read(called: str, make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / called).write_bytes(make())
    assert list(rows(tmp_path / called, None))
