from __future__ import annotations

from typing import Any

from app.pipeline.matching.cluster import Scored, Word
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.numbers import ONCE, is_firm
from schemas.judgements import Verdict

BLANK: dict[str, Any] = {
    "core": "",
    "owner_cores": (),
    "phase": frozenset(),
    "zone": None,
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
    "rest": "",
    "street": "",
    "point": None,
    "generic": "",
    "parts": frozenset(),
    "plots": frozenset(),
    "kinds": frozenset(),
    "town": "",
    "spots": frozenset(),
    "park": "",
    "industry": None,
    "land": (),
    "floors": (),
    "dates": frozenset(),
    "day": None,
}


def norm(record_id: str, **said: Any) -> Normal:
    """A record that states only what is said here, of a source of its own."""
    values = {**BLANK, "source": f"some.{record_id}", **said}
    for field in ("phase", "bears", "cites"):
        values[field] = frozenset(values[field])
    numbers = values["bears"] | values["cites"]
    scheme = {number: number.partition(":")[0] for number in numbers}
    values["once"] = frozenset(number for number in values["bears"] if scheme[number] in ONCE)
    values["firm"] = frozenset(number for number in numbers if is_firm(scheme[number])).union(values["codes"])
    return Normal(record_id=record_id, numbers=numbers, **values)


def norms(ids: str, **said: Any) -> dict[str, Normal]:
    """One blank record per letter."""
    return {i: norm(i, **said) for i in ids}


def pair(a: str, b: str, score: int) -> Scored:
    return min(a, b), max(a, b), score


def pairs(**scores: int) -> list[Scored]:
    """Pairs of one-letter records by their two letters, scores in thousandths: ab=900."""
    return [pair(key[0], key[1], score * 1000) for key, score in scores.items()]


def same(a: str, b: str, number: int = 0) -> Word:
    return Word(a, b, Verdict.SAME, number)


def different(a: str, b: str) -> Word:
    return Word(a, b, Verdict.DIFFERENT)
