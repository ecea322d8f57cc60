"""From raw records to statements by a manifest: every column is mapped or ignored, or the record is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from connectors.errors import RecordRejected
from connectors.manifest import Manifest
from connectors.manifest_rows import PackedRule
from connectors.mapping_plain import PlainRows
from connectors.mapping_rows import Share, auditor, refuser, unpack
from connectors.mapping_statements import parcel_stater, stater
from connectors.mapping_values import Said
from connectors.strict_json import StrictJsonError, loads
from schemas.records import (
    Accepted,
    Issue,
    Op,
    Outcome,
    PartRecord,
    ProjectRecord,
    RawRecord,
    Rejection,
    Severity,
)


class Mapping:
    """Normalizes the raw records of one source of one jurisdiction; pure, and the same for the same record.

    The rules of the manifest are made ready once: each becomes a function that reads its part of any row.
    """

    def __init__(self, manifest: Manifest, jurisdiction: int) -> None:
        asked = (name for rule in manifest.require for name in rule.any_of)
        self._columns = sorted({*manifest.mapped_columns(), *asked})
        whole = any(not doubt.columns for doubt in manifest.doubts)  # looks at all cells, in their order
        self._plain = PlainRows(() if whole else manifest.known_columns(), self._columns)
        self._refuse = refuser(manifest)
        self._packed = manifest.packed
        self._audit = auditor(manifest)
        self._state = stater(manifest, jurisdiction)
        self._state_parcel = parcel_stater(manifest, manifest.packed) if manifest.packed else None

    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order; a delete is accepted and states nothing."""
        for raw in raws:
            yield self.outcome(raw)

    def outcome(self, raw: RawRecord) -> Outcome:
        """Give the statement and issues of one raw record, or why it was refused."""
        if raw.op is Op.DELETE:
            return Accepted(())
        try:
            if self._packed:
                return self._unpacked(raw, _row(raw), self._packed)
            said = self._plain.read(raw.body) or self._said(raw)
            self._audit(said)
            return Accepted(self._state(raw, said), tuple(said.issues))
        except RecordRejected as error:
            return Rejection(
                rule=error.rule,
                field=error.field,
                value=error.value,
                responsible=error.responsible,
                zh=error.zh,
                en=error.en,
            )

    def _said(self, raw: RawRecord) -> Said:
        row = _row(raw)
        said = Said(row, self._columns)
        self._refuse(said)
        self._plain.learn(row)
        return said

    def _unpacked(self, raw: RawRecord, row: dict[str, Any], packed: PackedRule) -> Accepted:
        """Read a row that may hold several parcels: as so many records, or as one with its parcels as parts."""
        shares = unpack(row, packed)
        statements: list[ProjectRecord | PartRecord] = []
        issues: dict[Issue, None] = {}
        for share in shares if packed.into == "records" else [Share("", row)]:
            said = Said(share.row)
            for doubt in share.doubts:
                said.note(doubt, packed.number[0], Severity.DOUBT)
            self._refuse(said)
            self._audit(said)
            statements += self._state(raw._replace(key=f"{raw.key}{share.suffix}"), said)
            issues.update(dict.fromkeys(said.issues))
        if self._state_parcel and packed.into == "parts" and len(shares) > 1:
            for share in shares:
                part, found = self._state_parcel(raw, share)
                statements.append(part)
                issues.update(dict.fromkeys(found))
        return Accepted(tuple(statements), tuple(issues))


def _row(raw: RawRecord) -> dict[str, Any]:
    try:
        row = loads(raw.body)
    except StrictJsonError as error:
        raise RecordRejected(error.rule, None, None, error.zh, error.en) from error
    if not isinstance(row, dict):
        raise RecordRejected("json.not_object", None, None, "不是一个 JSON 对象", "the row is no JSON object")
    return row
