"""One rule for every route of the API, by its operation id: who may call it, and which rows it then gives.

A route that stands here not, or a rule of no route, and the hub does not start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.access.roles import Scope


class Rows(StrEnum):
    """Which rows a route gives or changes; of all but `whole` and `none` the query itself leaves out what is not reached."""

    NONE = "none"
    """Nothing of a department or district: how the hub and its sources are."""
    GOLDEN = "golden"
    """Projects of the account's districts, whoever has spoken of them."""
    OWN = "own"
    """What the account's departments have sent, all over the jurisdiction."""
    QUESTION = "question"
    """Questions about records of the account's departments in its districts."""
    WHOLE = "whole"
    """Rows that cannot be told apart by department and district: only for who reaches all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Any of `scopes` may call it; without scopes anybody may, without a key, for the reason `open_because`."""

    scopes: frozenset[Scope]
    rows: Rows
    open_because: str = ""

    @property
    def anonymous(self) -> bool:
        """Say whether no key is asked for."""
        return bool(self.open_because)


def _anybody(why: str) -> Rule:
    return Rule(frozenset(), Rows.NONE, why)


def _may(rows: Rows, *scopes: Scope) -> Rule:
    return Rule(frozenset(scopes), rows)


_GOLDEN = _may(Rows.GOLDEN, Scope.READ)
_STATUS = _may(Rows.NONE, Scope.READ, Scope.OWN, Scope.OPERATE)
_OWN = _may(Rows.OWN, Scope.OWN)
_ANSWER = _may(Rows.QUESTION, Scope.REVIEW)
_DECIDED = _may(Rows.WHOLE, Scope.REVIEW)
_OPERATE = _may(Rows.WHOLE, Scope.OPERATE)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # open
        "read_index": _anybody("names the addresses of the API, which are no secret"),
        "read_docs": _anybody("shows the description of the API, which is no secret"),
        "read_docs_asset": _anybody("files of a page that anybody may see"),
        "openapi": _anybody("describes the API, which is no secret"),
        "read_live": _anybody("whoever restarts the process holds no key"),
        "read_ready": _anybody("whoever sends requests to replicas holds no key"),
        "begin_login": _anybody("leads to the provider of identities, which asks who it is"),
        "end_login": _anybody("lets in whom the provider of identities names"),
        "log_in": _anybody("by name and password, which is how a person gets in"),
        "push": _anybody("a push is let in by its signature"),
        "check_push": _anybody("a message is checked as it is pushed, by its signature"),
        # what all departments see together
        "list_projects": _GOLDEN,
        "export_projects": _GOLDEN,
        "read_project": _GOLDEN,
        "read_lifecycle": _GOLDEN,
        "read_relations": _GOLDEN,
        "explain_field": _GOLDEN,
        "read_funnel": _GOLDEN,
        "read_coverage": _GOLDEN,
        "list_changes": _GOLDEN,
        "follow_changes": _GOLDEN,
        "match_example": _GOLDEN,
        # how sources are
        "list_sources": _STATUS,
        "read_source": _STATUS,
        "read_sources_health": _STATUS,
        # a department's own
        "list_project_records": _may(Rows.OWN, Scope.OWN, Scope.REVIEW),
        "list_deliveries": _OWN,
        "read_delivery": _OWN,
        "read_delivery_errors": _OWN,
        "return_delivery": _OWN,
        "unmask_row": _may(Rows.OWN, Scope.UNMASK),
        "list_rejections": _OWN,
        "list_issues": _OWN,
        "list_runs": _OWN,
        "read_run": _OWN,
        "list_held_deletions": _OWN,
        "check": _may(Rows.OWN, Scope.CHECK),
        "sync_source": _may(Rows.OWN, Scope.SYNC),
        "cancel_run": _may(Rows.OWN, Scope.SYNC),
        "decide_held_deletion": _may(Rows.OWN, Scope.DELETE),
        "reconcile": _may(Rows.OWN, Scope.RECONCILE),
        # what people decide
        "list_reviews": _ANSWER,
        "count_reviews": _ANSWER,
        "assign_review": _ANSWER,
        "answer_alike": _ANSWER,
        "explain_pair": _ANSWER,
        "judge": _ANSWER,
        "decide": _ANSWER,
        "merge_projects": _ANSWER,
        "split_project": _ANSWER,
        "move_record": _ANSWER,
        "list_judgements": _DECIDED,
        "list_decisions": _DECIDED,
        "read_decision": _DECIDED,
        "undo_decision": _DECIDED,
        "list_conflicts": _DECIDED,
        # letting people in
        "list_accounts": _may(Rows.NONE, Scope.ACCOUNTS),
        "add_account": _may(Rows.NONE, Scope.ACCOUNTS),
        "change_rights": _may(Rows.NONE, Scope.ACCOUNTS),
        "add_key": _may(Rows.NONE, Scope.ACCOUNTS),
        "shut_account": _may(Rows.NONE, Scope.ACCOUNTS),
        "revoke_key": _may(Rows.NONE, Scope.ACCOUNTS),
        "read_session": _may(Rows.NONE, *Scope),
        "log_out": _may(Rows.NONE, *Scope),
        # watching
        "list_audit": _may(Rows.NONE, Scope.AUDIT),
        # running the hub
        "ask_replay": _OPERATE,
        "list_replays": _OPERATE,
        "read_replay": _OPERATE,
        "run_replay": _OPERATE,
        "cancel_replay": _OPERATE,
        "settle_source": _OPERATE,
        "add_subscription": _OPERATE,
        "list_subscriptions": _OPERATE,
        "read_subscription": _OPERATE,
        "remove_subscription": _OPERATE,
        "rotate_subscription_secret": _OPERATE,
        "pause_subscription": _OPERATE,
        "enable_subscription": _OPERATE,
        "replay_subscription": _OPERATE,
        "list_messages": _OPERATE,
        "list_attempts": _OPERATE,
        "resend_message": _OPERATE,
        "give_up_message": _OPERATE,
    }
)


def check_rules(operations: Iterable[str | None]) -> None:
    """Raise LookupError unless the routes of these operation ids and the rules are the same."""
    routes = set(operations)
    without = sorted(str(name) for name in routes - RULES.keys())
    stale = sorted(RULES.keys() - routes)
    if without or stale:
        raise LookupError(
            f"app/access/rules.py: routes without a rule: {', '.join(without) or 'none'};"
            f" rules without a route: {', '.join(stale) or 'none'}"
        )
