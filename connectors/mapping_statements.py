"""What a row states: the readers of a manifest's rules, put together to a project record or a part record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from connectors.columns import column_name
from connectors.manifest import Manifest, Range
from connectors.manifest_rows import PackedRule
from connectors.mapping_evidence import evidence_reader, planned_reader
from connectors.mapping_place import parties_reader, place_reader
from connectors.mapping_readers import (
    area_reader,
    fields_reader,
    money_reader,
    numbers_reader,
    present,
    text_reader,
)
from connectors.mapping_rows import Share, doubter
from connectors.mapping_values import Reader, Said, reject
from connectors.moments import moment
from schemas.doubts import Doubt
from schemas.measures import Area, Money
from schemas.records import Issue, PartRecord, ProjectRecord, RawRecord, Severity
from schemas.structs import maker

make_project, make_part = maker(ProjectRecord), maker(PartRecord)
WorksClass = Literal["building", "municipal", "other"]
Stater = Callable[[RawRecord, Said], tuple[ProjectRecord | PartRecord, ...]]
"""Gives the statements of one row; issues are left in what is said."""


def stater(manifest: Manifest, city: int) -> Stater:
    """Make ready what the rows of a source state: a project, a part of one, or nothing."""
    if manifest.states == "nothing":
        read_all = _shared_reader(manifest)

        def nothing(_raw: RawRecord, said: Said) -> tuple[ProjectRecord | PartRecord, ...]:
            read_all(said)  # its cells are read all the same: what is odd in them is told
            return ()

        return nothing
    state = _part_stater(manifest) if manifest.parent else _project_stater(manifest, city)
    return lambda raw, said: (state(raw, said),)


def _project_stater(manifest: Manifest, city: int) -> Callable[[RawRecord, Said], ProjectRecord]:
    read_fields = fields_reader(manifest.fields, manifest.lookup)
    read_place = place_reader(manifest.place, manifest.lookup, city)
    read_parties = parties_reader(manifest.parties)
    read_shared = _shared_reader(manifest)
    department, stated_at = manifest.department, _dater(manifest)

    def state(raw: RawRecord, said: Said) -> ProjectRecord:
        fields: dict[str, Any] = read_fields(said)
        fields["stated_at"] = stated_at(fields.get("stated_at"), raw)
        return make_project(
            source=raw.source,
            key=raw.key,
            department=department,
            place=read_place(said),
            parties=read_parties(said),
            **fields,
            **read_shared(said),
        )

    return state


def _part_stater(manifest: Manifest) -> Callable[[RawRecord, Said], PartRecord]:
    parent = manifest.parent
    assert parent is not None
    read_fields = fields_reader(manifest.fields, manifest.lookup)
    read_shared = _shared_reader(manifest)
    department, stated_at = manifest.department, _dater(manifest)

    def state(raw: RawRecord, said: Said) -> PartRecord:
        if said.texts[parent.key] is None:
            zh, en = "缺少所属记录的编号", "the number of the record it belongs to is empty"
            reject("part.no_parent", parent.key, None, zh, en)
        fields = read_fields(said)
        return make_part(
            source=raw.source,
            key=raw.key,
            department=department,
            part=parent.part,
            parent_source=parent.source,
            parent_key=str(said.cell(parent.key)),
            name=fields.get("name"),
            stated_at=stated_at(fields.get("stated_at"), raw),
            **read_shared(said),
        )

    return state


def parcel_stater(
    manifest: Manifest, rule: PackedRule
) -> Callable[[RawRecord, Share], tuple[PartRecord, list[Issue]]]:
    """Make ready what one parcel of a packed row states: a part of the row's record."""
    note_doubts = doubter([each for each in manifest.doubts if not each.columns], ())
    read_areas = present((name, area_reader(area)) for name, area in rule.areas.items())
    measured = {*rule.number, *(area.column for area in rule.areas.values())}
    texts = [name for name in rule.columns if name not in measured]

    def state(raw: RawRecord, share: Share) -> tuple[PartRecord, list[Issue]]:
        said = Said({head: cell for head, cell in share.row.items() if column_name(head) in rule.columns})
        note_doubts(said)
        for doubt in share.doubts:
            said.note(doubt, rule.number[0], Severity.DOUBT)
        part = make_part(
            source=raw.source,
            key=f"{raw.key}{share.suffix}",
            department=manifest.department,
            part="parcel",
            parent_source=raw.source,
            parent_key=raw.key,
            name=share.number,
            texts={name: text for name in texts if (text := said.texts[name])},
            areas=read_areas(said),
        )
        return part, said.issues

    return state


