"""Commerce's folder: the weekly workbook 签约履约 with its merged heads, subtotals and note row."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.city import City
from simulator.dice import date_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SHEET, TALKS_SHEET = "签约履约", "在谈项目"
TALKS_HEADS = (
    "序号",
    "项目名称",
    "投资方",
    "来源地",
    "内/外资",
    "产业类别",
    "行业类别",
    "拟投资总额（亿元）",
    "拟用地（亩）",
    "拟落户园区",
    "首谈时间",
    "洽谈进展",
    "存在问题",
    "责任单位",
    "联系领导",
    "联系人",
    "联系电话",
    "填报时间",
)
HEADS = (
    "序号",
    "招商编号",
    "项目名称",
    "投资方",
    "项目公司",
    "统一社会信用代码",
    "签约时间",
    "签约活动",
    "合同编号",
    "合同引资额（亿元）",
    "固定资产投资（亿元）",
    "本年到位资金（万元）",
    "累计到位资金（万元）",
    "约定开工时间",
    "实际开工时间",
    "约定投产时间",
    "实际投产时间",
    "履约状态",
    "项目代码",
    "所属县市区",
    "承接园区",
    "用地方式",
    "包保领导",
    "备注",
)
_MONEY, _WANTED = (10, 13), (8, 9)
_NAME, _DISTRICT, _AMOUNT = 3, 20, 10


def write_weeks(city: City, folder: Path, since: int) -> list[Path]:
    """Writes the sheets of the weeks after day `since`; a sheet that lies there already is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for day in city.week_days(since):
        on = date_of(city.town.calendar.first, day)
        path = folder / f"签约履约周报_{on:%Y%m%d}.xlsx"
        if not path.exists():
            _write(city, day, on, path)
            written.append(path)
    return written


def _write(city: City, day: int, on: date, path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    title = f"{city.town.area.name}招商引资项目签约履约情况周报（{on.isoformat()}）"
    _head(sheet, title, HEADS, _MONEY, "资金情况")
    number, district, in_district = 0, "", 0
    rows = [cells for _, cells in city.weekly(day)]
    for cells in rows:
        name = str(cells[_DISTRICT - 2])
        if district and name != district:
            _sum(sheet, "小计", f"{district}{in_district}个", in_district)
            in_district = 0
        district, number, in_district = name, number + 1, in_district + 1
        sheet.append([number, *(None if cell == "" else cell for cell in cells)])
    if district:
        _sum(sheet, "小计", f"{district}{in_district}个", in_district)
    _sum(sheet, "合计", f"全市{number}个", number)
    note = "填报说明：1.本表由各县市区商务主管部门每周填报；2.引资额、投资额单位为亿元，到位资金单位为万元；3.项目代码尚未取得的可不填。"
    sheet.append([note])
    sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=len(HEADS))
    if city.full:
        _write_talks(city, day, on, book.create_sheet(TALKS_SHEET))
    part = path.with_name(f".{path.name}.part")
    book.save(part)
    part.replace(path)


def _write_talks(city: City, day: int, on: date, sheet: Worksheet) -> None:
    """The second sheet, of projects in talks."""
    title = f"{city.town.area.name}在谈项目情况周报（{on.isoformat()}）"
    _head(sheet, title, TALKS_HEADS, _WANTED, "投资与用地")
    number = 0
    for number, (_, cells) in enumerate(city.talks(day), 1):
        sheet.append([number, *(None if cell == "" else cell for cell in cells)])
    sheet.append(["合计", f"全市{number}个"])
    sheet.append(["填报说明：投资额单位为亿元，用地单位为亩。"])
    sheet.merge_cells(
        start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=len(TALKS_HEADS)
    )


def _head(sheet: Worksheet, title: str, heads: tuple[str, ...], group: tuple[int, int], named: str) -> None:
    """A merged title and a head of two rows: the columns of a group under its name, every other head over both rows."""
    first, last = group
    sheet.append([title])
    sheet.append([named if n == first else None if first < n <= last else h for n, h in enumerate(heads, 1)])
    sheet.append([h if first <= n <= last else None for n, h in enumerate(heads, 1)])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(heads))
    sheet.merge_cells(start_row=2, end_row=2, start_column=first, end_column=last)
    for column in range(1, len(heads) + 1):
        if not first <= column <= last:
            sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)


def _sum(sheet: Worksheet, word: str, text: str, count: int) -> None:
    row: list[str | int | None] = [None] * len(HEADS)
    row[0], row[_NAME - 1], row[_AMOUNT - 1] = word, text, count
    sheet.append(row)
