from __future__ import annotations

import csv
import json
import resource
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest
from app.outbound import export

COLUMNS = ("project_id", "name", "departments", "investment", "updated_at")
AT = datetime(2024, 5, 20, 8, 30, tzinfo=UTC)


def row(name: str, n: int = 1) -> tuple[Any, ...]:
    return (f"430200-{n}", name, ["housing", "land"], Decimal("1200000000.50"), AT)


NAMES = ("某组件基地", '=HYPERLINK("http://x")', "+1", "-2号厂房", "@SUM(A1)", "\t=1", 'a"b,c\nd', "\x01控制")


def test_a_line_is_an_object_and_money_is_exact(tmp_path: Path) -> None:
    export.write_json(tmp_path / "x", COLUMNS, [row(name) for name in NAMES])
    found = [json.loads(line) for line in (tmp_path / "x").read_text("utf-8").splitlines()]
    assert [one["name"] for one in found] == list(NAMES)
    assert found[0]["investment"] == "1200000000.50"
    assert found[0]["departments"] == ["housing", "land"]
    assert datetime.fromisoformat(found[0]["updated_at"]) == AT


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=5))
def test_no_text_of_a_csv_is_a_formula(names: list[str]) -> None:
    path = Path("/dev/shm/hub-test-export.csv") if Path("/dev/shm").exists() else Path("hub-test-export.csv")
    export.write_csv(path, COLUMNS, [row(name) for name in names], bom=False)
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))[1:]
    path.unlink()
    assert [one[1].removeprefix("'") for one in found] == [name.removeprefix("'") for name in names]
    assert not [one for one in found if one[1].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_excel_knows_the_csv_by_its_mark_and_numbers_stay_numbers(tmp_path: Path) -> None:
    export.write_csv(tmp_path / "x", COLUMNS, [(None, "x", [], Decimal(-5), None)], bom=True)
    said = (tmp_path / "x").read_bytes()
    assert said.startswith(b"\xef\xbb\xbfproject_id,")
    assert said.endswith(b"\r\n,x,,-5,\r\n")


def test_a_workbook_holds_texts_and_no_formula(tmp_path: Path) -> None:
    export.write_xlsx(tmp_path / "x.xlsx", COLUMNS, [row(name) for name in NAMES])
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    cells = [line[1] for line in book.active.iter_rows(min_row=2)]  # type: ignore[union-attr]  # it has a sheet
    assert {cell.data_type for cell in cells} == {"s"}
    assert cells[1].value == NAMES[1]
    assert cells[-1].value == "控制"
    assert book.active["D2"].value == 1200000000.5  # type: ignore[index]  # as above


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_SHEET_ROWS", 2)
    with pytest.raises(BadRequest, match="csv"):
        export.write_xlsx(tmp_path / "x.xlsx", COLUMNS, [row("x")] * 3)


def test_parquet_has_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="lifecycle-hub[parquet] is not installed")
    export.write_parquet(tmp_path / "x", COLUMNS, (row(name) for name in NAMES))
    found = parquet.read_table(tmp_path / "x").to_pylist()
    assert [one["name"] for one in found] == list(NAMES)
    assert found[0] == {
        "project_id": "430200-1",
        "name": NAMES[0],
        "departments": ["housing", "land"],
        "investment": Decimal("1200000000.500000"),
        "updated_at": AT,
    }


def test_without_its_library_parquet_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(BadRequest, match=r"lifecycle-hub\[parquet\]"):
        export.write_parquet(tmp_path / "x", COLUMNS, [])


def test_memory_does_not_grow_with_what_is_written(tmp_path: Path) -> None:
    def many(n: int) -> Iterator[tuple[Any, ...]]:
        return (row(f"第{i}号厂房" * 10, i) for i in range(n))

    export.write_csv(tmp_path / "x", COLUMNS, many(1_000), bom=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    export.write_csv(tmp_path / "x", COLUMNS, many(60_000), bom=False)
    export.write_json(tmp_path / "x", COLUMNS, many(30_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000  # KB, of 20 MB written