def _shared_reader(manifest: Manifest) -> Reader[dict[str, Any]]:
    """Read what projects and parts both state, without what the manifest has no rules for."""
    read_money = present((name, money_reader(rule)) for name, rule in manifest.money.items())
    read_areas = present((name, area_reader(rule)) for name, rule in manifest.areas.items())
    believe = _believer(manifest)
    read_texts = present((name, text_reader(rule, manifest.lookup)) for name, rule in manifest.texts.items())
    measures, doubted = bool(manifest.money or manifest.areas), bool(manifest.assertions)
    last: list[tuple[str, Reader[Any]]] = [
        (name, read)
        for name, rules, read in (
            ("bears", manifest.identifiers, numbers_reader(manifest.identifiers)),
            ("cites", manifest.citations, numbers_reader(manifest.citations)),
            ("evidence", manifest.evidence, evidence_reader(manifest.evidence)),
            ("planned", manifest.planned, planned_reader(manifest.planned)),
        )
        if rules
    ]

    def read(said: Said) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if measures:
            found["money"], found["areas"] = money, areas = read_money(said), read_areas(said)
            if doubted:
                believe(said, money, areas)
        if manifest.texts:
            found["texts"] = read_texts(said)
        for name, read_one in last:
            found[name] = read_one(said)
        return found

    return read


def _believer(manifest: Manifest) -> Callable[[Said, Mapping[str, Money], Mapping[str, Area]], None]:
    """Make ready the doubts about amounts beyond what the manifest calls believable."""
    ready = []
    for name, limits in manifest.assertions.items():
        kind, _, field = name.partition(".")
        of_money = kind == "money"
        column = (manifest.money if of_money else manifest.areas)[field].column
        units = ("万元", "元") if of_money else ("公顷", "㎡")
        ready.append((of_money, field, _doubter(column, limits, units)))

    def believe(said: Said, money: Mapping[str, Money], areas: Mapping[str, Area]) -> None:
        for of_money, field, doubt in ready:
            if of_money:
                amount = money[field].yuan if field in money else None
            else:
                amount = areas[field].square_metres if field in areas else None
            if amount is not None:
                doubt(said, amount)

    return believe


def _doubter(column: str, limits: Range, units: tuple[str, str]) -> Callable[[Said, Decimal], None]:
    """Doubt an amount beyond its limits, and tell what it would be in the larger or smaller of the two `units`."""
    low, high = (None if end is None else Decimal(str(end)) for end in (limits.min, limits.max))
    zh, en = _in_words(low, high)
    zh, en = f"数值超出可信范围（{zh}），请核对单位", f"outside what is believable ({en}): check the unit"

    def holds(amount: Decimal) -> bool:
        return (low is None or amount >= low) and (high is None or amount <= high)

    def doubt(said: Said, amount: Decimal) -> None:
        if holds(amount):
            return
        small = low is not None and amount < low
        unit, other = (units[0], amount * 10_000) if small else (units[1], amount / 10_000)
        more_zh = more_en = ""
        if holds(other):
            more_zh = f"：按所报单位为 {amount:f}，如原意为{unit}则为 {other:f}"
            more_en = f"; {amount:f} as said, {other:f} if {unit} was meant"
        found = Doubt("range.unbelievable", f"{amount:f}", zh + more_zh, en + more_en)
        said.note(found, column, Severity.DOUBT)

    return doubt


def _in_words(low: Decimal | None, high: Decimal | None) -> tuple[str, str]:
    """Say a range in both languages; one end may be open."""
    least, most = (None if end is None else f"{end.normalize():f}" for end in (low, high))
    if least is not None and most is not None:
        return f"{least}–{most}", f"{least} to {most}"
    return (
        (f"不超过 {most}", f"at most {most}") if least is None else (f"不少于 {least}", f"at least {least}")
    )


def _dater(manifest: Manifest) -> Callable[[str | None, RawRecord], str | None]:
    """Give when it was stated as sortable text: the field's moment, else the version's where that is one."""
    by_version = manifest.version is not None and manifest.version.kind == "timestamp"

    def stated_at(text: str | None, raw: RawRecord) -> str | None:
        if text:
            return moment(text) or text
        return raw.version.partition("|")[0] or None if by_version else None

    return stated_at
