"""What Splink gets of a city, and what comes back: files between two environments."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.learning.linking import Points
from app.pipeline.matching.keys import CAP, block_keys
from app.pipeline.matching.names import bigrams
from app.pipeline.matching.normal import Normal
from bench.match.blocking import Pairs
from bench.match.scoring import City

WAYS = ("em", "em-fixed", "labels", "labels-all")
_PEER = Path(__file__).with_name("splink_peer.py")


def splink_scores(
    python: Path, folder: Path, train: City, cities: Mapping[str, City]
) -> dict[tuple[str, str], tuple[Pairs, Points]]:
    """Give, by way and city, the pairs Splink scored with their probabilities (10⁻⁶)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, city in {"train": train, **cities}.items():
        _write(folder / f"{name}.jsonl", city)
    _run(python, folder, {"train": "train", "cities": list(cities)})
    return {(way, name): _read(folder / f"{name}-{way}.csv") for way in WAYS for name in cities}


def splink_again(python: Path, folder: Path, way: str, city: str = "test") -> float:
    """Let Splink score a city once more as it has learned to; give the CPU seconds of candidates, comparing and scoring."""
    return _run(python, folder, {"way": way, "city": city})["predict"]


def _run(python: Path, folder: Path, job: Mapping[str, Any]) -> dict[str, float]:
    file = folder / "job.json"
    file.write_text(json.dumps({"folder": str(folder), **job}), encoding="utf-8")
    told = subprocess.run([python, _PEER, file], capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"Splink: {told.stderr[-2000:]}")
    costs: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return costs


def _read(path: Path) -> tuple[Pairs, Points]:
    table = np.loadtxt(path, delimiter=",", ndmin=2)
    pairs = np.sort(table[:, :2].astype(np.int32), axis=1)
    return pairs, np.round(table[:, 2] * 1e6).astype(np.int64)


def _write(path: Path, city: City) -> None:
    normals = [city.records.normal(place) for place in range(len(city.records))]
    keys = [block_keys(n) for n in normals]
    held = Counter(key for mine in keys for key in mine)
    with path.open("w", encoding="utf-8") as file:
        for place, (n, mine) in enumerate(zip(normals, keys, strict=True)):
            row = _row(n) | {
                "unique_id": place,
                "project": int(city.records.truth[place]),
                "keys": [key for key in mine if 1 < held[key] <= CAP],
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _row(n: Normal) -> dict[str, Any]:
    owners = [core for core in n.owner_cores if "*" not in core]
    return {
        "code": n.codes[0] if n.codes else None,
        "uscc": n.usccs,
        "owner": owners,
        "brand": owners[0][:2] if owners else None,
        "owner_grams": sorted(set().union(*map(bigrams, owners))),
        "core": n.core or None,
        "grams": sorted(bigrams(n.core)),
        "rest": sorted(bigrams(n.rest)),
        "phase": sorted(n.phase),
        "zone": n.zone,
        "quantity": sorted(n.quantities),
        "district": n.district,
        "amount": float(n.amount) if n.amount else None,
        "area": float(n.site_area) if n.site_area else None,
        "address": n.address or None,
        "street": sorted(bigrams(n.address)),
        "bears": sorted(n.bears),
        "cites": sorted(n.cites),
        "day": n.day,
        "house": sorted(n.houses),
        "spots": sorted(n.spots),
        "dates": sorted(n.dates),
        "milestones": sorted({one.partition(":")[0] for one in n.dates}),
        "land": list(n.land),
        "floors": list(n.floors),
        "works_class": n.works_class,
    }
