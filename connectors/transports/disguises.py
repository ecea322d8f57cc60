"""What a file that its reader could not read is instead: told by its first and last bytes, with what to do about it."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple


class Disguise(NamedTuple):
    """What stands in a file, and what its sender should do; the rule it is refused under."""

    rule: str
    zh: str
    en: str


OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
"""How .xls files begin, and workbooks under a password."""
_ZIP, _ZIP_END = b"PK\x03\x04", b"PK\x05\x06"
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD, _TAIL = 4096, 70_000
"""A zip's directory ends within so many bytes of its end."""
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")

EMPTY = Disguise(
    "file.empty", "文件是空的：请重新导出后报送", "the file is empty: export it again and send it"
)
PAGE = Disguise(
    "file.html",
    "文件内容是网页（多为登录页、报错页，或网页另存的“Excel”）：请登录后重新下载，或用 Excel 打开后另存为 .xlsx 再报送",
    "the file is a web page (a login or error page, or a page saved as Excel): download it again, or open it in Excel and"
    " save it as .xlsx",
)
HALF = Disguise(
    "file.broken",
    "文件不完整，多半没有写完或没有传完：请等写完后重新复制或上传整个文件",
    "the file is not whole, most likely half written or half sent: copy or send the whole file again",
)
TEXT = Disguise(
    "file.kind",
    "文件内容是文本表格（csv），扩展名却是 Excel：请把扩展名改为 .csv，或用 Excel 打开后另存为 .xlsx 再报送",
    "the file is text (csv) under the name of a workbook: name it .csv, or open it in Excel and save it as .xlsx",
)
WORKBOOK = Disguise(
    "file.kind",
    "文件内容是 Excel 工作簿（.xlsx），扩展名却不是：请把扩展名改为 .xlsx，或用 Excel 另存为 CSV 再报送",
    "the file is a workbook (.xlsx) under another name: name it .xlsx, or save it in Excel as CSV",
)
OLD_WORKBOOK = Disguise(
    "file.kind",
    "文件内容是旧版 Excel 工作簿（.xls）或设有密码的工作簿，扩展名却不是：请去掉密码，另存为 .xlsx 后报送",
    "the file is an old workbook (.xls) or one under a password, by another name: save it as .xlsx without a password",
)
PASSWORD = Disguise(
    "file.encrypted",
    "文件设有密码，或是改了扩展名的 .xls：请去掉密码，另存为 .xlsx 后重报",
    "the file has a password, or is an .xls by another name: save it as .xlsx without a password",
)
WIDE = Disguise(
    "file.encoding",
    "文件编码是 UTF-16（Excel 的“Unicode 文本”）：请另存为“CSV UTF-8（逗号分隔）”后报送",
    "the file is UTF-16 (Unicode text of Excel): save it as CSV UTF-8 and send that",
)


def disguise(path: Path, suffix: str) -> Disguise | None:
    """Tell what a file is that is no table of the kind `suffix`, or that it is cut off; None where nothing shows."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read(_TAIL)
    workbook = suffix in {".xlsx", ".xls"}
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if workbook and not head.strip(b"\0\t\r\n "):
        return HALF if head.strip(b"\t\r\n ") else EMPTY
    if start.startswith(_PAGE) or (workbook and start.startswith(b"<")):
        return PAGE
    if head.startswith(OLD_OFFICE):
        return PASSWORD if suffix == ".xlsx" else OLD_WORKBOOK if suffix != ".xls" else None
    if head.startswith(_ZIP):
        if _ZIP_END not in tail:
            return HALF
        return WORKBOOK if suffix != ".xlsx" else None
    if workbook:
        return TEXT if _is_text(head) else None
    return WIDE if head.startswith(_MARKS) else None


def _is_text(head: bytes) -> bool:
    """Tell lines of text: of no control signs, in one of the encodings that tables come in."""
    if head.startswith(_MARKS):
        return True
    if any(sign < 32 and sign not in b"\t\r\n\f" for sign in head):
        return False
    for name in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        return True
    return False
