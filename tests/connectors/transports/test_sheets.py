from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.transports.sheets import NotReadable, rows


def read(folder: Path, text: str) -> Iterator[list[Any]]:
    (folder / "a.csv").write_text(text, encoding="utf-8", newline="")
    return rows(folder / "a.csv", None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('BH,MC\n1,"甲\n2,乙\n3,丙\n', 2),
        ('BH,MC\n1,"甲\n2,"乙"\n3,丙\n', 2),
        ('BH,MC\n0,"x\ny"\n"1,甲\n2,乙\n3,"丙"\n4,丁\n', 4),
        ('BH,MC\r\n1,"甲\r\n2,"乙"\r\n', 2),
        ('BH,MC\n1,甲\n2,"乙', 3),
        ('BH,MC\n1,甲\n2,"乙\n', 3),
        ('BH,MC\n1,"' + "甲\n" * 200_000, 2),
    ],
)
def test_a_quote_without_an_end_refuses_the_file_before_its_first_row_and_names_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    with pytest.raises(NotReadable, match=f"a quote on line {line} has no end") as refused:
        next(read(tmp_path, text))
    assert refused.value.rule == "file.quotes"


def test_line_breaks_in_quotes_and_stray_quotes_within_a_line_are_read(tmp_path: Path) -> None:
    assert list(read(tmp_path, 'BH,MC\n1,"换\n行""又\n一行"\n2,5" 管\n3,"5" 管"\n4,"末行"')) == [
        ["BH", "MC"],
        ["1", '换\n行"又\n一行'],
        ["2", '5" 管'],
        ["3", '5 管"'],
        ["4", "末行"],
    ]
