"""From raw records to statements by a manifest: every column is mapped or ignored, or the record is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal, cast

from connectors.columns import column_name
from connectors.errors import RecordRejected
from connectors.manifest import Manifest, Range
from connectors.manifest_rows import PackedRule
from connectors.mapping_evidence import evidence, planned
from connectors.mapping_rows import Share, note_doubts, refuse_no_row, require, unpack
from connectors.mapping_values import Said
from connectors.moments import moment
from connectors.strict_json import StrictJsonError, loads
from schemas.doubts import Doubt, NotUnderstood
from schemas.identifiers import Scheme, parse
from schemas.parties import Party
from schemas.places import Place, find_district, find_zone, parse_point
from schemas.records import (
    Accepted,
    Issue,
    Op,
    Outcome,
    PartRecord,
    ProjectRecord,
    RawRecord,
    Rejection,
    Responsible,
    Severity,
)

WorksClass = Literal["building", "municipal", "other"]


class Mapping:
    """Normalizes the raw records of one source of one jurisdiction; pure, and the same for the same record."""

    def __init__(self, manifest: Manifest, jurisdiction: int) -> None:
        self._manifest = manifest
        self._city = jurisdiction
        self._known = manifest.known_columns()

    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        """Give one outcome per raw record, in order; a delete is accepted and states nothing."""
        for raw in raws:
            yield self.outcome(raw)

    def outcome(self, raw: RawRecord) -> Outcome:
        """Give the statement and issues of one raw record, or why it was refused."""
        if raw.op is Op.DELETE:
            return Accepted(())
        try:
            return self._accepted(raw)
        except RecordRejected as error:
            return Rejection(
                rule=error.rule,
                field=error.field,
                value=error.value,
                responsible=error.responsible,
                zh=error.zh,
                en=error.en,
            )

    def _accepted(self, raw: RawRecord) -> Accepted:
        row, packed = self._row(raw), self._manifest.packed
        shares = unpack(row, packed) if packed else [Share("", row)]
        statements: list[ProjectRecord | PartRecord] = []
        issues: dict[Issue, None] = {}
        for share in shares if packed is None or packed.into == "records" else [Share("", row)]:
            said = Said(share.row, self._manifest.lookup)
            for doubt in share.doubts:
                said.note(doubt, packed.number[0] if packed else "", Severity.DOUBT)
            self._audit(said)
            named = replace(raw, key=f"{raw.key}{share.suffix}") if share.suffix else raw
            statements += self._states(named, said)
            issues.update(dict.fromkeys(said.issues))
        if packed and packed.into == "parts" and len(shares) > 1:
            for share in shares:
                part, found = self._parcel(raw, share, packed)
                statements.append(part)
                issues.update(dict.fromkeys(found))
        return Accepted(tuple(statements), tuple(issues))

    def _states(self, raw: RawRecord, said: Said) -> list[ProjectRecord | PartRecord]:
        if self._manifest.states == "nothing":
            self._shared(said)  # its cells are read all the same: what is odd in them is told
            return []
        return [self._part(raw, said) if self._manifest.parent else self._project(raw, said)]

    def _parcel(self, raw: RawRecord, share: Share, rule: PackedRule) -> tuple[PartRecord, list[Issue]]:
        """Give one parcel of a packed row as a part of the row's record."""
        said = Said({head: cell for head, cell in share.row.items() if column_name(head) in rule.columns}, {})
        note_doubts(said, [each for each in self._manifest.doubts if not each.columns], ())
        for doubt in share.doubts:
            said.note(doubt, rule.number[0], Severity.DOUBT)
        measured = {*rule.number, *(area.column for area in rule.areas.values())}
        texts = {name: said.text(name) for name in rule.columns if name not in measured}
        part = PartRecord(
            source=raw.source,
            key=f"{raw.key}{share.suffix}",
            department=self._manifest.department,
            part="parcel",
            parent_source=raw.source,
            parent_key=raw.key,
            name=share.number,
            areas={name: area for name, each in rule.areas.items() if (area := said.area(each))},
            texts={name: text for name, text in texts.items() if text},
        )
        return part, said.issues

    def _row(self, raw: RawRecord) -> dict[str, Any]:
        try:
            row = loads(raw.body)
        except StrictJsonError as error:
            raise RecordRejected(error.rule, None, None, error.zh, error.en) from error
        if not isinstance(row, dict):
            raise RecordRejected(
                "json.not_object", None, None, "不是一个 JSON 对象", "the row is no JSON object"
            )
        return row

    def _audit(self, said: Said) -> None:
        """Refuse a row with a column nobody decided about, and rows the manifest says are no data; note what is odd."""
        refuse_no_row(said)
        for name in said.cells:
            if name not in self._known:
                said.reject(
                    "column.unknown",
                    name,
                    str(said.cells[name]),
                    f"未登记的列 {name}，请在清单中映射或忽略",
                    f"the column {name} is neither mapped nor ignored in the manifest",
                    Responsible.HUB,
                )
        for rule in self._manifest.refuse:
            text = said.text(rule.column) or ""
            if text in rule.words or text.rstrip("0123456789 ") in rule.words:
                said.reject(rule.rule, rule.column, text, rule.zh, rule.en)
        note_doubts(said, self._manifest.doubts, self._manifest.volatile)
        require(said, self._manifest.require)

    def _project(self, raw: RawRecord, said: Said) -> ProjectRecord:
        rules = self._manifest
        texts = {name: said.field(name, rule) for name, rule in rules.fields.items()}
        return ProjectRecord(
            source=raw.source,
            key=raw.key,
            department=rules.department,
            place=self._place(said),
            parties=self._parties(said),
            works_class=cast("WorksClass | None", texts.pop("works_class", None)),
            stated_at=self._stated_at(said, texts.pop("stated_at", None), raw),
            **texts,
            **self._shared(said),
        )

    def _part(self, raw: RawRecord, said: Said) -> PartRecord:
        rules = self._manifest
        assert rules.parent is not None
        parent_key = said.cells.get(rules.parent.key)
        if said.text(rules.parent.key) is None:
            said.reject(
                "part.no_parent",
                rules.parent.key,
                None,
                "缺少所属记录的编号",
                "the number of the record it belongs to is empty",
            )
        texts = {name: said.field(name, rule) for name, rule in rules.fields.items()}
        return PartRecord(
            source=raw.source,
            key=raw.key,
            department=rules.department,
            part=rules.parent.part,
            parent_source=rules.parent.source,
            parent_key=str(parent_key),
            name=texts.get("name"),
            stated_at=self._stated_at(said, texts.get("stated_at"), raw),
            **self._shared(said),
        )

    def _shared(self, said: Said) -> dict[str, Any]:
        """What projects and parts both state."""
        rules = self._manifest
        money = {name: amount for name, rule in rules.money.items() if (amount := said.money(rule))}
        areas = {name: area for name, rule in rules.areas.items() if (area := said.area(rule))}
        for name, limits in rules.assertions.items():
            kind, _, field = name.partition(".")
            if kind == "money" and field in money:
                _believe(said, rules.money[field].column, money[field].yuan, limits, ("万元", "元"))
            elif kind == "areas" and field in areas:
                _believe(said, rules.areas[field].column, areas[field].square_metres, limits, ("公顷", "㎡"))
        texts = {name: said.field(name, rule) for name, rule in rules.texts.items()}
        return {
            "bears": said.numbers(rules.identifiers),
            "cites": said.numbers(rules.citations),
            "money": money,
            "areas": areas,
            "evidence": evidence(said, rules.evidence),
            "planned": planned(said, rules.planned),
            "texts": {name: text for name, text in texts.items() if text},
        }

    def _parties(self, said: Said) -> tuple[Party, ...]:
        made = []
        for rule in self._manifest.parties:
            name = said.first(rule.name)
            if rule.match:
                if not (fitting := re.search(rule.match, name or "")):
                    continue
                name = fitting[1]
            code = said.text(rule.uscc) if rule.uscc else None
            uscc = None
            if code and rule.uscc:
                try:
                    found = said.once(rule.uscc, parse(Scheme.USCC, code))
                    uscc = next((number for number in found if number.scheme is Scheme.USCC), None)
                except NotUnderstood as error:
                    said.note(error.doubt, rule.uscc, Severity.DROPPED)
            if name or uscc:
                made.append(Party(role=rule.role, name=name, uscc=uscc))
        return tuple(made)

    def _place(self, said: Said) -> Place:
        rules = self._manifest.place
        texts = {name: said.field(name, rule) for name, rule in rules.items()}
        raw = texts.get("district")
        district, zone = None, texts.get("zone")
        if raw:
            name = rules["district"].columns[0]
            district = said.once(name, find_district(raw, self._city))
            zone = zone or find_zone(raw, self._city)
        point = None
        if coordinates := texts.get("coordinates"):
            try:
                point = said.once(rules["coordinates"].columns[0], parse_point(coordinates))
            except NotUnderstood as error:
                said.note(error.doubt, rules["coordinates"].columns[0], Severity.DROPPED)
        parcels = texts.get("parcels")
        return Place(
            district=district,
            district_raw=raw,
            zone=zone,
            address=texts.get("address"),
            parcels=(parcels,) if parcels else (),
            longitude=point[0] if point else None,
            latitude=point[1] if point else None,
        )

    def _stated_at(self, said: Said, text: str | None, raw: RawRecord) -> str | None:
        """Give when it was stated as sortable text: the field's moment, else the version's where that is one."""
        if text:
            return moment(text) or text
        version = self._manifest.version
        return raw.version.split("|")[0] or None if version and version.kind == "timestamp" else None


