"""Three real departments' views of real projects (cn_three_dept), by the shipped model with nothing trained on them."""

from __future__ import annotations

import csv
from pathlib import Path

from bench.match.foreign import Name, across, read

_FEEDS = {
    "commerce": "commerce.three_dept",
    "land": "land.three_dept",
    "construction": "housing.three_dept",
}


def measured(data: Path) -> dict[str, object]:
    """Give the score of pairs across feeds inside clusters, with and without the records nobody can tell apart."""
    folder = data / "cn_three_dept"
    records = read(tuple(_FEEDS.values()), folder)
    with (folder / "truth.csv").open(encoding="utf-8-sig", newline="") as file:
        truth: dict[Name, str] = {
            (_FEEDS[row["feed"]], row["记录号"]): row["project_key"] for row in csv.DictReader(file)
        }
    linked = records.linked()
    alike = [name for names in records.alike for name in names]
    found: dict[str, object] = {}
    for cut, groups in (("lower cut", linked.together), ("safe cut", linked.safe)):
        for title, left_out in (("all", []), ("without those alike", alike)):
            found[f"cn_three_dept, {cut}, {title}"] = across(records, truth, groups, left_out)
    return found | {
        "cn_three_dept, groups nobody can tell apart": f"{len(records.alike)} of {len(alike)} records",
        "cn_three_dept, questions": linked.reviews,
    }
