"""Reading made-up rows by a built-in feed, row by row, as the hub does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from connectors.contract import Binding, Connector
from connectors.registry import discover
from connectors.rows import RowReader
from connectors.samples import JURISDICTION
from schemas.records import Accepted, Outcome, PartRecord, ProjectRecord, RawRecord

FOLDER = Path(__file__).parents[3] / "connectors" / "departments"


@cache
def feed(key: str) -> Connector:
    """Give a built-in feed's connector."""
    return discover().open(key, Binding(JURISDICTION))


def sample(key: str, number: int = 0, /, **changed: Any) -> dict[str, Any]:
    """Give a row of a feed's JSON sample, with some columns changed."""
    (file,) = (FOLDER / key.replace(".", "/") / "sample").glob("*.json")
    said = json.loads(file.read_text(encoding="utf-8"))
    rows = said if isinstance(said, list) else said["data"]["rows"]
    assert set(changed) <= set(rows[number])
    return {**rows[number], **changed}


def raw(key: str, row: dict[str, Any]) -> RawRecord:
    """Give the raw record a feed makes of a row."""
    read = RowReader(feed(key).manifest).from_values(row)
    assert isinstance(read, RawRecord), read
    return read


def outcome(key: str, row: dict[str, Any]) -> Outcome:
    """Give what a feed makes of a row."""
    (found,) = feed(key).normalize([raw(key, row)])
    return found


def stated(key: str, number: int = 0, /, **changed: Any) -> ProjectRecord | PartRecord:
    """Give what a feed states of a row of its sample, with some columns changed."""
    found = outcome(key, sample(key, number, **changed))
    assert isinstance(found, Accepted), found
    return found.statements[0]


def proves(key: str, number: int = 0, /, **changed: Any) -> set[str]:
    """Give what a row of a feed's sample proves, as milestone and rank (C5 A)."""
    return {f"{proof.milestone} {proof.rank}" for proof in stated(key, number, **changed).evidence}
