"""PURE: what the rounds say; medians and ranges, and what share of the server alone each contestant reaches in the same round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

Value = Mapping[str, Any]


def report(values: Sequence[Value], base: str, most_others: float = 100.0) -> str:
    """Give the report as text; values measured while others took more than that share of the machine are left out."""
    told: list[str] = []
    counted = [one for one in values if one["others"] <= most_others]
    others = spread([one["others"] for one in values], ".0f")
    told.append(
        f"taken by others {others} % of the machine; counted up to {most_others:.0f} %: {len(counted)} values"
    )
    for connections in sorted({one["connections"] for one in counted}):
        here = [one for one in counted if one["connections"] == connections]
        told += ["", f"## {connections} connections", "", *_costs(here), "", *_shares(here, base)]
    return "\n".join(told)


def _costs(values: Sequence[Value]) -> Iterator[str]:
    yield "| contestant | n | requests/s | CPU µs: server | PostgreSQL | p50 ms | p99 ms |"
    yield "|---|---|---|---|---|---|---|"
    for name in dict.fromkeys(one["contestant"] for one in values):
        mine = [one for one in values if one["contestant"] == name]
        cells = (
            spread([one[what] for one in mine], form)
            for what, form in (
                *(("rate", ".0f"), ("app_us", ".0f"), ("postgres_us", ".0f")),
                *(("p50_ms", ".1f"), ("p99_ms", ".1f")),
            )
        )
        yield f"| {name} | {len(mine)} | " + " | ".join(cells) + " |"


def _shares(values: Sequence[Value], base: str) -> Iterator[str]:
    yield f"Share of {base} in the same round, percent (by rate; by CPU of server and PostgreSQL together):"
    rounds = {one["round"]: one for one in values if one["contestant"] == base}
    for name in dict.fromkeys(one["contestant"] for one in values):
        pairs = [(one, rounds[one["round"]]) for one in values if one["contestant"] == name]
        if name != base and pairs:
            by_rate = spread([100 * one["rate"] / alone["rate"] for one, alone in pairs], ".0f")
            by_cpu = spread([100 * cpu(alone) / cpu(one) for one, alone in pairs], ".0f")
            yield f"- {name}: {by_rate}; {by_cpu}"


def cpu(value: Value) -> float:
    """Give the CPU of a request in µs, PostgreSQL's part with it."""
    return float(value["app_us"] + value["postgres_us"])


def spread(numbers: Iterable[float], form: str) -> str:
    """Give the median with the range."""
    found = sorted(numbers)
    if not found:
        return "–"
    if len(found) == 1:
        return format(found[0], form)
    return f"{median(found):{form}} ({found[0]:{form}}–{found[-1]:{form}})"
