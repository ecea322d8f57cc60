from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from bench.match.persons import measured, read, table

COLUMNS = [
    "rec_id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
    "date_of_birth", "soc_sec_id",
]  # fmt: skip
SOUNDS = [
    "ba",
    "be",
    "di",
    "do",
    "ka",
    "ke",
    "la",
    "lo",
    "mi",
    "mo",
    "na",
    "ne",
    "ra",
    "ro",
    "sa",
    "so",
    "ta",
    "to",
    "vi",
    "vo",
]


def person(dice: random.Random, number: int, kind: str) -> dict[str, str]:
    def word(sounds: int) -> str:
        return "".join(dice.choices(SOUNDS, k=sounds))

    return {
        "rec_id": f"rec-{number}-{kind}",
        "given_name": word(2),
        "surname": word(3),
        "street_number": str(dice.randint(1, 400)),
        "address_1": f"{word(3)} street",
        "address_2": word(4),
        "suburb": dice.choice(["north", "south", "east", "west"]) + " town",
        "postcode": str(dice.randint(2000, 2040)),
        "state": "nsw",
        "date_of_birth": str(dice.randint(19000101, 19991231)),
        "soc_sec_id": str(dice.randint(1_000_000, 9_999_999)),
    }


def mistyped(dice: random.Random, row: dict[str, str], kind: str) -> dict[str, str]:
    again = {**row, "rec_id": row["rec_id"].replace("org", kind)}
    for column in dice.sample(COLUMNS[1:], 2):
        text = again[column]
        at = dice.randrange(len(text))
        again[column] = text[:at] + text[at + 1 :] if dice.random() < 0.7 else ""
    if dice.random() < 0.1:
        again["given_name"], again["surname"] = again["surname"], again["given_name"]
    return again


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dice = random.Random(5)
    people = [person(dice, number, "org") for number in range(1200)]
    again = [mistyped(dice, row, "dup-0") for row in people]
    write(tmp_path / "dataset3.csv", dice.sample(people + again, len(people) * 2))
    write(tmp_path / "dataset4a.csv", people)
    write(tmp_path / "dataset4b.csv", dice.sample(again, len(again)))
    return tmp_path


def test_persons_are_found_by_the_machinery_of_projects_without_a_label(folder):
    repeats, linked = (
        read(folder / "dataset3.csv"),
        read(folder / "dataset4a.csv", folder / "dataset4b.csv"),
    )
    for told in (measured(repeats), measured(linked)):
        assert told.completeness > 0.999
        assert told.f1 > 0.97
    shown, scores = table(folder)
    assert "| FEBRL 4 | 2400 |" in shown
    assert scores["FEBRL 4"] > 0.9


def test_of_two_files_only_pairs_across_them_are_candidates(folder):
    linked = read(folder / "dataset4a.csv", folder / "dataset4b.csv")
    assert measured(linked).pairs < measured(read(folder / "dataset3.csv")).pairs
    assert linked.half == 1200
