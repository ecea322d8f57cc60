"""The sheet 校验结果 in front of a returned workbook: how many rows were taken, and every fault with a way to its cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink

from schemas.checks import CheckedRow, CheckTotals, RowFault, Tally

ROW, RED, AMBER, PALE = "FFFFC7CE", "FFFF5050", "FFFFC000", "FFFFF2CC"
"""A refused row, the cell it was refused for, a doubtful cell, a note: alpha, red, green, blue."""
MOST_LISTED = 5_000
WORDS = {
    "unreadable": "无法读取",
    "rejected": "拒收",
    "dropped": "该值未采用",
    "doubt": "存疑，已保留原值",
    "note": "提示",
}
WHO = {"department": "报送部门", "hub": "数据枢纽管理员"}
_COUNTS = {
    "received": "收到行数",
    "accepted": "接收",
    "rejected": "拒收",
    "unreadable": "无法读取",
    "issues": "存疑或未采用的值",
    "notes": "提示",
}
_LEGEND = (
    (ROW, "红色行：未被接收，请改正后重报"),
    (RED, "深红单元格：拒收的原因所在"),
    (AMBER, "橙色单元格：此值存疑或未采用，请核对"),
    (PALE, "浅黄单元格：提示，无需处理"),
)
_HEADS = ("行", "单元格", "结果", "规则", "字段", "值", "说明与处理", "责任方", "In English")
_WIDTHS = (8, 10, 18, 26, 18, 30, 60, 14, 60)
_LONGEST = 32_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def fill_of(fault: RowFault) -> PatternFill:
    """Give the colour of a fault's cell."""
    colours = {"rejected": RED, "unreadable": RED, "note": PALE}
    return solid(colours.get(fault.severity, AMBER))


def solid(colour: str) -> PatternFill:
    """Give a fill of one colour."""
    return PatternFill("solid", start_color=colour, end_color=colour)


def text_cell(page: Any, value: Any) -> Cell:
    """Give a cell that shows a value as it is; a text that would be a formula is kept from becoming one."""
    cell = WriteOnlyCell(page)
    if isinstance(value, str):
        set_text(cell, value)
    elif isinstance(value, bool | int | float | date | datetime | time):
        cell.value = value
    elif value is not None:
        set_text(cell, str(value))
    return cell


def is_plain(value: Any) -> bool:
    """Tell a value that may be written as it is from a text that would be taken for a formula, or not at all."""
    if isinstance(value, str):
        odd = value.startswith((*_FORMULA, "#")) or len(value) > _LONGEST
        return not odd and value == clean(value)
    return value is None or isinstance(value, bool | int | float | date | datetime | time)


def clean(said: str) -> str:
    """Give a text without what a workbook cannot hold: control characters and halves of characters."""
    return ILLEGAL_CHARACTERS_RE.sub("", said).encode("utf-8", "ignore").decode()


def set_text(cell: Cell, said: str) -> None:
    """Let a cell say a text and nothing but a text."""
    cell.value = clean(said)[:_LONGEST]
    if cell.data_type != "s":
        cell.data_type = "s"
    if said.startswith(_FORMULA):
        cell.quotePrefix = True


class Summary:
    """Gathers what the rows of one sheet tell, and writes it on the page in front."""

    def __init__(self, page: Any, about: str) -> None:
        self._page, self._about = page, about.replace("'", "''")
        self._tally = Tally()
        self._listed: list[tuple[int | None, RowFault]] = []
        self._left_out = 0
        self._line = 0

    def add(self, row: CheckedRow) -> None:
        """Take in one row."""
        self._tally.add(row)
        room = MOST_LISTED - len(self._listed)
        self._listed += [(row.line, fault) for fault in row.faults[:room]]
        self._left_out += max(0, len(row.faults) - room)

    def write(self, facts: Mapping[str, str | int]) -> CheckTotals:
        """Write the page, once, and give the totals; `facts` are shown as they are."""
        for number, width in enumerate(_WIDTHS):
            self._page.column_dimensions["ABCDEFGHI"[number]].width = width
        self._put(["校验结果"], bold=True)
        for name, value in facts.items():
            self._put([name, None, value])
        totals = self._tally.totals
        for name, word in _COUNTS.items():
            self._put([word, None, getattr(totals, name)])
        self._put([])
        for colour, told in _LEGEND:
            legend = text_cell(self._page, "")
            legend.fill = solid(colour)
            self._put([legend, None, told])
        self._put([])
        self._put(_HEADS, bold=True)
        for line, fault in self._listed:
            self._put(self._told(line, fault))
        if self._left_out:
            self._put([f"另有 {self._left_out} 项未列出，见着色的单元格"])
        if not self._listed:
            self._put(["没有发现问题"])
        return totals

    def _told(self, line: int | None, fault: RowFault) -> list[Any]:
        where = text_cell(self._page, fault.cell or "")
        if fault.cell:
            where.row, where.column = self._line + 1, 2  # a link is told its place when it is set
            where.hyperlink = Hyperlink(
                ref=f"B{self._line + 1}", location=f"'{self._about}'!{fault.cell}", display=fault.cell
            )
            where.font = Font(color="FF0563C1", underline="single")
        colour = text_cell(self._page, WORDS[fault.severity])
        colour.fill = fill_of(fault)
        who = WHO[fault.responsible.value]
        return [line, where, colour, fault.rule, fault.field, fault.value, fault.zh, who, fault.en]

    def _put(self, values: Any, *, bold: bool = False) -> None:
        cells = [value if isinstance(value, Cell) else text_cell(self._page, value) for value in values]
        for cell in cells if bold else ():
            cell.font = Font(bold=True)
        self._page.append(cells)
        self._line += 1
