"""The component that needs no linking: everything in it says that it is one project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.pipeline.matching.normal import Normal
from app.pipeline.matching.rules import Barriers
from app.pipeline.matching.score import SAFE_CUT
from app.pipeline.matching.twins import any_twins


def agree(records: Mapping[str, Normal], pairs: Sequence[tuple[str, str, int]]) -> bool:
    """Tell at sight that living records are one project, as linking them would find; False tells nothing.

    Every two of them are above the safe cut (`pairs` has each at most once), so every average is. No two are kept apart by
    a hard rule and no two are twins, so no two groups are, and without either there are no rivals. Words are not asked.
    """
    n = len(records)
    if len(pairs) < n * (n - 1) // 2 or any(score < SAFE_CUT for _, _, score in pairs):
        return False
    return n == 1 or not (Barriers(records).any() or any_twins(records.values()))
