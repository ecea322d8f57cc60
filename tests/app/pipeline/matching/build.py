from __future__ import annotations

from typing import Any

from app.pipeline.matching.cluster import Word
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.score import Pair
from schemas.judgements import Verdict

BLANK: dict[str, Any] = {
    "department": "housing",
    "name": "",
    "core": "",
    "owner_cores": (),
    "phase": frozenset(),
    "zone": None,
    "section": None,
    "quantities": frozenset(),
    "codes": (),
    "usccs": (),
    "bears": frozenset(),
    "cites": frozenset(),
    "district": None,
    "address": "",
    "houses": frozenset(),
    "works_class": None,
    "amount": None,
    "site_area": None,
    "grams": frozenset(),
    "rest": frozenset(),
    "address_grams": frozenset(),
    "content_hash": "",
}


def norm(record_id: str, **said: Any) -> Normal:
    """A record that states only what is said here, of a source of its own."""
    values = {**BLANK, "source": f"some.{record_id}", **said}
    for field in ("phase", "bears", "cites"):
        values[field] = frozenset(values[field])
    return Normal(record_id=record_id, numbers=values["bears"] | values["cites"], **values)


def norms(ids: str, **said: Any) -> dict[str, Normal]:
    """One blank record per letter."""
    return {i: norm(i, **said) for i in ids}


def pair(a: str, b: str, score: int) -> Pair:
    return Pair(min(a, b), max(a, b), score, ())


def pairs(**scores: int) -> list[Pair]:
    """Pairs of one-letter records by their two letters, scores in thousandths: ab=900."""
    return [pair(key[0], key[1], score * 1000) for key, score in scores.items()]


def same(a: str, b: str, number: int = 0) -> Word:
    return Word(a, b, Verdict.SAME, number)


def different(a: str, b: str) -> Word:
    return Word(a, b, Verdict.DIFFERENT)
