"""What a department is told of its rows: what would become of each, what is wrong with it and who must act."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from schemas.base import Schema
from schemas.records import Issue, Rejection, Responsible, Unreadable

Outcome = Literal["accepted", "rejected", "unreadable"]
HUB_RULES = frozenset({"connector.failed", "source.unknown"})
"""Rules under which a row is unreadable though its department has sent nothing wrong."""


class RowFault(Schema):
    """One thing wrong with a row; `cell` is where it stands in its sheet (`C5`), None where there is no sheet."""

    severity: Literal["unreadable", "rejected", "dropped", "doubt", "note"]
    rule: str
    field: str | None
    cell: str | None
    value: str | None
    responsible: Responsible
    zh: str
    en: str


class CheckedRow(Schema):
    """What would become of one row: `line` is its row in the sheet, `row_no` its place among the records."""

    row_no: int
    line: int | None
    key: str | None
    outcome: Outcome
    faults: tuple[RowFault, ...] = ()


class CheckTotals(Schema):
    """How many rows would be accepted and refused: received = accepted + rejected + unreadable."""

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    unreadable: int = 0
    at_hub: int = 0
    """Of those refused, rows with which the department did nothing wrong: the hub's own people must act."""
    issues: int = 0
    """Values doubted or dropped in accepted rows."""
    notes: int = 0
    """Notes on accepted rows, which nobody need act on."""

    @property
    def to_act_on(self) -> int:
        """How many faults somebody must look at."""
        return self.rejected + self.unreadable + self.issues


class CheckReport(Schema):
    """What would become of a file or message; `rows` are those with something to tell, and `left_out` how many more."""

    source: str
    zh: str
    en: str
    name: str
    ok: bool
    """Nothing would be refused."""
    totals: CheckTotals
    rows: tuple[CheckedRow, ...]
    left_out: int = 0


def refused(found: Rejection, cell: str | None) -> RowFault:
    """Say why a row would not normalize."""
    return _fault("rejected", found, cell)


def doubted(found: Issue, cell: str | None) -> RowFault:
    """Say what was changed, doubted or dropped in an accepted row."""
    return _fault(found.severity.value, found, cell)


def unreadable(found: Unreadable, cell: str | None) -> RowFault:
    """Say why a row could not be read."""
    return RowFault(
        severity="unreadable",
        rule=found.rule,
        field=None,
        cell=cell,
        value=None,
        responsible=Responsible.HUB if found.rule in HUB_RULES else Responsible.DEPARTMENT,
        zh=found.zh,
        en=found.en,
    )


def _fault(
    severity: Literal["rejected", "dropped", "doubt", "note"], found: Rejection | Issue, cell: str | None
) -> RowFault:
    return RowFault(
        severity=severity,
        rule=found.rule,
        field=found.field,
        cell=cell,
        value=found.value,
        responsible=found.responsible,
        zh=found.zh,
        en=found.en,
    )


class Tally:
    """Counts checked rows as they pass."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, row: CheckedRow) -> None:
        """Count one row."""
        self._counts["received"] += 1
        self._counts[row.outcome] += 1
        if row.outcome != "accepted":
            refusing = [fault for fault in row.faults if fault.severity in {"rejected", "unreadable"}]
            self._counts["at_hub"] += all(fault.responsible is Responsible.HUB for fault in refusing)
        else:
            for fault in row.faults:
                self._counts["notes" if fault.severity == "note" else "issues"] += 1

    @property
    def totals(self) -> CheckTotals:
        """The rows counted so far."""
        return CheckTotals(**self._counts)
