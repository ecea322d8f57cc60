"""What was done and refused, as the audit admin reads it."""

from __future__ import annotations

from datetime import datetime

from schemas.api.shapes import Moment, Paged, Words
from schemas.base import Schema


class AuditQuery(Paged):
    """Which rows, newest first; `refused` gives only what was refused, or only what was done."""

    account: Words | None = None
    operation: Words | None = None
    refused: bool | None = None
    since: Moment | None = None
    until: Moment | None = None


class AuditView(Schema):
    """Who did what, when and from where; `result` is `done`, or the status it was refused with.

    `operation` is the operation id of the API or the name of a command, `target` its address, `credential` the key or
    session it came by.
    """

    audit_id: str
    at: datetime
    account: str
    credential: str
    operation: str
    target: str
    address: str
    result: str
