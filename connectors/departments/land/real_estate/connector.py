"""不动产登记: the title to a parcel is a record, each unit built on it is a part of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from connectors.manifest_connector import ManifestConnector
from schemas.records import Accepted, Outcome, PartRecord, ProjectRecord, RawRecord
from schemas.structs import maker

_make_part = maker(PartRecord)
_UNIT = re.compile(r"(.{19,})[FLQ] ?\d{8}\s*", re.ASCII)
"""The code of a unit on a parcel (GB/T 37346-2019); the parcel itself, with nothing on it, is …W00000000."""


class FeedConnector(ManifestConnector):
    """Hangs units on the title to their parcel, for a building registered floor by floor (分层办证) is no dozen projects."""

    def interpret(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order."""
        raws = list(raws)
        return map(_placed, raws, super().interpret(raws))


def _placed(raw: RawRecord, outcome: Outcome) -> Outcome:
    unit = _UNIT.fullmatch(raw.key)
    if unit is None or not isinstance(outcome, Accepted):
        return outcome
    parts = tuple(
        _part(said, f"{unit[1]}W00000000") if said.kind == "project" else said for said in outcome.statements
    )
    return replace(outcome, statements=parts)


def _part(said: ProjectRecord, ground: str) -> PartRecord:
    holders = "、".join(party.name for party in said.parties if party.name)
    own = {"address": said.place.address or "", "holder": holders}
    return _make_part(
        source=said.source,
        key=said.key,
        department=said.department,
        part="unit",
        parent_source=said.source,
        parent_key=ground,
        bears=said.bears,
        cites=said.cites,
        areas=said.areas,
        evidence=said.evidence,
        texts=said.texts | {name: text for name, text in own.items() if text},
        stated_at=said.stated_at,
    )
