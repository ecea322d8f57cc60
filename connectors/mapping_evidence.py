"""Proofs and promises in a row, by the manifest's rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from connectors.manifest_mapping import EvidenceRule, PlannedRule, When
from connectors.mapping_values import Reader, Said
from schemas.cleaning import clean
from schemas.dates import Precision, StatedDate, make_date
from schemas.lifecycle import Evidence, Planned, Rank
from schemas.structs import maker

make_evidence, make_planned = maker(Evidence), maker(Planned)
_KINDS = 256
"""Texts of which a condition remembers whether it holds: they name kinds of things, and are few."""
_CODE_MONTH = re.compile(r"(\d{2})(\d{2})-?\d{6}-?\d{2}-?(?!88)\d{2}-?\d{6}", re.ASCII)


def evidence_reader(rules: Iterable[EvidenceRule]) -> Reader[tuple[Evidence, ...]]:
    """Read the proofs a row holds, in the order of the rules, none twice."""
    rules = tuple(rules)
    often = Counter(rule.milestone for rule in rules)
    ready = [(_proof_reader(rule), often[rule.milestone] > 1) for rule in rules]
    column = _asked_most(rules)
    asked = [_words(rule, column) for rule in rules]
    otherwise = [one for one, words in zip(ready, asked, strict=True) if words is None]
    by_word: dict[str | None, list[tuple[Reader[Evidence | None], bool]]] = {
        word: [one for one, words in zip(ready, asked, strict=True) if words is None or word in words]
        for word in {word for words in asked for word in words or ()}
    }

    def read(said: Said) -> tuple[Evidence, ...]:
        found: list[Evidence] = []
        for read_proof, perhaps_twice in by_word.get(said.texts[column], otherwise) if column else ready:
            proof = read_proof(said)
            if proof is not None and not (perhaps_twice and proof in found):
                found.append(proof)
        return tuple(found)

    return read


def _asked_most(rules: Iterable[EvidenceRule]) -> str | None:
    """Give the column whose words most rules ask for, None where none does: its word tells which rules can hold."""
    asked = Counter(when.column for rule in rules for when in rule.when if when.values)
    return max(asked, key=asked.__getitem__, default=None)


def _words(rule: EvidenceRule, column: str | None) -> tuple[str, ...] | None:
    """Give the words a rule asks of a column, None where it holds whatever that says."""
    return next((when.values for when in rule.when if when.column == column and when.values), None)


def planned_reader(rules: Iterable[PlannedRule]) -> Reader[tuple[Planned, ...]]:
    """Read the dates a row promises."""
    ready = tuple(rules)

    def read(said: Said) -> tuple[Planned, ...]:
        texts = said.texts
        return tuple(
            make_planned(
                milestone=rule.milestone,
                on=on,
                basis=rule.basis,
                part=texts[rule.part] if rule.part else None,
            )
            for rule in ready
            if (on := said.day(rule.date)) is not None
        )

    return read


def _proof_reader(rule: EvidenceRule) -> Reader[Evidence | None]:
    """Read one proof: nothing where a condition does not hold or the row says neither number, date nor word for done."""
    conditions = [(condition.column, _fits(condition)) for condition in rule.when]
    date, number_column, part, code = rule.date, rule.number, rule.part, rule.month_of
    status_column = rule.when[0].column if rule.when else None
    words = frozenset(rule.words)
    by_status_alone = bool(rule.when) and not (rule.date or rule.number)

    def read(said: Said) -> Evidence | None:
        texts = said.texts
        for column, fits in conditions:
            text = texts[column]
            if text is None or not fits(text):
                return None
        number = texts[number_column] if number_column else None
        raw = texts[date] if date else None
        done = raw in words
        on = said.day(date) if date and raw and not done else None
        if code:
            number = texts[code]
            on = _month(number) if number else None
        if not (number or on or done or by_status_alone):
            return None
        return make_evidence(
            milestone=rule.milestone,
            rank=Rank.B if rule.rank is Rank.A and not (number and on) else rule.rank,
            on=on,
            number=number,
            part=texts[part] if part else None,
            raw=raw or (texts[status_column] if status_column else None),
        )

    return read


def _fits(condition: When) -> Callable[[str], object]:
    """Tell by a text of the condition's column whether it holds."""
    if condition.match is None:
        return frozenset(condition.values).__contains__
    search = re.compile(condition.match).search
    return lru_cache(maxsize=_KINDS)(lambda text: search(text) is not None)


def _month(code: str) -> StatedDate | None:
    """Give the month a project code of the new generation was given in; older ones and false months say none."""
    found = _CODE_MONTH.fullmatch(clean(code))
    if not found or int(found[1]) < 20 or not 1 <= int(found[2]) <= 12:
        return None
    return make_date(day=date(2000 + int(found[1]), int(found[2]), 1), precision=Precision.MONTH, raw=code)
