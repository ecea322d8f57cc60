"""Three real departments' views of real projects (cn_three_dept), by the shipped model with nothing trained on them.

The files are read where they lie and never copied; records of one feed whose columns are all alike cannot be told apart.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import numpy as np

from app.learning.blocking import candidate_pairs
from app.learning.linking import link
from app.pipeline.evaluate import Score
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.normal import Normal, normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import score_pairs, shipped
from app.pipeline.matching.stated import Stated, StatedArea, StatedAreas, StatedParty, StatedPlace
from bench.match.measures import score_of
from schemas.ids import record_id
from schemas.parties import Role

_KEY = "记录号"
_AREA = 100000
"""No city's code: the records are of many."""
Row = dict[str, str]


def measured(data: Path) -> dict[str, object]:
    """Give the score of pairs across feeds inside clusters, with and without the records nobody can tell apart."""
    folder = data / "cn_three_dept"
    feeds = {name: _rows(folder / f"{name}.csv") for name in ("commerce", "land", "construction")}
    truth = {(row["feed"], row[_KEY]): row["project_key"] for row in _rows(folder / "truth.csv")}
    held: dict[str, tuple[str, str, Normal]] = {}
    for feed, rows in feeds.items():
        for row in rows:
            rid = record_id(_AREA, feed, row[_KEY])
            held[rid] = feed, row[_KEY], normal(rid, _stated(feed, row))
    ids = sorted(held)
    normals = [held[rid][2] for rid in ids]
    pairs = candidate_pairs(block_keys_of(normals))
    left, right = (pairs[:, side].astype(np.intp) for side in (0, 1))
    scores = score_pairs(shipped(), project_vectors(normals), left, right).astype(np.int64)
    linked = link(ids, normals.__getitem__, pairs, scores).linked()
    alike = _alike(feeds)
    names = [held[rid][:2] for rid in ids]
    found: dict[str, object] = {}
    for cut, groups in (("lower cut", linked.together), ("safe cut", linked.safe)):
        for title, left_out in (("all", frozenset[tuple[str, str]]()), ("without those alike", alike)):
            kept = [i for i, name in enumerate(names) if name not in left_out]
            found[f"cn_three_dept, {cut}, {title}"] = _across(
                [names[i][0] for i in kept], [truth[names[i]] for i in kept], groups[kept].tolist()
            )
    return found | {"cn_three_dept, records alike": len(alike), "cn_three_dept, questions": linked.reviews}


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _stated(feed: str, row: Row) -> Stated:
    owner = row.get("投资主体") or row.get("土地使用权人")
    place = row.get("地块位置") or row.get("建设地点") or ""
    area = row.get("面积公顷")
    return Stated(
        source=f"{'housing' if feed == 'construction' else feed}.{feed}",
        name=row.get("项目名称") or row.get("工程名称"),
        parties=(StatedParty(Role.OWNER, owner),) if owner else (),
        place=StatedPlace(address=f"{row['行政区'].removesuffix('本级')}{place}" if place else None),
        areas=StatedAreas(site_area=StatedArea(Decimal(area) * 10_000)) if area else StatedAreas(),
    )


def _alike(feeds: dict[str, list[Row]]) -> frozenset[tuple[str, str]]:
    """Give the records that share every column but their number with another of their feed."""
    found = set()
    for feed, rows in feeds.items():
        said = [tuple(value for name, value in row.items() if name != _KEY) for row in rows]
        many = Counter(said)
        found |= {(feed, row[_KEY]) for row, one in zip(rows, said, strict=True) if many[one] > 1}
    return frozenset(found)


def _across(feeds: list[str], truth: list[str], groups: list[int]) -> Score:
    """Score pairs of different feeds."""

    def pairs(of: Sequence[object]) -> set[tuple[int, int]]:
        members: dict[object, list[int]] = {}
        for i, group in enumerate(of):
            members.setdefault(group, []).append(i)
        return {(i, j) for held in members.values() for i, j in combinations(held, 2) if feeds[i] != feeds[j]}

    true, found = pairs(truth), pairs(groups)
    return score_of(len(true & found), len(found), len(true))
