"""What a run of the bench has to say, as a dictionary for a file and as text for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from app.learning.linking import Linked, Points
from app.pipeline.evaluate import Score, evaluate
from app.pipeline.matching.score import REVIEW_CUT
from bench.match.blocking import Pairs
from bench.match.city import Records
from bench.match.losses import Kind, lost, made
from bench.match.measures import clusters_score, curve, same, siblings, true_pairs

Measured = dict[str, Any]
SAFE = 0.995
"""The precision asked of what merges without a person."""


def measured(records: Records, pairs: Pairs, scores: Points, linked: Linked, threshold: int) -> Measured:
    """Give every figure of one city; `threshold` is the pair score chosen on another one."""
    true, right, hard = true_pairs(records.truth), same(records, pairs), siblings(records, pairs)
    drawn = curve(records, pairs, scores)
    safe, together = (clusters_score(records, one) for one in (linked.safe, linked.together))
    at = drawn.safe(SAFE)
    return {
        "records": len(records),
        "projects": len(set(records.truth.tolist())),
        "true_pairs": true,
        "pairs_per_record": len(pairs) / max(1, len(records)),
        "completeness": float(right.sum() / true) if true else 1.0,
        "pairs": asdict(drawn.at(threshold)),
        "threshold": threshold,
        "pairs_best": asdict(drawn.at(drawn.best())),
        "recall_at_safe_pairs": drawn.at(at).recall if at is not None else 0.0,
        "clusters": asdict(together[0]),
        "b_cubed": asdict(together[1]),
        "safe_clusters": asdict(safe[0]),
        "safe_b_cubed": asdict(safe[1]),
        "hard_negatives": int(hard.sum()),
        "hard_pairs_taken": _share(scores[hard] >= threshold),
        "hard_merged": _share(linked.together[pairs[hard, 0]] == linked.together[pairs[hard, 1]]),
        "hard_merged_safe": _share(linked.safe[pairs[hard, 0]] == linked.safe[pairs[hard, 1]]),
        "reviews_per_100": 100 * linked.reviews / max(1, len(records)),
        "largest_component": linked.largest_component,
    }


def _share(taken: Any) -> float:
    return float(taken.mean()) if len(taken) else 0.0


def analysed(records: Records, pairs: Pairs, scores: Points, linked: Linked, most: int = 12) -> str:
    """Tell which pairs are lost and made at the lower cut, commonest first, and each two feeds by themselves."""
    told: list[str] = []
    for title, found in (
        ("true pairs lost", lost(records, pairs, scores, linked.together, REVIEW_CUT)),
        ("false pairs made", made(records, linked.together)),
    ):
        for what, counts in zip(("by what both say", "by feeds"), found, strict=True):
            told += [f"\n{title}, {what}: {counts.total()}", *_commonest(counts, most)]
    return "\n".join(
        [*told, "\nclusters per two feeds, worst first (lower cut):", *_by_feeds(records, linked, most)]
    )


def _commonest(counts: Counter[Kind], most: int) -> Iterator[str]:
    for (step, kind), n in counts.most_common(most):
        yield f"  {n:7}  {step}: {kind}"


_FEW = 20
"""True pairs between two feeds below which their scores say little."""


def _by_feeds(records: Records, linked: Linked, most: int) -> Iterator[str]:
    places = range(len(records))
    scores = evaluate(
        dict(zip(places, records.truth.tolist(), strict=True)),
        dict(zip(places, linked.together.tolist(), strict=True)),
        lambda place: records.sources[records.source[place]],
    )
    told = [one for one in scores.by_source.items() if one[1].true >= _FEW]
    for (a, b), counts in sorted(told, key=lambda one: one[1].score.f1)[:most]:
        yield f"  {_said(counts.score)}  of {counts.true:6}  {a} – {b}"


def _said(score: Score) -> str:
    return f"P {score.precision:.4f} R {score.recall:.4f} F1 {score.f1:.4f}"


ROWS: tuple[tuple[str, Callable[[Measured], float]], ...] = (
    ("pair F1 (threshold of another city)", lambda m: m["pairs"]["f1"]),
    ("  precision", lambda m: m["pairs"]["precision"]),
    ("  recall", lambda m: m["pairs"]["recall"]),
    ("pair F1 (best threshold here)", lambda m: m["pairs_best"]["f1"]),
    ("recall where pairs reach precision .995", lambda m: m["recall_at_safe_pairs"]),
    ("candidate completeness", lambda m: m["completeness"]),
    ("candidate pairs per record", lambda m: m["pairs_per_record"]),
    ("cluster F1, lower cut", lambda m: m["clusters"]["f1"]),
    ("  precision", lambda m: m["clusters"]["precision"]),
    ("  recall", lambda m: m["clusters"]["recall"]),
    ("  B-cubed F1", lambda m: m["b_cubed"]["f1"]),
    ("safe cut: precision", lambda m: m["safe_clusters"]["precision"]),
    ("safe cut: share of true pairs", lambda m: m["safe_clusters"]["recall"]),
    ("answers of a reviewer", lambda m: m.get("answered", 0)),
    ("  cluster F1 with them", lambda m: m.get("answered_clusters", {}).get("f1", 0.0)),
    ("  safe cut: precision", lambda m: m.get("answered_safe", {}).get("precision", 0.0)),
    ("  safe cut: share", lambda m: m.get("answered_safe", {}).get("recall", 0.0)),
    ("hard negatives", lambda m: m["hard_negatives"]),
    ("  taken as pairs", lambda m: m["hard_pairs_taken"]),
    ("  merged, lower cut", lambda m: m["hard_merged"]),
    ("  merged, safe cut", lambda m: m["hard_merged_safe"]),
    ("merges to review per 100 records", lambda m: m["reviews_per_100"]),
    ("largest component", lambda m: m["largest_component"]),
)


def table(columns: Mapping[str, Measured]) -> str:
    """Lay figures of several cities or methods side by side."""
    told = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for title, of in ROWS:
        told.append(f"| {title} | " + " | ".join(_figure(of(m)) for m in columns.values()) + " |")
    return "\n".join(told)


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}" if value < 2 else f"{value:.1f}"
