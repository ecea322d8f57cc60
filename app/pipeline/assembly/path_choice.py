"""Which path a project takes, from what its records say. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.pipeline.assembly.said import Said
from app.pipeline.assembly.structs import Claim, Loser
from app.pipeline.assembly.survivorship import in_order
from app.pipeline.assembly.vocabulary import industry_of, path_of_land_mode
from schemas.identifiers import Scheme, Status
from schemas.path_signs import path_signs
from schemas.records import ProjectRecord
from schemas.tables import code_list


def signs(record: ProjectRecord) -> dict[str, str]:
    """Give the paths a record points to, each with the raw word that does."""
    table = path_signs()
    found: dict[str, str] = {}
    if record.path_hint in table.order:
        found[record.path_hint] = record.path_hint
    if record.land_mode and (path := path_of_land_mode(record.department, record.land_mode)):
        found[path] = record.land_mode
    if record.works_class and (path := table.works_class.get(record.works_class)):
        found[path] = record.works_class
    if record.industry:
        industry = industry_of(record.industry)
        for prefix, path in table.industry.items():
            if industry.startswith(prefix):
                found[path] = record.industry
    for number in (*record.bears, *record.cites):
        if (
            number.generation == "new"
            and number.scheme is Scheme.PROJECT_CODE
            and number.status is Status.VALID
        ):
            kind = code_list("PROJECT_CODE_TYPE").get(number.value.split("-")[3])
            if kind is not None and kind.path is not None:
                found[kind.path] = number.raw
    return found


def choose(said: Sequence[Said], *, parcels: bool) -> Claim | None:
    """Choose the path: the first in precedence that anybody points to and no parcel belies; None when nobody does."""
    table = path_signs()
    for path in table.order:
        fitting = [one for one in said if one.value == path]
        if fitting and not (parcels and path in table.not_with_parcels):
            first, *agree = in_order(fitting)
            return Claim(
                field="path",
                value=path,
                record_id=first.record_id,
                source=first.source,
                rule="derived",
                agree=tuple(sorted({one.record_id for one in agree} - {first.record_id})),
                losers=tuple(
                    Loser(value=one.value, record_id=one.record_id, source=one.source, reason="derived")
                    for one in sorted(said, key=lambda one: (one.record_id, one.value))
                    if one.value != path
                ),
            )
    return None
