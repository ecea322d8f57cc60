from __future__ import annotations

from pathlib import Path

from app.pipeline.evaluate import Score
from bench.match.departments import measured

FILES = {
    "commerce": [
        "记录号,行政区,项目名称,投资主体,行业分类",
        "C1,荷塘区,示例陶瓷装备生产线项目,株洲示例装备有限公司,制造业",
    ],
    "land": [
        "记录号,行政区,地块位置,面积公顷,土地用途,供地方式,土地使用权人,成交价万元,合同签订日期",
        "L1,荷塘区,金山路示例陶瓷产业园以东,1.5,工业用地,挂牌出让,株洲示例装备有限公司,900,2024年3月2日",
    ],
    "construction": [
        "记录号,行政区,工程名称,建设地点,约定开工,约定竣工,实际开工,实际竣工",
        "B1,荷塘区,示例陶瓷装备生产线项目,金山路示例陶瓷产业园以东,2024年5月1日,,,",
    ],
    "truth": ["project_key,feed,记录号", "D1,commerce,C1", "D1,land,L1", "D1,construction,B1"],
}


def test_three_departments_views_of_one_project_meet_and_nothing_is_safe_without_a_number(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "cn_three_dept"
    folder.mkdir()
    for name, rows in FILES.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    told = measured(tmp_path)
    assert told["cn_three_dept, lower cut, without those alike"] == Score(1.0, 1.0, 1.0)
    assert told["cn_three_dept, groups nobody can tell apart"] == "0 of 0 records"
    assert told["cn_three_dept, safe cut, all"] == Score(0.0, 0.0, 0.0)
