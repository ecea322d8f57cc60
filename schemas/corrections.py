"""A person's word on one field of a project."""

from __future__ import annotations

from schemas.base import Schema
from schemas.golden import Value


class Correction(Schema):
    """A value a person set for `field` of the project that holds `anchor_record`, and what records said then.

    `seen` maps record ids to the raw value each gave for the field ('' where it gave none); the correction steps
    aside once a later version of one of them says another. Of several corrections of a field the highest number
    speaks. A withdrawal names the correction it takes back.
    """

    correction_no: int
    anchor_record: str
    field: str
    value: Value
    seen: dict[str, str] = {}
    by: str
    reason: str
    withdraws: int | None = None
