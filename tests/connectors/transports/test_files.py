from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.manifest import Manifest
from connectors.transport_settings import FilesSettings
from connectors.transports.files import fetch
from schemas.records import Listing, Page, RawRecord, Unreadable
from tests.connectors.manifests import FILES, KEY, NAME, manifest

MADE = manifest(FILES, KEY, NAME)
FULL = manifest(FILES, KEY, NAME, top='listing = "full"')


def pages(
    folder: Path,
    cursor: str | None = None,
    made: Manifest = MADE,
    now: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Page]:
    assert isinstance(made.transport, FilesSettings)
    clock = time.time if now is None else lambda: now
    return list(fetch(made, made.transport, Binding(430200, location=str(folder)), cursor, clock, sleep))


def rows(found: list[Page]) -> list[RawRecord]:
    return [row for page in found for row in page.rows if isinstance(row, RawRecord)]


def keys(found: list[Page]) -> list[str]:
    return [row.key for row in rows(found)]


def rules(found: list[Page]) -> list[str]:
    return [row.rule for page in found for row in page.rows if isinstance(row, Unreadable)]


def csv(folder: Path, name: str, text: str, encoding: str = "utf-8", at: float | None = None) -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    if at is not None:
        os.utime(file, (at, at))
    return file


def xlsx(folder: Path, lines: list[list[Any]], name: str = "a.xlsx") -> Path:
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(folder / name)
    return folder / name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_every_encoding_a_department_writes(tmp_path: Path, encoding: str) -> None:
    csv(tmp_path, "a.csv", 'BH,MC\r\n1,渌口区"项目"\r\n2,"换\n行"\r\n', encoding)
    found = pages(tmp_path)
    assert [json.loads(row.body) for row in rows(found)] == [
        {"BH": "1", "MC": '渌口区"项目"'},
        {"BH": "2", "MC": "换\n行"},
    ]


def test_an_arrival_is_read_once_and_old_content_after_other_content_is_a_new_arrival(tmp_path: Path) -> None:
    file = csv(tmp_path, "a.csv", "BH,MC\n1,甲\n", at=1000)
    cursor = pages(tmp_path)[-1].cursor
    assert pages(tmp_path, cursor) == []
    os.utime(file, (1500, 1500))
    assert pages(tmp_path, cursor) == []
    csv(tmp_path, "a.csv", "BH,MC\n1,乙\n", at=2000)
    second = pages(tmp_path, cursor)
    assert [json.loads(row.body)["MC"] for row in rows(second)] == ["乙"]
    csv(tmp_path, "a.csv", "BH,MC\n1,甲\n", at=3000)
    assert [json.loads(row.body)["MC"] for row in rows(pages(tmp_path, second[-1].cursor))] == ["甲"]


def test_arrivals_come_oldest_first_or_by_name_and_the_cursor_forgets_what_is_gone(tmp_path: Path) -> None:
    csv(tmp_path, "b.csv", "BH,MC\n1,x\n", at=1000)
    gone = csv(tmp_path, "a.csv", "BH,MC\n2,x\n", at=2000)
    found = pages(tmp_path)
    assert keys(found) == ["1", "2"]
    assert [page.sender for page in found] == ["b.csv", "a.csv"]
    assert keys(pages(tmp_path, made=manifest(FILES + 'order = "name"\n', KEY, NAME))) == ["2", "1"]
    gone.unlink()
    csv(tmp_path, "c.csv", "BH,MC\n3,x\n", at=3000)
    last = pages(tmp_path, found[-1].cursor)
    assert keys(last) == ["3"]
    assert set(json.loads(last[-1].cursor)["files"]) == {"b.csv", "c.csv"}


def test_a_file_that_is_still_being_written_waits(tmp_path: Path) -> None:
    csv(tmp_path, "a.csv", "BH,MC\n1,x\n", at=1000)
    csv(tmp_path, "b.csv", "BH,MC\n2,x\n", at=1001)
    slow = manifest(FILES.replace("settle_seconds = 0.0", "settle_seconds = 5.0"), KEY, NAME)
    waits: list[float] = []

    def grow(seconds: float) -> None:
        waits.append(seconds)
        csv(tmp_path, "a.csv", "BH,MC\n1,x\n3,x\n", at=1000)

    assert pages(tmp_path, made=slow, now=1004, sleep=grow) == []
    assert waits == [1.0]
    assert keys(pages(tmp_path, made=slow, now=1004, sleep=waits.append)) == ["1", "3", "2"]
    waits.clear()
    (tmp_path / "b.csv").unlink()
    csv(tmp_path, "a.csv", "BH,MC\n1,x\n", at=1000)
    assert keys(pages(tmp_path, made=slow, now=1006, sleep=waits.append)) == ["1"]
    assert waits == []
    csv(tmp_path, "~$a.csv", "rubbish", at=1)
    csv(tmp_path, ".a.csv.part", "rubbish", at=1)
    assert keys(pages(tmp_path, made=slow, now=1006)) == ["1"]


