"""PURE: what a run's raw values say; medians and ranges, and ratios of the two sides of one round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

Value = Mapping[str, Any]
Results = Mapping[str, Any]

BUDGETS = (
    ("land + normalize, new", "hub-records", "new", 2.0, 4.0),
    ("land + normalize, changed", "hub-records", "changed", 2.0, 4.0),
    ("to the document, new", "hub-documents", "new", 0.7, 1.2),
    ("to the document, changed", "hub-documents", "changed", 0.7, 1.2),
    ("unchanged resync", "hub-records", "unchanged", 15.0, 40.0),
)
"""What is compared with dlt, by whom and in which state, and what design section 11 asks and aims for."""
MEMORY = 1.2
"""How much more memory ten times the records may take."""
BASE = "dlt-default"


def report(results: Results, most_others: float = 100.0) -> str:
    """Give the report of a run as text; values measured while others took more than that share are left out."""
    told = list(_head(results, most_others))
    values = [one for one in results["values"] if one["others"] <= most_others]
    for size in sorted({one["records"] for one in values}):
        here = [one for one in values if one["records"] == size]
        told += ["", f"## {size} records", "", *_costs(here), "", *_ratios(here), "", *_stages(here)]
    return "\n".join([*told, "", *_memory(values)])


def _head(results: Results, most_others: float) -> Iterator[str]:
    values = results["values"]
    yield f"commit {results['commit']}, {results['at']}, {results['plan']['rounds']} rounds, pages of {results['plan']['page']}"
    for name in ("machine", "versions", "postgres"):
        yield f"{name}: " + ", ".join(f"{key} {value}" for key, value in results[name].items())
    idle, others = (_spread([one[name] for one in values], ".0f") for name in ("idle", "others"))
    yield f"idle {idle} %, taken by others {others} % of the machine; counted up to {most_others:.0f} %"


def _costs(values: Sequence[Value]) -> Iterator[str]:
    yield "| contestant | state | n | wall s | records/s | CPU µs/record: own | PostgreSQL | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    for (contestant, state), mine in _grouped(values, "contestant", "state").items():
        cells = (
            _spread([one["wall"] for one in mine], ".2f"),
            _spread([one["records"] / one["wall"] for one in mine], ".0f"),
            _spread([one["cpu_app"] / one["records"] * 1e6 for one in mine], ".0f"),
            _spread([one["cpu_postgres"] / one["records"] * 1e6 for one in mine], ".0f"),
            _spread([one["peak_rss_mb"] for one in mine], ".0f"),
        )
        yield f"| {contestant} | {state} | {len(mine)} | " + " | ".join(cells) + " |"


def _ratios(values: Sequence[Value]) -> Iterator[str]:
    peers = sorted({one["contestant"] for one in values if one["contestant"].startswith("dlt-")})
    yield "How many times as fast as dlt, per round:"
    yield ""
    yield "| path | against | by wall | by CPU | must | aim |"
    yield "|---|---|---|---|---|---|"
    for path, contestant, state, must, aim in BUDGETS:
        for peer in peers:
            by = [paired(values, contestant, peer, state, cost) for cost in (_wall, _cpu)]
            if by[0]:
                asked = f"{must:g} | {aim:g}" if peer == BASE else "|"
                yield f"| {path} | {peer} | {_spread(by[0], '.2f')} | {_spread(by[1], '.2f')} | {asked} |"
    shares = [
        paired(values, "hub-records", "copy", state, _wall, other="new") for state in ("new", "changed")
    ]
    if all(shares):
        said = ", ".join(_spread([100 * share for share in one], ".1f") for one in shares)
        yield ""
        yield f"Land + normalize reaches {said} % (new, changed) of the rate of a plain COPY."


def _stages(values: Sequence[Value]) -> Iterator[str]:
    yield "| step (hub-documents) | state | records/s | CPU µs/record |"
    yield "|---|---|---|---|"
    for (state,), mine in _grouped(
        [one for one in values if one["contestant"] == "hub-documents"], "state"
    ).items():
        for stage in dict.fromkeys(name for one in mine for name in one["stages_wall"]):
            walls = [one["records"] / max(one["stages_wall"].get(stage, 0), 1e-9) for one in mine]
            cpus = [one["stages_cpu"].get(stage, 0) / one["records"] * 1e6 for one in mine]
            if median(cpus) >= 0.05:
                yield f"| {stage} | {state} | {_spread(walls, '.0f')} | {_spread(cpus, '.1f')} |"


def _memory(values: Sequence[Value]) -> Iterator[str]:
    sizes = sorted({one["records"] for one in values})
    if len(sizes) < 2:
        return
    few, many = sizes[0], sizes[-1]
    yield f"Peak memory of the hub's process at {many} records as a multiple of that at {few} (may be {MEMORY:g}):"
    for (contestant, state), mine in _grouped(values, "contestant", "state").items():
        peaks = [[one["peak_rss_mb"] for one in mine if one["records"] == size] for size in (few, many)]
        if contestant.startswith("hub-") and all(peaks):
            yield f"- {contestant}, {state}: {median(peaks[1]) / median(peaks[0]):.2f}"


def paired(
    values: Iterable[Value],
    contestant: str,
    peer: str,
    state: str,
    cost: Callable[[Value], float],
    other: str = "",
) -> list[float]:
    """Give, for each round both finished, the peer's cost as a multiple of the contestant's; `other` is the peer's state."""
    held = {(one["contestant"], one["state"], one["round"]): cost(one) for one in values}
    rounds = sorted({number for _, _, number in held})
    pairs = [(held.get((contestant, state, n)), held.get((peer, other or state, n))) for n in rounds]
    return [theirs / ours for ours, theirs in pairs if ours and theirs]


def _wall(value: Value) -> float:
    return float(value["wall"])


def _cpu(value: Value) -> float:
    return float(value["cpu_app"] + value["cpu_postgres"])


def _spread(numbers: Sequence[float], form: str) -> str:
    """Give median and range."""
    if not numbers:
        return "–"
    low, high = min(numbers), max(numbers)
    middle = format(median(numbers), form)
    return middle if len(numbers) == 1 else f"{middle} ({low:{form}}–{high:{form}})"


def _grouped(values: Iterable[Value], *names: str) -> dict[tuple[str, ...], list[Value]]:
    made: dict[tuple[str, ...], list[Value]] = {}
    for one in values:
        made.setdefault(tuple(one[name] for name in names), []).append(one)
    return made
