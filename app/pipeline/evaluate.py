"""How well clusters agree with known truth, counted by combinatorics: no loop over pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Record = TypeVar("Record", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 of one measure; with nothing predicted precision is 0, with nothing to find recall is 0."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of records: right of predicted, right of true."""

    right: int
    predicted: int
    true: int

    @property
    def score(self) -> Score:
        """Give the pairwise score of these counts."""
        return _score(self.right, self.predicted, self.right, self.true)


@dataclass(frozen=True, slots=True)
class Scores:
    """Pairwise and B-cubed scores over the records of the truth, and pair counts per two sources."""

    pairs: PairCounts
    pairwise: Score
    b_cubed: Score
    by_source: Mapping[tuple[str, str], PairCounts]
    records: int
    projects: int
    clusters: int


def evaluate(
    truth: Mapping[Record, Hashable],
    clusters: Mapping[Record, Hashable],
    source_of: Callable[[Record], str] | None = None,
) -> Scores:
    """Score `clusters` against `truth`, both record → group.

    Only records of the truth count; one absent from `clusters` stands alone. True pairs that were not predicted are
    misses. `source_of` tells a record's source; with it pairs are also counted per two sources (in sorted order).
    """
    true_of: list[Hashable] = []
    found_of: list[Hashable] = []
    sources: list[str] = []
    for record, project in truth.items():
        true_of.append(project)
        found_of.append((True, clusters[record]) if record in clusters else (False, record))
        sources.append(source_of(record) if source_of else "")
    true_sizes, found_sizes = Counter(true_of), Counter(found_of)
    cells = Counter(zip(true_of, found_of, strict=True))
    pairs = PairCounts(_within(cells), _within(found_sizes), _within(true_sizes))
    size = len(true_of)
    precise = sum(n * n / found_sizes[found] for (_, found), n in cells.items())
    complete = sum(n * n / true_sizes[true] for (true, _), n in cells.items())
    return Scores(
        pairs=pairs,
        pairwise=pairs.score,
        b_cubed=_score(precise, size, complete, size),
        by_source=_by_source(true_of, found_of, sources) if source_of else {},
        records=size,
        projects=len(true_sizes),
        clusters=len(found_sizes),
    )


def code_only(truth: Mapping[Record, Hashable], codes: Mapping[Record, str | None]) -> Scores:
    """Score the rule "equal project code": records without a code, or with none known, stand alone."""
    return evaluate(truth, {record: code for record, code in codes.items() if code})


def _within(groups: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(n * (n - 1) // 2 for n in groups.values())


def _by_source(
    true_of: list[Hashable], found_of: list[Hashable], sources: list[str]
) -> dict[tuple[str, str], PairCounts]:
    totals = [
        _between(groups, sources) for groups in (list(zip(true_of, found_of, strict=True)), found_of, true_of)
    ]
    keys = sorted(set().union(*totals))
    return {key: PairCounts(*(total[key] for total in totals)) for key in keys}


def _between(
    groups: list[Hashable] | list[tuple[Hashable, Hashable]], sources: list[str]
) -> Counter[tuple[str, str]]:
    """Count the pairs inside groups per two sources."""
    held: dict[Hashable, Counter[str]] = {}
    for group, source in zip(groups, sources, strict=True):
        held.setdefault(group, Counter())[source] += 1
    counts: Counter[tuple[str, str]] = Counter()
    for group_sources in held.values():
        names = sorted(group_sources)
        for i, a in enumerate(names):
            n = group_sources[a]
            if n > 1:
                counts[a, a] += n * (n - 1) // 2
            for b in names[i + 1 :]:
                counts[a, b] += n * group_sources[b]
    return counts


def _score(precise: float, predicted: float, complete: float, true: float) -> Score:
    precision = precise / predicted if predicted else 0.0
    recall = complete / true if true else 0.0
    total = precision + recall
    return Score(precision, recall, 2 * precision * recall / total if total else 0.0)