def test_only_the_last_page_of_a_full_file_ends_it_and_moves_the_cursor(tmp_path: Path) -> None:
    csv(tmp_path, "a.csv", "BH,MC\n" + "".join(f"{n},x\n" for n in range(5)))
    found = pages(tmp_path, made=FULL)
    assert [(len(page.rows), page.listing) for page in found] == [
        (2, Listing.FULL),
        (2, Listing.FULL),
        (1, Listing.FULL_END),
    ]
    assert keys(pages(tmp_path, found[1].cursor, FULL)) == ["0", "1", "2", "3", "4"]
    csv(tmp_path, "a.csv", "BH,MC\n")
    assert [(page.rows, page.listing) for page in pages(tmp_path, found[-1].cursor, FULL)] == [
        ((), Listing.FULL_END)
    ]


def test_a_file_that_changes_while_it_is_read_ends_no_listing(tmp_path: Path) -> None:
    file = csv(tmp_path, "a.csv", "BH,MC\n1,x\n2,x\n3,x\n")
    assert isinstance(FULL.transport, FilesSettings)
    walk = fetch(FULL, FULL.transport, Binding(1, location=str(tmp_path)), None)
    assert next(walk).listing is Listing.FULL
    os.utime(file, (1, 1))
    with pytest.raises(SourceUnavailable, match="changed while"):
        next(walk)


TITLE = ["某市周报（2024-10-14）", None, None, None]


def test_titles_two_row_heads_subtotals_notes_and_blank_rows_are_no_records(tmp_path: Path) -> None:
    made = manifest(
        FILES + "header_rows = 2\n",
        KEY,
        NAME,
        '[money]\namount = { from = "引资额", unit = "万元" }\npaid = { from = "到位", unit = "万元" }\n',
    )
    xlsx(
        tmp_path,
        [
            TITLE,
            ["BH", "MC", "资金情况", None],
            [None, None, "引资额（亿元）", "到位（万元）"],
            ["1", "合计算力中心项目", 3, 4.5],
            [None, "小计", 3, 4.5],
            [None, None, None, None],
            ["2", "小计", 5, None],
            [None, "石峰区小计：2个", 8, 4.5],
            [None, "合 计（2个）", 8, 4.5],
            [None, "填报说明：单位见表头", None, None],
        ],
    )
    found = pages(tmp_path, made=made)
    assert keys(found) == ["1", "2"]
    xlsx(tmp_path, [["BH", "MC", "引资额", "到位"], [None, "合计算力中心项目", 1, 1]], "keyless.xlsx")
    assert rules(pages(tmp_path, found[-1].cursor, made)) == ["key.missing"]
    assert json.loads(rows(found)[0].body) == {
        "BH": "1",
        "MC": "合计算力中心项目",
        "引资额（亿元）": 3,
        "到位（万元）": 4.5,
    }


def test_a_subtotal_that_fills_a_piece_of_a_joined_key_is_no_record(tmp_path: Path) -> None:
    made = manifest(
        FILES,
        '[identity]\ncolumns = ["MC", "TZF"]\n',
        NAME,
        '[[parties]]\nrole = "investor"\nname = "TZF"\n',
        top='ignore = ["XH"]',
    )
    xlsx(tmp_path, [["MC", "TZF", "XH"], ["甲", "乙", "1"], ["全市1个", None, "合计"], ["合计", "丙", 2]])
    assert keys(pages(tmp_path, made=made)) == ["甲|乙"]


def test_merged_cells_are_filled_down_where_the_manifest_says_so(tmp_path: Path) -> None:
    made = manifest(FILES + 'fill_down = ["QX"]\n', KEY, NAME, '[place]\ndistrict = "QX"\n')
    xlsx(tmp_path, [["QX", "BH", "MC"], ["石峰区", "1", "a"], [None, "2", "b"], ["攸县", "3", "c"]])
    assert [json.loads(row.body)["QX"] for row in rows(pages(tmp_path, made=made))] == [
        "石峰区",
        "石峰区",
        "攸县",
    ]


def test_twin_heads_stay_apart_and_a_head_under_a_group_is_told_by_it(tmp_path: Path) -> None:
    made = manifest(FILES + "header_rows = 2\n", KEY, NAME, '[texts]\na = "上/日期"\nb = "下/日期"\n')
    xlsx(tmp_path, [["BH", "MC", "上", "下"], [None, None, "日期", "日期"], ["1", "x", "一", "二"]])
    with pytest.raises(SourceChanged):
        pages(tmp_path, made=made)
    twins = manifest(FILES + "header_rows = 2\n", KEY, NAME, '[texts]\na = "日期"\nb = "下/日期"\n')
    assert json.loads(rows(pages(tmp_path, made=twins))[0].body) == {
        "BH": "1",
        "MC": "x",
        "日期": "一",
        "下/日期": "二",
    }


