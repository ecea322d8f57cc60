"""What the manifests of New York's two agencies cannot say: house numbers, boroughs as districts, and counted dwellings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connectors.manifest_connector import ManifestConnector
from schemas.records import Accepted, Outcome, RawRecord
from schemas.structs import changed


class BoroughConnector(ManifestConnector):
    """Puts the house number (text `house`) before the street, takes the borough (text `borough`) for the district.

    What the text `scale` counts are dwellings.
    """

    def interpret(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order."""
        return map(_placed, super().interpret(raws))


def _placed(outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Accepted):
        return outcome
    statements = []
    for said in outcome.statements:
        assert said.kind == "project"
        address = " ".join(filter(None, (said.texts.get("house"), said.place.address)))
        place = changed(said.place, district=said.texts.get("borough"), address=address)
        texts = said.texts | {"scale": f"{said.texts['scale']}套"} if "scale" in said.texts else said.texts
        statements.append(changed(said, place=place, texts=texts))
    return replace(outcome, statements=tuple(statements))
