"""Proofs and promises in a row, by the manifest's rules."""

from __future__ import annotations

import re
from datetime import date

from connectors.manifest_mapping import EvidenceRule, PlannedRule
from connectors.mapping_values import Said
from schemas.cleaning import clean
from schemas.dates import Precision, StatedDate
from schemas.lifecycle import Evidence, Planned, Rank

_CODE_MONTH = re.compile(r"(\d{2})(\d{2})-?\d{6}-?\d{2}-?(?!88)\d{2}-?\d{6}", re.ASCII)


def evidence(said: Said, rules: tuple[EvidenceRule, ...]) -> tuple[Evidence, ...]:
    """Give the proofs a row holds, in the order of the rules, none twice."""
    found: dict[Evidence, None] = {}
    for rule in rules:
        if (proof := _proof(said, rule)) is not None:
            found.setdefault(proof)
    return tuple(found)


def planned(said: Said, rules: tuple[PlannedRule, ...]) -> tuple[Planned, ...]:
    """Give the dates a row promises."""
    return tuple(
        Planned(milestone=rule.milestone, on=on, basis=rule.basis, part=_part(said, rule.part))
        for rule in rules
        if (on := said.day(rule.date)) is not None
    )


def _proof(said: Said, rule: EvidenceRule) -> Evidence | None:
    if not all(condition.holds(said.text(condition.column)) for condition in rule.when):
        return None
    status = said.text(rule.when[0].column) if rule.when else None
    number = said.text(rule.number) if rule.number else None
    raw = said.text(rule.date) if rule.date else None
    done = raw is not None and raw in rule.words
    on = said.day(rule.date) if rule.date and raw and not done else None
    if rule.month_of:
        number = said.text(rule.month_of)
        on = _month(number) if number else None
    carried = bool(number or on or done)
    if not carried and (not rule.when or rule.date or rule.number):
        return None
    rank = Rank.B if rule.rank is Rank.A and not (number and on) else rule.rank
    return Evidence(
        milestone=rule.milestone,
        rank=rank,
        on=on,
        number=number,
        part=_part(said, rule.part),
        raw=raw or status,
    )


def _part(said: Said, name: str | None) -> str | None:
    return said.text(name) if name else None


def _month(code: str) -> StatedDate | None:
    """Give the month a project code of the new generation was given in; older ones and false months say none."""
    found = _CODE_MONTH.fullmatch(clean(code))
    if not found or int(found[1]) < 20 or not 1 <= int(found[2]) <= 12:
        return None
    return StatedDate(day=date(2000 + int(found[1]), int(found[2]), 1), precision=Precision.MONTH, raw=code)
