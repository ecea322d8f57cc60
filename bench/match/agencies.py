"""Two agencies of New York (nyc_hpd_dob): affordable buildings and the job filings for them, linked by the city itself.

By the shipped model, with nothing trained on them.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from app.learning.linking import Places
from bench.match.foreign import Foreign, read
from bench.match.measures import score_of

_BUILDINGS, _JOBS = "housing.hpd_buildings", "housing.dob_jobs"
Link = tuple[str, str]
"""A building and a job by their keys."""


def measured(data: Path) -> dict[str, object]:
    """Give the score of building and job inside one cluster, and the share found of each way the city matched them.

    Links the city calls no match are left out on both sides, as are those to jobs that are not in the feed.
    """
    folder = data / "nyc_hpd_dob"
    records = read((_BUILDINGS, _JOBS), folder)
    true: dict[Link, str] = {}
    left_out: set[Link] = set()
    with (folder / "truth_hpd_dob.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            link = row["hpd_building_id"], row["dob_job"]
            if row["relation"] == "No match":
                left_out.add(link)
            elif row["dob_in_feed"] == "True":
                true[link] = row["how_matched"]
    linked = records.linked()
    told: dict[str, object] = {"nyc_hpd_dob, true links": len(true)}
    for cut, groups in (("lower cut", linked.together), ("safe cut", linked.safe)):
        found = links(records, groups) - left_out
        told[f"nyc_hpd_dob, {cut}"] = score_of(len(true.keys() & found), len(found), len(true))
        if cut == "lower cut":
            many, right = Counter(true.values()), Counter(true[link] for link in true if link in found)
            told["nyc_hpd_dob, share found"] = {how: f"{right[how]}/{n}" for how, n in sorted(many.items())}
    return told | {"nyc_hpd_dob, questions": linked.reviews}


def links(records: Foreign, groups: Places) -> set[Link]:
    """Give every building and job that are in one group."""
    sides: dict[int, tuple[list[str], list[str]]] = {}
    for (feed, key), group in zip(records.names, groups.tolist(), strict=True):
        sides.setdefault(group, ([], []))[feed == _JOBS].append(key)
    return {(a, b) for buildings, jobs in sides.values() for a in buildings for b in jobs}
