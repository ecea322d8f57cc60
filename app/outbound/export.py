"""Projects as a file of rows, written as they are read: memory does not grow with the city.

What a person opens in a spreadsheet is never a formula, whatever a department has called its project.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from app.errors import BadRequest
from connectors.transports import writing

Row = Sequence[Any]
MOST_SHEET_ROWS = 1_048_575
"""Rows below the header that a sheet of a workbook can hold."""
_BATCH = 10_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NO_SHEET = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CENT = Decimal("0.000001")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write JSON texts of one line each."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line)
            file.write("\n")


def write_json(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a JSON object a line."""
    write_lines(
        path,
        (json.dumps(dict(zip(columns, map(_json, row), strict=True)), ensure_ascii=False) for row in rows),
    )


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row], *, bom: bool) -> None:
    """Write comma-separated text in UTF-8, with a mark by which Excel knows it; a list is joined by semicolons."""
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        to = csv.writer(file, lineterminator="\r\n")
        to.writerow(columns)
        to.writerows([_harmless(_cell(value)) for value in row] for row in rows)


def write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a workbook of one sheet; raises BadRequest when there are more rows than it can hold."""
    writing.write(path, _sheet(columns, rows), sheet="projects", encoding="utf-8")


def write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write Parquet, in row groups; raises BadRequest where the library for it is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise BadRequest(
            'query.form: this hub writes no Parquet; whoever runs it installs "lifecycle-hub[parquet]"'
        ) from error
    kinds = {
        "departments": pa.list_(pa.string()),
        "investment": pa.decimal128(38, 6),
        "updated_at": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    with pq.ParquetWriter(path, schema, compression="zstd") as to:
        for batch in _batches(rows):
            values = [[_exact(value) for value in column] for column in zip(*batch, strict=True)]
            arrays = [pa.array(column, kind.type) for column, kind in zip(values, schema, strict=True)]
            to.write_batch(pa.record_batch(arrays, schema=schema))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _sheet(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[list[Any]]:
    yield list(columns)
    for number, row in enumerate(rows, start=1):
        if number > MOST_SHEET_ROWS:
            raise BadRequest(
                f"query.form: a workbook holds {MOST_SHEET_ROWS} projects and there are more; ask for csv, or narrow it"
            )
        cells = map(_cell, row)
        yield [_NO_SHEET.sub("", cell) if isinstance(cell, str) else cell for cell in cells]


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ";".join(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def _exact(value: Any) -> Any:
    return value.quantize(_CENT) if isinstance(value, Decimal) else value


def _harmless(value: Any) -> Any:
    """Give a text that no spreadsheet takes for a formula; numbers are numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
