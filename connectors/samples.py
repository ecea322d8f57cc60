"""A feed's recorded sample, read offline by the very code that reads the source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.contract import Binding, Connector
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import at as pointed_at
from connectors.splitting import items, records
from connectors.transport_settings import FilesSettings, HttpSettings
from connectors.transports import files, push
from schemas.records import Accepted, RawRecord, Unreadable

JURISDICTION = 430200
"""The city samples are read for."""


def rows(manifest: Manifest, folder: Path) -> Iterator[RawRecord | Unreadable]:
    """Give the rows of `sample/`: files as they arrive, answers of an API, bodies of pushes, rows of a table as JSON."""
    settings = manifest.transport
    place = folder / "sample"
    if isinstance(settings, FilesSettings):
        still = settings.model_copy(update={"settle_seconds": 0.0})
        binding = Binding(JURISDICTION, location=str(place))
        for page in files.fetch(manifest, still, binding, None):
            yield from page.rows
        return
    reader = RowReader(manifest)
    for file in sorted(place.glob("*.json")):
        body = file.read_bytes()
        if isinstance(settings, HttpSettings):
            yield from map(reader.from_json, items(pointed_at(body, settings.rows) or b"[]"))
        elif manifest.push is not None:
            yield from push.unpack(manifest, body)
        else:
            yield from map(reader.from_json, records(body, ""))


def outcomes(connector: Connector, raws: list[RawRecord]) -> list[dict[str, object]]:
    """Give what normalizing makes of rows, as JSON a person can review."""
    told: list[dict[str, object]] = []
    for raw, outcome in zip(raws, connector.normalize(raws), strict=True):
        row: dict[str, object] = {"key": raw.key, "version": raw.version, "op": str(raw.op)}
        if isinstance(outcome, Accepted):
            row["statements"] = [
                statement.model_dump(
                    mode="json", exclude_defaults=True, exclude={"source", "key", "department"}
                )
                for statement in outcome.statements
            ]
            row["issues"] = [
                {
                    "rule": issue.rule,
                    "field": issue.field,
                    "value": issue.value,
                    "severity": str(issue.severity),
                }
                for issue in outcome.issues
            ]
        else:
            row["rejection"] = outcome.model_dump(mode="json", exclude={"zh", "en"})
        told.append(row)
    return told
