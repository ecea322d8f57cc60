"""The contract of a feed as a kit: `check` tells rule by rule whether it is kept; one line makes it a test.

`assert broken(check("harbour.permits")) == []` tests one feed; `contract_cases()` gives every feed and rule for pytest:

    @pytest.mark.parametrize("case", contract_cases(), ids=str)
    def test_contract(case):
        assert case.broken() == []
"""

from __future__ import annotations

from connectors.testing.contract import (
    RULES,
    Case,
    Rule,
    RuleResult,
    broken,
    check,
    contract_cases,
    demanded,
    feeds,
)

__all__ = [
    "RULES",
    "Case",
    "Rule",
    "RuleResult",
    "broken",
    "check",
    "contract_cases",
    "demanded",
    "feeds",
]
