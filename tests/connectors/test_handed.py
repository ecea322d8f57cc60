from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors import handed
from connectors.transports.sheets import NotReadable
from schemas.records import RawRecord
from tests.connectors.manifests import FILES, HTTP, KEY, NAME, PUSH, TABLE, manifest

ROWS = [{"BH": "1", "MC": "甲"}, {"BH": "2", "MC": "乙"}]


@pytest.mark.parametrize("transport", [HTTP, TABLE, PUSH, FILES])
def test_a_sheet_or_a_list_is_read_whatever_road_its_source_takes(transport: str, tmp_path: Path) -> None:
    made = manifest(transport, KEY, NAME, top='ignore = ["GXSJ", "LSH"]')
    (tmp_path / "a.csv").write_text("\n标题\nBH,MC\n1,甲\n\n2,乙\n", encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(ROWS), encoding="utf-8")
    for name, lines in (("a.csv", [4, 6]), ("a.json", [1, 2])):
        found = list(handed.read(made, tmp_path / name, name, 0.0).rows)
        assert [line for line, _ in found] == lines
        assert [row.key for _, row in found if isinstance(row, RawRecord)] == ["1", "2"]


def test_an_answer_of_an_api_is_split_by_its_pointer_and_a_list_alone_too(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for body in ({"data": {"rows": ROWS}}, ROWS):
        path.write_text(json.dumps(body), encoding="utf-8")
        assert len(list(handed.read(manifest(HTTP, KEY, NAME), path, "a.json", 0.0).rows)) == 2
    path.write_text('{"data": ', encoding="utf-8")
    with pytest.raises(NotReadable):
        handed.read(manifest(HTTP, KEY, NAME), path, "a.json", 0.0)


def test_a_source_fits_by_all_its_columns_and_no_other(tmp_path: Path) -> None:
    made, other = manifest(FILES, KEY, NAME), manifest(FILES, KEY, '[fields]\nname = "别名"\n')
    for name, text in (("a.csv", "BH,MC\n1,甲\n"), ("a.json", json.dumps(ROWS))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert handed.fitting([made, other], tmp_path / name) == ["testing.feed"]
    (tmp_path / "b.csv").write_text("BH,MC,别的\n1,甲,x\n", encoding="utf-8")
    assert handed.fitting([made, other], tmp_path / "b.csv") == []
