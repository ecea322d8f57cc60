from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.transports import returned, returned_summary
from connectors.transports.returned import Notice, write_anew
from connectors.transports.returned_summary import ROW
from connectors.transports.sheets import RETURNED
from schemas.checks import CheckedRow, RowFault
from schemas.records import Responsible


def refused(line: int, cell: str | None = None, value: str | None = None) -> CheckedRow:
    fault = RowFault(
        severity="rejected",
        rule="row.bad",
        field="甲",
        cell=cell,
        value=value,
        responsible=Responsible.HUB,
        zh="请改正",
        en="correct it",
    )
    return CheckedRow(row_no=line, line=line, key=None, outcome="rejected", faults=(fault,))


def written(folder: Path, lines: list[list[Any]], *checked: CheckedRow, title: str = "数据表") -> Any:
    out = folder / "out.xlsx"
    write_anew(lines, title, checked, Notice({"文件": "=cmd|' /C calc'!A0"}, 2), out)
    return openpyxl.load_workbook(out)


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=", "\x0bx", "#N/A", "a" * 40_000]
)
def test_no_text_becomes_a_formula_in_a_cell_a_comment_or_the_summary(tmp_path: Path, value: str) -> None:
    book = written(tmp_path, [[value, 1], [value, None]], refused(2, "A2", value))
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}
    shown = value.replace("\x0b", "")[:32_000]
    assert [book["数据表"].cell(line, 1).value for line in (1, 2)] == [shown, shown]
    assert book["数据表"]["A2"].comment.text.startswith("【拒收】")


def test_only_so_many_faults_are_commented_and_listed_and_all_are_coloured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returned, "MOST_COMMENTS", 2)
    monkeypatch.setattr(returned_summary, "MOST_LISTED", 3)
    lines = [["a", "b"] for _ in range(6)]
    book = written(tmp_path, lines, *[refused(line, f"B{line}") for line in range(2, 7)])
    page = book["数据表"]
    assert [page.cell(line, 2).comment is not None for line in range(1, 7)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert [page.cell(line, 1).fill.start_color.rgb for line in range(2, 7)] == [ROW] * 5
    told = [row[0] for row in book[RETURNED].values]
    assert told.count("另有 2 项未列出，见着色的单元格") == 1


def test_a_short_or_empty_line_is_coloured_as_wide_as_the_table(tmp_path: Path) -> None:
    page = written(tmp_path, [["a", "b"], [], ["c"]], refused(2), refused(3, "B3"))["数据表"]
    assert page["A2"].comment is not None
    assert page["B3"].comment is not None
    assert page["A3"].fill.start_color.rgb == ROW


@pytest.mark.parametrize("title", ["", "a" * 50, "甲/乙:[丙]*?", RETURNED, "'引号'"])
def test_any_name_becomes_one_a_sheet_may_have_and_the_links_follow(tmp_path: Path, title: str) -> None:
    book = written(tmp_path, [["a"]], refused(1, "A1"), title=title)
    assert len(book.sheetnames) == 2
    links = [cell.hyperlink.location for row in book[RETURNED].iter_rows() for cell in row if cell.hyperlink]
    name = book.sheetnames[1].replace("'", "''")
    assert links == [f"'{name}'!A1"]


def test_a_workbook_that_could_not_be_finished_leaves_the_former_one_and_no_draft(tmp_path: Path) -> None:
    written(tmp_path, [["a"]])
    before = (tmp_path / "out.xlsx").read_bytes()

    def broken() -> Iterator[CheckedRow]:
        yield refused(1)
        raise RuntimeError("a row that cannot be checked")

    with pytest.raises(RuntimeError):
        write_anew([["a"]], "数据表", broken(), Notice({}, 1), tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.xlsx"]
