"""Deliveries with the outcome of each row, rejections and issues."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints, computed_field

from schemas.api.shapes import Counts, Listed, Paged, SourceKey, Words
from schemas.base import Schema
from schemas.checks import CheckReport


class Receipt(Schema):
    """A push is durable: its delivery number, the SHA-256 of its body, and whether it was here before."""

    delivery: int
    sha256: str
    status: Literal["accepted", "duplicate"]


class PushCheck(CheckReport):
    """What would become of a message if it were pushed: its receipt, and what would become of each row."""

    sha256: str
    status: Literal["accepted", "duplicate"]


class DeliveryQuery(Paged):
    """Which deliveries, newest first."""

    source: SourceKey | None = None


class DeliveryView(Schema):
    """One accepted message, pulled page or file arrival with its accounting."""

    delivery_no: int
    source: str
    channel: str
    sender: str
    received_at: datetime
    sha256: str
    message_id: str | None
    landed_at: datetime | None
    state: Literal["waiting", "landed", "normalized"]
    counts: Counts

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def verdict(self) -> Literal["open", "accepted", "partly", "rejected"]:
        """What became of it as a whole: `rejected` when there was something and nothing of it was taken."""
        if self.state != "normalized":
            return "open"
        if not self.counts.rejected + self.counts.unreadable:
            return "accepted"
        return "partly" if self.counts.accepted + self.counts.unchanged else "rejected"


class DeliveryRow(Schema):
    """What became of one row; rows that said nothing new are counted and have none."""

    row_no: int
    outcome: Literal["waiting", "accepted", "rejected", "confirmed", "unreadable"]
    record_id: str | None
    key: str | None
    version: str | None
    op: str | None
    hash: str | None
    late: bool
    rule: str | None
    field: str | None
    zh: str | None
    en: str | None


class Anomaly(Schema):
    """The same message id with another body: it is kept, and the first one counts."""

    received_at: datetime
    sender: str
    sha256: str


class DeliveryDetail(DeliveryView):
    """A delivery with a page of its rows, and what contradicted it under its id."""

    rows: Listed[DeliveryRow]
    anomalies: tuple[Anomaly, ...] = ()


class DeliveryFault(Schema):
    """One thing wrong with a row of a delivery; of a refused or unreadable row `issue_no` is 0, for it has but one."""

    row_no: int
    issue_no: int
    key: str | None
    severity: Literal["unreadable", "rejected", "dropped", "doubt", "note"]
    rule: str
    field: str | None
    value: str | None
    responsible: str
    zh: str
    en: str


class Unmasking(Schema):
    """Why somebody needs to see what is masked."""

    reason: Annotated[str, StringConstraints(min_length=4, max_length=200, pattern=r"^[^\x00]*$")]


class RowAsSaid(Schema):
    """A row as its department said it, with nothing masked."""

    delivery_no: int
    row_no: int
    said: str


class DeliveryErrors(DeliveryView):
    """A delivery with a page of what is wrong with its rows."""

    errors: Listed[DeliveryFault]


class FindQuery(Paged):
    """Which rejections or issues, newest first."""

    source: SourceKey | None = None
    rule: Words | None = None


class RejectionQuery(FindQuery):
    """Which rejections: rows nobody could read (`unreadable`), raw records that would not normalize (`rejected`)."""

    kind: Literal["unreadable", "rejected"] | None = None


class RejectionView(Schema):
    """A row that became no statement: rule, field and value, in words, and who must act.

    One of `unreadable` is counted there and has no record; one of `rejected` was kept and is counted there.
    """

    kind: Literal["unreadable", "rejected"]
    delivery_no: int
    row_no: int
    source: str
    record_id: str | None
    rule: str
    field: str | None
    value: str | None
    responsible: str
    zh: str
    en: str


class IssueView(Schema):
    """A value changed, doubted or dropped while its record was accepted."""

    delivery_no: int
    row_no: int
    source: str
    record_id: str
    rule: str
    field: str | None
    value: str | None
    responsible: str
    zh: str
    en: str
    issue_no: int
    severity: str