def _believe(said: Said, name: str, amount: Decimal | None, limits: Range, units: tuple[str, str]) -> None:
    """Doubt an amount beyond its limits, and tell what it would be in the larger or smaller of the two `units`."""
    if amount is None or limits.holds(amount):
        return
    low = limits.min
    small = low is not None and amount < Decimal(str(low))
    unit, other = (units[0], amount * 10_000) if small else (units[1], amount / 10_000)
    zh, en = _limits(limits)
    zh, en = f"数值超出可信范围（{zh}），请核对单位", f"outside what is believable ({en}): check the unit"
    if limits.holds(other):
        zh += f"：按所报单位为 {amount:f}，如原意为{unit}则为 {other:f}"
        en += f"; {amount:f} as said, {other:f} if {unit} was meant"
    said.note(Doubt("range.unbelievable", f"{amount:f}", zh, en), name, Severity.DOUBT)


def _limits(limits: Range) -> tuple[str, str]:
    """Say a range in both languages; one end may be open."""
    low, high = (
        None if end is None else f"{Decimal(str(end)).normalize():f}" for end in (limits.min, limits.max)
    )
    if low is not None and high is not None:
        return f"{low}–{high}", f"{low} to {high}"
    return (f"不超过 {high}", f"at most {high}") if low is None else (f"不少于 {low}", f"at least {low}")
