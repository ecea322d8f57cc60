from __future__ import annotations

from pathlib import Path

import pytest

from bench.match.foreign import across, read

HEAD = "记录号,行政区,项目名称,投资主体,行业分类"
FEED = "commerce.three_dept"


def folder(tmp_path: Path, *rows: str, head: str = HEAD) -> Path:
    (tmp_path / "commerce.csv").write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return tmp_path


def test_records_come_through_a_manifest_and_those_nobody_can_tell_apart_are_named(tmp_path: Path) -> None:
    told = "荷塘区,示例陶瓷装备生产线,株洲示例装备有限公司,制造业"
    records = read(
        [FEED],
        folder(tmp_path, f"A1,{told}", f"A2,{told}", "A3,荷塘区,示例新材料,株洲示例新材有限公司,制造业"),
    )
    assert sorted(records.names) == [(FEED, "A1"), (FEED, "A2"), (FEED, "A3")]
    assert records.ids == sorted(records.ids)
    assert records.alike == [[(FEED, "A1"), (FEED, "A2")]]
    assert {n.core for n in records.normals} == {"示例陶瓷装备生产线", "示例新材料"}


def test_a_row_that_is_not_understood_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not understood"):
        read([FEED], folder(tmp_path, ",荷塘区,示例,示例公司,制造业", "A2,荷塘区,示例,示例公司,制造业"))


def test_only_pairs_of_different_feeds_count(tmp_path: Path) -> None:
    records = read([FEED], folder(tmp_path, "A1,荷塘区,甲,乙公司,", "A2,荷塘区,甲,乙公司,"))
    truth = {(FEED, "A1"): "P1", (FEED, "A2"): "P1"}
    assert across(records, truth, records.linked().together).f1 == 0
