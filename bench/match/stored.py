"""A city on disk, for sizes that are not held in memory: the statements as a hub stores them, in parts by record id.

A part is a file of lines `record id, source, number of the true project, of its family, statement` with tabs between,
sorted; parts follow one another in the order of ids, so that a place in the city is a place in the parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.match.city import Wanted, told_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
"""Of which the hash in a record's id is made; in order as text."""
_LETTERED = sorted(_LETTERS)


class Line(NamedTuple):
    """A record of a stored city, with the numbers of its true project and of that one's family."""

    record_id: str
    source: str
    truth: int
    family: int
    statement: str


def stored(wanted: Wanted, cache: Path) -> Path:
    """Give the folder of a city, made when it is not there; a million core records take ten minutes of CPU and 1 GB."""
    folder = cache / f"city-{wanted.breadth}-{wanted.difficulty}-{wanted.seed}-{wanted.records}"
    done = folder / "traits.json"
    if done.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    files = {letter: (folder / f"{letter}.tsv").open("w", encoding="utf-8") for letter in _LETTERED}
    traits = []
    try:
        for told in told_of(wanted):
            traits.append(told.trait)
            for rid, source, text in told.records:
                letter = rid.partition("-")[2][0]
                files[letter].write(f"{rid}\t{source}\t{told.number}\t{told.family}\t{text}\n")
    finally:
        for file in files.values():
            file.close()
    for path in parts(folder):
        told_here = path.read_bytes().removesuffix(b"\n").split(b"\n")
        path.write_bytes(b"".join(line + b"\n" for line in sorted(told_here) if line))
    done.write_text(json.dumps(traits), encoding="utf-8")  # last: a folder without it is made anew
    return folder


def parts(folder: Path) -> list[Path]:
    """Give the files of a stored city, in the order of the ids in them."""
    return [path for letter in _LETTERED if (path := folder / f"{letter}.tsv").is_file()]


def lines(path: Path) -> Iterator[Line]:
    """Give the records of a part."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            rid, source, truth, family, text = line.rstrip("\n").split("\t", 4)
            yield Line(rid, source, int(truth), int(family), text)
