"""Commerce's folder: the weekly workbook 签约履约 with its merged heads, subtotals and note row."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.city import City
from simulator.dice import date_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SHEET = "签约履约"
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
_MONEY = (10, 13)
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
    _head(sheet, f"{city.town.area.name}招商引资项目签约履约情况周报（{on.isoformat()}）")
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
    part = path.with_name(f".{path.name}.part")
    book.save(part)
    part.replace(path)


def _head(sheet: Worksheet, title: str) -> None:
    """A merged title and a head of two rows: money columns under a group, every other head over both rows."""
    first, last = _MONEY
    sheet.append([title])
    sheet.append(
        ["资金情况" if n == first else None if first < n <= last else h for n, h in enumerate(HEADS, 1)]
    )
    sheet.append([h if first <= n <= last else None for n, h in enumerate(HEADS, 1)])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(HEADS))
    sheet.merge_cells(start_row=2, end_row=2, start_column=first, end_column=last)
    for column in range(1, len(HEADS) + 1):
        if not first <= column <= last:
            sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)


def _sum(sheet: Worksheet, word: str, text: str, count: int) -> None:
    row: list[str | int | None] = [None] * len(HEADS)
    row[0], row[_NAME - 1], row[_AMOUNT - 1] = word, text, count
    sheet.append(row)
