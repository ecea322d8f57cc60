"""Make the rows that are served: assemble each touched project, lay its ledger, and say what changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.db import golden, records, resolution
from app.db.golden import Change, ProjectRow
from app.db.records import RecordRow
from app.db.session import Connection
from app.pipeline.assemble import assemble
from app.pipeline.lifecycle import lifecycle
from app.pipeline.resolve import Resolution
from app.pipeline.rules import Rules
from schemas.corrections import Correction
from schemas.golden import GoldenProject, LoopLedger, MemberRecord
from schemas.lifecycle import StageState
from schemas.records import PartRecord, ProjectRecord

_INVESTMENT = ("total_investment", "contract_investment", "fixed_investment")


@dataclass(frozen=True, slots=True)
class Composition:
    """Projects as served before and now, and the events between the two."""

    old: Mapping[str, ProjectRow]
    new: tuple[ProjectRow, ...]
    changes: tuple[Change, ...]


def compose(
    connection: Connection,
    jurisdiction: int,
    rules: Rules,
    resolved: Resolution,
    touched_records: Iterable[str],
    parts: Mapping[str, RecordRow],
    corrections_upto: int,
) -> Composition:
    """Compose every project of the region whose members, statements, parts or corrections changed.

    `parts` are part records as this batch leaves them (live or not), by record id.
    """
    now = {member.record_id: member.project_id for member in resolved.members}
    touched = set(touched_records) | {
        rid for rid in {*resolved.before, *now} if resolved.before.get(rid) != now.get(rid)
    }
    outside = [rid for rid in touched if rid not in now and rid not in resolved.region]
    placed = resolution.members_of(connection, jurisdiction, outside)
    standing = set(now.values())
    vanished = {old for old in resolved.before.values() if old not in standing}
    project_ids = {now[rid] for rid in touched if rid in now} | {member.project_id for member in placed}
    # what a record has left is another project now, though no record of it changed
    project_ids |= {resolved.before[rid] for rid in touched if rid in resolved.before} - vanished
    places = {member.record_id: member for member in resolved.members if member.project_id in project_ids}
    others = project_ids - {member.project_id for member in places.values()}
    places |= {m.record_id: m for m in resolution.members_in(connection, jurisdiction, sorted(others))}
    old = golden.read_projects(connection, jurisdiction, sorted(project_ids | vanished))
    rows = {rid: resolved.rows[rid] for rid in places if rid in resolved.rows}
    missing = sorted(places.keys() - rows.keys())
    rows |= {row.record_id: row for row in records.read_records(connection, jurisdiction, missing)}
    hung = _parts(connection, jurisdiction, sorted(rows), parts)
    said = golden.corrections_on(connection, jurisdiction, sorted(rows), corrections_upto)
    new = [
        _project(
            rules,
            project_id,
            members,
            hung,
            [c for c in said if c.anchor_record in {m.record_id for m in members}],
        )
        for project_id, members in sorted(_grouped(places, rows).items())
    ]
    changed = tuple(row for row in new if old.get(row.project_id) != row)
    kept = {row.project_id for row in new} - {row.project_id for row in changed}
    return Composition(
        old={project_id: row for project_id, row in old.items() if project_id not in kept},
        new=changed,
        changes=tuple(_changes(old, changed, vanished, resolved.before, now)),
    )


def _grouped(
    places: Mapping[str, resolution.MemberRow], rows: Mapping[str, RecordRow]
) -> dict[str, list[RecordRow]]:
    grouped: dict[str, list[RecordRow]] = {}
    for record_id, member in sorted(places.items()):
        grouped.setdefault(member.project_id, []).append(rows[record_id])
    return grouped


def _parts(
    connection: Connection, jurisdiction: int, parents: Sequence[str], fresh: Mapping[str, RecordRow]
) -> dict[str, list[RecordRow]]:
    """Give the live parts of each parent, those of this batch as it leaves them."""
    found = {row.record_id: row for row in records.read_parts(connection, jurisdiction, parents)} | dict(
        fresh
    )
    wanted = set(parents)
    hung: dict[str, list[RecordRow]] = {}
    for _, row in sorted(found.items()):
        if row.live and row.parent_id in wanted:
            hung.setdefault(row.parent_id, []).append(row)
    return hung


def _project(
    rules: Rules,
    project_id: str,
    rows: Sequence[RecordRow],
    hung: Mapping[str, Sequence[RecordRow]],
    corrections: Sequence[Correction],
) -> ProjectRow:
    members = [
        MemberRecord(
            row.record_id,
            ProjectRecord.model_validate_json(row.statement),
            tuple(PartRecord.model_validate_json(part.statement) for part in hung.get(row.record_id, ())),
            row.live,
        )
        for row in rows
    ]
    project = assemble(project_id, members, corrections)
    ledger = lifecycle(project, members, connected=rules.connected)
    body, loop = project.model_dump_json(), ledger.model_dump_json()
    spoken = [*rows, *(part for row in rows for part in hung.get(row.record_id, ()))]
    return ProjectRow(
        project_id=project_id,
        name=project.name,
        stage=ledger.current_stage,
        district=project.district,
        path=project.path,
        loop=ledger.loop,
        status=project.status,
        departments=list(project.departments),
        investment=_investment(project),
        updated_at=max(row.said_at for row in spoken),
        etag=hashlib.blake2b((body + loop).encode(), digest_size=16).hexdigest(),
        cells=sorted(_cells(ledger)),
        golden=body,
        ledger=loop,
    )


def _investment(project: GoldenProject) -> Decimal | None:
    claims = {claim.field: claim.value for claim in project.claims}
    return next((Decimal(str(claims[field])) for field in _INVESTMENT if field in claims), None)


def _cells(ledger: LoopLedger) -> set[str]:
    """Give the coverage cells `department|stage|state`: who gave proof of a stage's gate, and who owes it."""
    cells: set[str] = set()
    for stage in ledger.stages:
        proofs = {proof.department for milestone in stage.milestones for proof in milestone.proofs}
        cells |= {f"{department}|{stage.stage}|proved" for department in proofs}
        if stage.owed_by and stage.state is not StageState.NOT_REQUIRED:
            cells.add(f"{stage.owed_by}|{stage.stage}|owed")
    return cells


def _changes(
    old: Mapping[str, ProjectRow],
    new: Iterable[ProjectRow],
    vanished: Iterable[str],
    before: Mapping[str, str],
    now: Mapping[str, str],
) -> Iterable[Change]:
    """Give the events of a batch; merge, split and rename name both projects."""
    renamed: set[str] = set()
    for project_id in sorted(vanished):
        heir = now.get(project_id)
        if heir is None:
            yield Change("removed", project_id, None, None)
        elif heir in old:
            yield Change("merged", project_id, heir, None)
        else:
            renamed.add(heir)
            yield Change("renamed", project_id, heir, None)
    for row in new:
        origin = before.get(row.project_id)
        if row.project_id in old and old[row.project_id].etag == row.etag:
            continue  # spoken of again, and nothing served is another
        if row.project_id in old or row.project_id in renamed:
            yield Change("updated", row.project_id, None, row.etag)
        elif origin is not None:
            yield Change("split", row.project_id, origin, row.etag)
        else:
            yield Change("created", row.project_id, None, row.etag)
