from __future__ import annotations

import pytest

from app.access.roles import Scope
from app.access.rules import RULES, Rows, check_rules


def test_routes_and_rules_are_the_same() -> None:
    check_rules(RULES)


def test_a_route_without_a_rule_and_a_rule_without_a_route_are_told() -> None:
    with pytest.raises(LookupError, match=r"without a rule: read_secret.*without a route: push"):
        check_rules([*(RULES.keys() - {"push"}), "read_secret"])


def test_what_is_open_says_why_and_gives_nothing_of_a_department() -> None:
    for name, rule in RULES.items():
        assert rule.anonymous == (not rule.scopes), name
        if rule.anonymous:
            assert len(rule.open_because) > 20
            assert rule.rows is Rows.NONE


def test_only_these_are_open() -> None:
    open_ones = {name for name, rule in RULES.items() if rule.anonymous}
    assert open_ones == {
        "read_index",
        "read_docs",
        "read_docs_asset",
        "openapi",
        "read_live",
        "read_ready",
        "push",
        "check_push",
        "begin_login",
        "end_login",
        "log_in",
    }


def test_no_admin_of_accounts_or_audit_reads_a_project() -> None:
    for name, rule in RULES.items():
        if rule.scopes & {Scope.ACCOUNTS, Scope.AUDIT} and name not in {"read_session", "log_out"}:
            assert len(rule.scopes) == 1, name
