"""What else is wrong with rows that are refused: the corridor keeps the first reason, a department mends them all at once."""

from __future__ import annotations

from collections.abc import Sequence

from app.pipeline.rules import Rules
from connectors.contract import Binding
from connectors.leniency import with_one_demand
from connectors.manifest import Manifest
from schemas.records import Accepted, Issue, Outcome, RawRecord, Rejection, Responsible, Severity

Fault = Rejection | Issue


def further(
    jurisdiction: int, rules: Rules, source: str, refused: Sequence[tuple[RawRecord, Rejection]]
) -> list[list[Fault]]:
    """Give what each refused row would be told besides, rejections first; nothing of one that fails for the hub's own reasons."""
    theirs = [
        place for place, (_, first) in enumerate(refused) if first.responsible is Responsible.DEPARTMENT
    ]
    found: list[list[Fault]] = [[] for _ in refused]
    if not theirs:
        return found
    raws = [refused[place][0] for place in theirs]
    issues: list[list[Fault]] = [[] for _ in refused]
    for lenient in with_one_demand(rules.registry.manifest(source)):
        for place, outcome in zip(theirs, _outcomes(jurisdiction, rules, lenient, raws), strict=False):
            if isinstance(outcome, Accepted):
                issues[place] += [issue for issue in outcome.issues if issue.severity is not Severity.NOTE]
            else:
                found[place].append(outcome)
    return [
        _once(first, [*told, *others])
        for (_, first), told, others in zip(refused, found, issues, strict=True)
    ]


def _outcomes(
    jurisdiction: int, rules: Rules, manifest: Manifest, raws: Sequence[RawRecord]
) -> list[Outcome]:
    """Give what each row becomes under another manifest of its source; nothing where a stranger's code does not bear it."""
    try:
        found = list(rules.registry.open_under(manifest, Binding(jurisdiction)).understand(raws))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the reason the corridor gave stands
        return []
    return found if len(found) == len(raws) else []


def _once(first: Rejection, faults: Sequence[Fault]) -> list[Fault]:
    """Give faults that were not told yet: one of a rule in a field."""
    seen, kept = {(first.rule, first.field)}, []
    for fault in faults:
        if (fault.rule, fault.field) not in seen:
            seen.add((fault.rule, fault.field))
            kept.append(fault)
    return kept