def test_xls_of_the_last_century_is_read_with_dates_and_whole_numbers(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("甲")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for place, head in enumerate(("BH", "MC")):
        sheet.write(0, place, head)
    sheet.write(1, 0, 7)
    sheet.write(1, 1, date(2024, 3, 5), day)
    sheet.write(2, 0, "\xa0")
    sheet.write(2, 1, "x")
    book.save(str(tmp_path / "a.xls"))
    found = pages(tmp_path)
    assert [json.loads(row.body) for row in rows(found)] == [{"BH": 7, "MC": "2024-03-05"}]
    assert rules(found) == ["key.missing"]


def test_a_row_wider_or_shorter_than_its_header_is_unreadable_and_the_rest_goes_on(tmp_path: Path) -> None:
    csv(tmp_path, "a.csv", "BH,MC\n1,x,多\n2,y\n3\n4,z,,\n")
    found = pages(tmp_path)
    assert (keys(found), rules(found)) == (["2", "4"], ["row.width", "row.width"])


def test_another_header_stops_the_source(tmp_path: Path) -> None:
    for text in ("BH,MC,XZL\n1,x,y\n", "BH,MCC\n1,x\n", "完全,不同\n1,2\n", ""):
        csv(tmp_path, "a.csv", text)
        with pytest.raises(SourceChanged):
            pages(tmp_path)


def test_files_that_cannot_be_opened_are_counted_and_do_not_block_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no zip")
    (tmp_path / "b.xls").write_bytes(b"no workbook")
    (tmp_path / "c.csv").write_bytes(b"BH,MC\n1,\xff\xff\xff\n")
    (tmp_path / "d.json").write_bytes(b"{broken")
    with zipfile.ZipFile(tmp_path / "e.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    whole = xlsx(tmp_path, [["BH", "MC"], ["1", "x"]], "f.xlsx")
    broken = whole.read_bytes()
    (tmp_path / "f.xlsx").write_bytes(broken[: len(broken) // 2])
    csv(tmp_path, "g.csv", "BH,MC\n1,x\n")
    made = manifest(FILES + 'order = "name"\n', KEY, NAME)
    found = pages(tmp_path, made=made)
    assert rules(found) == [
        "file.kind",
        "file.kind",
        "file.encoding",
        "json.invalid",
        "file.bomb",
        "file.broken",
    ]
    assert keys(found) == ["1"]
    assert pages(tmp_path, found[-1].cursor, made) == []


def _with_sheet(source: Path, target: Path, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as made:
        for entry in whole.infolist():
            content = whole.read(entry)
            made.writestr(entry, change(content) if entry.filename.endswith("sheet1.xml") else content)
    source.unlink()


def test_entities_are_not_expanded_and_a_false_size_hides_no_row(tmp_path: Path) -> None:
    lines = [["BH", "MC"], ["1", "x"], ["2", "y"]]
    laugh = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    _with_sheet(xlsx(tmp_path, lines, "1.xlsx"), tmp_path / "a.xlsx", lambda xml: laugh + xml)
    _with_sheet(
        xlsx(tmp_path, lines, "1.xlsx"),
        tmp_path / "b.xlsx",
        lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1"'),
    )
    found = pages(tmp_path, made=manifest(FILES + 'order = "name"\n', KEY, NAME))
    assert (rules(found), keys(found)) == (["file.entities"], ["1", "2"])


def test_a_sheet_that_is_not_there_and_a_file_beyond_measure_are_told(tmp_path: Path) -> None:
    xlsx(tmp_path, [["BH", "MC"], ["1", "x"]])
    assert rules(pages(tmp_path, made=manifest(FILES + 'sheet = "乙"\n', KEY, NAME))) == ["file.sheet"]
    assert rules(pages(tmp_path, made=manifest(FILES + "max_bytes = 10\n", KEY, NAME))) == ["file.size"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"BH":"1"},{"BH":"2"}]'),
        ("a.json", '{"records":[{"BH":"1"},{"BH":"2"}]}'),
        ("a.jsonl", '{"BH":"1"}\n{"BH":"2"}\n'),
    ],
)
def test_json_is_read_as_it_was_said(tmp_path: Path, name: str, text: str) -> None:
    made = manifest(FILES + 'patterns = ["*.json*"]\nrows = "records"\n', KEY, NAME)
    csv(tmp_path, name, text)
    found = pages(tmp_path, made=made)
    assert [row.body for row in rows(found)] == [b'{"BH":"1"}', b'{"BH":"2"}']


def test_a_folder_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no folder"):
        pages(tmp_path / "none")


def test_a_csv_line_shorter_than_the_header_is_refused_and_a_sheets_row_is_not(tmp_path: Path) -> None:
    wide = manifest(FILES, KEY, NAME, top='ignore = ["DZ"]')
    text = "BH,MC,DZ\n1,甲,a\n乙,b\n,\n合计\n3,丙,c\n4,丁"
    csv(tmp_path, "a.csv", text)
    found = pages(tmp_path, made=wide)
    assert (keys(found), rules(found)) == (["1", "3"], ["row.width", "row.width"])
    ragged = manifest(FILES + "ragged = true\n", KEY, NAME, top='ignore = ["DZ"]')
    assert keys(pages(tmp_path, made=ragged)) == ["1", "乙", "3", "4"]
    (tmp_path / "a.csv").unlink()
    csv(tmp_path, "b.csv", "BH,MC,DZ,\n1,甲,a\n")
    assert keys(pages(tmp_path, made=wide)) == ["1"], "only a column without a name is missing"
    (tmp_path / "b.csv").unlink()
    xlsx(tmp_path, [["BH", "MC", "DZ"], ["1", "甲"]])
    assert keys(pages(tmp_path, made=wide)) == ["1"]


def test_a_header_that_stands_again_among_the_rows_is_refused_by_name(tmp_path: Path) -> None:
    csv(tmp_path, "a.csv", "BH,MC\n1,甲\nBH,MC\n2,MC\n")
    found = pages(tmp_path)
    assert (keys(found), rules(found)) == (["1", "2"], ["row.header_again"])
    (tmp_path / "a.csv").unlink()
    csv(tmp_path, "b.csv", "BH,MC,资金\n,,金额\n1,甲,3\nBH,MC,资金\n2,乙,4\n")
    two = manifest(FILES + "header_rows = 2\n", KEY, NAME, top='ignore = ["金额"]')
    found = pages(tmp_path, made=two)
    assert (keys(found), rules(found)) == (["1", "2"], ["row.header_again"])


def test_a_total_in_the_place_of_a_key_is_no_record(tmp_path: Path) -> None:
    csv(
        tmp_path,
        "a.csv",
        "BH,MC\n1,甲\n合计,\n石峰区小计,3\n小 计：,3\n合计算力中心,乙\n某某产业园综合服务中心总计,丙\n",
    )
    assert keys(pages(tmp_path)) == ["1", "合计算力中心", "某某产业园综合服务中心总计"]


def test_a_json_file_that_names_its_rows_twice_is_refused(tmp_path: Path) -> None:
    csv(tmp_path, "a.json", '{"records":[{"BH":"1"}],"records":[{"BH":"2"}]}')
    found = pages(tmp_path, made=manifest(FILES + 'rows = "records"\n', KEY, NAME))
    assert (keys(found), rules(found)) == ([], ["json.duplicate_key"])


DATED = manifest(
    FILES + 'order = "name"\nversion = { from = "name", pattern = "(\\\\d{8})" }\n',
    KEY,
    NAME,
    top='listing = "full"',
)


def test_a_file_says_in_its_name_how_new_its_rows_and_its_listing_are(tmp_path: Path) -> None:
    csv(tmp_path, "周报２０２５０７２８.csv", "BH,MC\n1,乙\n2,乙\n3,乙\n,乙\n")
    newer = pages(tmp_path, made=DATED)
    csv(tmp_path, "12345678_20250609.csv", "BH,MC\n1,甲\n")
    older = pages(tmp_path, newer[-1].cursor, made=DATED)
    versions = ("2025-07-28 00:00:00.000000", "2025-06-09 00:00:00.000000")
    for found, version, listings in zip(
        (newer, older), versions, ([Listing.FULL, Listing.FULL_END], [Listing.FULL_END]), strict=True
    ):
        assert {row.version for row in rows(found)} == {page.version for page in found} == {version}
        assert [page.listing for page in found] == listings
    assert rules(newer) == ["key.missing"]
    assert {page.version for page in pages(tmp_path)} == {""}


@pytest.mark.parametrize("name", ["周报.csv", "周报_20251345.csv", "周报_20990101.csv"])
def test_a_file_whose_name_says_no_day_it_could_be_of_is_refused(tmp_path: Path, name: str) -> None:
    csv(tmp_path, name, "BH,MC\n1,甲\n")
    csv(tmp_path, "周报_20250728.csv", "BH,MC\n1,乙\n")
    found = pages(tmp_path, made=DATED)
    assert (keys(found), rules(found)) == (["1"], ["file.undated"])
    refused = next(page for page in found if isinstance(page.rows[0], Unreadable))
    assert (refused.listing, refused.version) == (Listing.FULL, "")
