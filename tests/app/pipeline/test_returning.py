"""What goes back to a department, read again as its clerk would see it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from app.pipeline.returning import return_file
from app.pipeline.rules import Rules, load_rules
from connectors.registry import discover
from connectors.transports import whole_workbooks
from connectors.transports.returned_summary import AMBER, PALE, RED, ROW
from connectors.transports.sheets import RETURNED
from tests.support.weekly import FIRST, SAMPLE, SHEET, SOURCE, heads, weekly

FAULTY: tuple[dict[str, Any], ...] = (
    {"项目名称": None},
    {"备注": "=1+1", "统一社会信用代码": "91430204MA4D00180X"},
    {"项目名称": "测试项目", "备注": "@SUM(1,2)"},
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(discover())


def given_back(rules: Rules, path: Path, source: str = SOURCE) -> Any:
    out = path.parent / f"{path.name}.back.xlsx"
    return_file(rules, 430200, source, path, out)
    return openpyxl.load_workbook(out)


def colours(page: Any, line: int) -> list[str]:
    return [cell.fill.start_color.rgb for cell in page[line]]


def summary(book: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in book[RETURNED].iter_rows(values_only=True)]


def counts(book: Any) -> dict[str, Any]:
    return {row[0]: row[2] for row in summary(book) if row[0] and len(row) > 2}


def no_formula(book: Any) -> None:
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []


def test_refused_rows_are_red_and_doubtful_cells_amber_each_with_a_comment_in_chinese(
    rules: Rules, tmp_path: Path
) -> None:
    path = weekly(tmp_path, *FAULTY)
    page = given_back(rules, path)[SHEET]
    at = heads()
    missing = page.cell(10, at["项目名称"])
    assert colours(page, 10) == [RED if cell == missing else ROW for cell in page[10]]
    assert "【拒收】第 10 行" in missing.comment.text
    assert "规则：field.missing" in missing.comment.text
    assert "由谁处理：报送部门" in missing.comment.text
    doubted = page.cell(11, at["统一社会信用代码"])
    assert doubted.fill.start_color.rgb == AMBER
    assert "91430204MA4D00180X" in doubted.comment.text
    assert set(colours(page, 11)) <= {AMBER, PALE, "00000000"}
    assert "row.test_data" in page.cell(12, at["项目名称"]).comment.text
    noted = page.cell(FIRST, at["统一社会信用代码"])
    assert noted.fill.start_color.rgb == PALE


def test_the_first_sheet_counts_the_rows_and_leads_to_each_cell(rules: Rules, tmp_path: Path) -> None:
    book = given_back(rules, weekly(tmp_path, *FAULTY))
    assert book.sheetnames == [RETURNED, SHEET, "说明"]
    assert book.active.title == RETURNED
    told = counts(book)
    assert (told["收到行数"], told["接收"], told["拒收"], told["无法读取"]) == (5, 3, 2, 0)
    assert told["文件"] == "周报_20241021.xlsx"
    listed = [row for row in book[RETURNED].iter_rows() if row[3].value == "field.missing"]
    [row] = listed
    assert (row[0].value, row[1].value, row[2].value) == (10, "C10", "拒收")
    assert row[1].hyperlink.location == f"'{SHEET}'!C10"


def test_merged_cells_two_header_rows_formats_and_other_sheets_survive(rules: Rules, tmp_path: Path) -> None:
    path = weekly(tmp_path, *FAULTY)
    was, now = openpyxl.load_workbook(path), given_back(rules, path)
    assert now[SHEET].merged_cells.ranges == was[SHEET].merged_cells.ranges
    assert now[SHEET].cell(1, 1).font.size == 20
    assert now[SHEET].cell(FIRST, 2).fill.start_color.rgb == "FF00B050"
    assert now[SHEET].cell(FIRST, 2).number_format == "0.00"
    assert list(now[SHEET].values) == list(was[SHEET].values)
    assert now["说明"]["B2"].value == "其他内容"


def test_nothing_that_goes_back_is_executed(rules: Rules, tmp_path: Path) -> None:
    book = given_back(rules, weekly(tmp_path, *FAULTY))
    no_formula(book)
    assert book["说明"]["A1"].value == "=SUM(1,2)"
    assert book["说明"]["A1"].quotePrefix
    assert book[SHEET].cell(11, heads()["备注"]).value == "=1+1"
    assert book[SHEET].cell(12, heads()["备注"]).value == "@SUM(1,2)"


def test_a_returned_workbook_may_be_corrected_and_sent_again(rules: Rules, tmp_path: Path) -> None:
    path = weekly(tmp_path, *FAULTY)
    book = given_back(rules, path)
    book[SHEET].cell(10, heads()["项目名称"]).value = "示例补填项目"
    again = tmp_path / "再报_20241028.xlsx"
    book.save(again)
    page = (back := given_back(rules, again))[SHEET]
    assert back.sheetnames == [RETURNED, SHEET, "说明"]
    assert counts(back)["拒收"] == 1
    assert page.cell(10, heads()["项目名称"]).comment is None
    assert set(colours(page, 10)) <= {AMBER, PALE, "00000000"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_comes_back_as_a_workbook_with_its_columns(rules: Rules, tmp_path: Path, encoding: str) -> None:
    folder = Path("connectors/departments/energy/power_connections/sample")
    text = next(folder.glob("*.csv")).read_text("utf-8-sig")
    path = tmp_path / "用电报装_202411.csv"
    first, second, *_ = text.splitlines()
    path.write_text(f"{first}\n{second}\n\n{',' * first.count(',')}=1+1\n", encoding=encoding)
    book = given_back(rules, path, "energy.power_connections")
    page = book[book.sheetnames[1]]
    assert [cell.value for cell in page[1]] == first.split(",")
    no_formula(book)
    assert page.cell(4, first.count(",") + 1).value == "=1+1"
    assert page.cell(4, 1).comment is not None


def test_an_xls_comes_back_as_an_xlsx(rules: Rules, tmp_path: Path) -> None:
    old = xlwt.Workbook()
    page = old.add_sheet(SHEET)
    for line, row in enumerate(openpyxl.load_workbook(SAMPLE)[SHEET].iter_rows(values_only=True)):
        for column, value in enumerate(row):
            page.write(line, column, "" if line == FIRST - 1 and column == 2 else value)
    path = tmp_path / "周报_20241021.xls"
    old.save(str(path))
    book = given_back(rules, path)
    assert counts(book)["拒收"] == 1
    assert book[SHEET].cell(FIRST, 3).fill.start_color.rgb == RED


def test_a_file_of_json_comes_back_as_rows_under_its_names(rules: Rules, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(
        json.dumps([{"BARQ": "2024-01-01", "GCMC": "=x"}, {"GCMC": "乙", "LSH": "1"}]), encoding="utf-8"
    )
    book = given_back(rules, path, "housing.completions")
    page = book[book.sheetnames[1]]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["BARQ", "GCMC", "LSH"],
        ["2024-01-01", "=x", None],
        [None, "乙", "1"],
    ]
    assert counts(book)["无法读取"] + counts(book)["拒收"] == 2
    no_formula(book)


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(150_000_000))


HOSTILE = {
    "a bomb": (_bomb, "file.bomb"),
    "under a password": (
        lambda path: path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(9000)),
        "file.encrypted",
    ),
    "a text by another name": (lambda path: path.write_text("编号,名称\n1,甲\n"), "file.kind"),
    "of another feed": (lambda path: openpyxl.Workbook().save(path), "file.sheet"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_nobody_could_read_comes_back_as_a_summary_that_says_why(
    rules: Rules, tmp_path: Path, name: str
) -> None:
    make, rule = HOSTILE[name]
    path = tmp_path / "周报_20241021.xlsx"
    make(path)
    book = given_back(rules, path)
    assert counts(book)["无法读取"] == 1
    [row] = [row for row in summary(book) if row[3] == rule]
    assert row[2] == "无法读取"
    assert sorted(found.name for found in tmp_path.iterdir()) == [path.name, f"{path.name}.back.xlsx"]


def test_a_workbook_too_large_to_copy_is_written_anew_with_the_same_marks(
    rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weekly(tmp_path, *FAULTY)
    whole = given_back(rules, path)
    monkeypatch.setattr(whole_workbooks, "MOST_TAGS", 10)
    anew = given_back(rules, path)
    assert summary(anew)[5:] == summary(whole)[5:]
    assert anew.sheetnames == [RETURNED, SHEET]
    for line in (10, 11, 12):
        assert colours(anew[SHEET], line) == colours(whole[SHEET], line)
        for new, old in zip(anew[SHEET][line], whole[SHEET][line], strict=True):
            assert new.comment == old.comment
            assert new.value == (None if old.value == "=1+1" else old.value)  # as it last counted
    no_formula(anew)
