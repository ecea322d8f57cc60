"""What a project's document tells of others, whatever these are called: an id tells what was said first."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from app.db.relations import RelationRow
from app.pipeline.assembly.structs import Relation
from app.pipeline.related import related, within

RECORDS = ("1-a", "1-b", "1-c", "1-d")


def told(calls: Mapping[str, str], kind: str, lower: bool, dice: random.Random) -> tuple[Relation, ...]:
    """Give what the project of the record 1-a tells, which stands below (or above) those of all the other records."""
    pairs = [("1-a", other) if lower else (other, "1-a") for other in RECORDS[1:]]
    rows = [RelationRow(calls[a], calls[b], kind, "word", a, b, 0, 1) for a, b in pairs]
    return related(calls["1-a"], dice.sample(rows, len(rows)), (), None)


@pytest.mark.parametrize(("kind", "lower"), [("part_of", True), ("replaces", False), ("phase_of", True)])
def test_neither_the_order_of_relations_nor_whose_money_counts_where_hangs_on_what_projects_are_called(
    kind: str, lower: bool
) -> None:
    dice = random.Random(kind)
    for _ in range(12):
        names = dice.sample(("1-p", "1-q", "1-r", "1-s"), 4)
        calls = dict(zip(RECORDS, names, strict=True))
        stands = told(calls, kind, lower, dice)
        assert [one.b if lower else one.a for one in stands] == list(RECORDS[1:])
        above = within(calls["1-a"], stands)
        assert above == (None if kind == "phase_of" else calls["1-b"])
