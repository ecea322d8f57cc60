from __future__ import annotations

import pytest

from app.pipeline.matching.reasons import Facts, reasons

CUTS = (400_000, 800_000)


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (Facts(one=True), ["together"]),
        (Facts(one=True, same=(3,)), ["same", "together"]),
        (Facts(one=False), ["not_compared"]),
        (
            Facts(one=False, different=(1,), same=(2,), compared=1, average=900_000, cuts=CUTS),
            ["different", "conflict"],
        ),
        (
            Facts(one=False, rules=("code", "phase"), compared=1, average=1, cuts=CUTS),
            ["rule.code", "rule.phase", "below"],
        ),
        (Facts(one=False, compared=1, average=700_000, question="between_cuts", cuts=CUTS), ["between"]),
        (Facts(one=False, compared=1, average=900_000, question="ambiguous", cuts=CUTS), ["ambiguous"]),
        (Facts(one=False, withdrawn=True, waits=True), ["waits", "withdrawn", "not_compared"]),
    ],
)
def test_every_reason_is_named_in_both_languages(facts: Facts, codes: list[str]):
    told = list(reasons(facts))
    assert [code for code, _, _ in told] == codes
    assert all(zh and en for _, zh, en in told)
