"""Make the rows that are served: assemble each touched project, lay its ledger, and say what changed.

Resolving only notes which records it touched. Their projects are composed once the rows that wait are in, so a
project of which ten departments speak in one night is assembled once and not ten times. A project of which a record
waits to be resolved waits too: what is served is of records as they were resolved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.db import golden, queued, records, relations, resolution, unresolved
from app.db.golden import Change, ProjectRow, districts_of
from app.db.queued import Share
from app.db.records import RecordRow
from app.db.relations import RelationRow
from app.db.resolution import PLACES, MemberRow
from app.db.session import Connection
from app.db.unresolved import Standing
from app.pipeline.assembly.assemble import assemble
from app.pipeline.assembly.lifecycle import lifecycle
from app.pipeline.assembly.parts import gather
from app.pipeline.assembly.structs import read_part, read_project
from app.pipeline.related import WITHIN, counted, related, within
from app.pipeline.rules import Rules
from schemas.corrections import Correction
from schemas.golden import LoopLedger, MemberRecord, Value
from schemas.lifecycle import StageState
from schemas.structs import changed as altered

_INVESTMENT = ("total_investment", "contract_investment", "fixed_investment")


@dataclass(frozen=True, slots=True)
class Composition:
    """Documents that were out of date, as served before and now, and the events between the two."""

    before: Standing
    touched: tuple[str, ...]
    records: frozenset[str]
    members: tuple[MemberRow, ...]
    old: Mapping[str, ProjectRow]
    new: tuple[ProjectRow, ...]
    changes: tuple[Change, ...]


def compose(
    connection: Connection, jurisdiction: int, rules: Rules, limit: int, share: Share | None = None
) -> Composition | None:
    """Compose the projects of up to `limit` touched records anew, of all or of a share; None when there is none that can be.

    A record and the project it leaves are composed together, so that no document speaks of what another has taken.
    """
    before = unresolved.standing(connection, jurisdiction)
    portion = _portion(connection, jurisdiction, limit, share)
    if portion is None:
        return None
    waiting, served, now = portion
    standing = {member.project_id for member in now.values()}
    vanished = set(served.values()) - standing
    old = golden.read_projects(connection, jurisdiction, sorted(standing | vanished))
    rows = {row.record_id: row for row in records.read_records(connection, jurisdiction, sorted(now))}
    hung = _parts(connection, jurisdiction, sorted(now))
    said: dict[str, list[Correction]] = {}
    for one in golden.corrections_on(connection, jurisdiction, sorted(now), before.resolved.correction_no):
        said.setdefault(one.anchor_record, []).append(one)
    told: dict[str, list[RelationRow]] = {}
    for relation in relations.relations_of(connection, jurisdiction, standing):
        for project_id in relation[:2]:
            told.setdefault(project_id, []).append(relation)
    new = counted(
        [
            _project(
                rules,
                project_id,
                [rows[rid] for rid in members],
                hung,
                _of(said, members),
                told.get(project_id, ()),
            )
            for project_id, members in sorted(_grouped(now.values()).items())
        ],
        {one.other_id for rows_of in told.values() for one in rows_of if one.kind == "replaces"},
    )
    changed = tuple(row for row in new if old.get(row.project_id) != row)
    kept = {row.project_id for row in new} - {row.project_id for row in changed}
    return Composition(
        before=before,
        touched=tuple(waiting),
        records=frozenset({*waiting, *served, *now}),
        members=tuple(now[rid] for rid in sorted(now)),
        old={project_id: row for project_id, row in old.items() if project_id not in kept},
        new=changed,
        changes=tuple(
            _changes(old, changed, vanished, served, {rid: m.project_id for rid, m in now.items()})
        ),
    )


def is_due(connection: Connection, jurisdiction: int, composed: Composition) -> bool:
    """Say whether nothing was resolved or composed since; the caller holds the jurisdiction's row.

    What was normalized meanwhile makes these documents old, not wrong: its names wait to be resolved, and touch them.
    """
    return unresolved.still_stands(connection, jurisdiction, composed.before) and queued.still_wait(
        connection, jurisdiction, "touched", composed.touched
    )


def write(connection: Connection, jurisdiction: int, composed: Composition) -> None:
    """Serve what was composed."""
    if composed.old or composed.new:
        golden.replace_projects(connection, jurisdiction, composed.old, composed.new)
    region = sorted(composed.records)
    resolution.replace_members(connection, jurisdiction, region, composed.members, "member")
    queued.remove(connection, jurisdiction, "touched", region)


_Portion = tuple[list[str], dict[str, str], dict[str, MemberRow]]
"""Touched records, where the records around them are served, and where these belong."""


def _portion(connection: Connection, jurisdiction: int, limit: int, share: Share | None) -> _Portion | None:
    """Give the next touched records, up to `limit`, of projects all of whose records are resolved."""
    waiting = queued.first_of(connection, jurisdiction, share, limit)
    while waiting:
        served, now = affected(connection, jurisdiction, waiting)
        around = {*waiting, *served, *now}
        late = unresolved.among(connection, jurisdiction, around)
        late |= queued.among(connection, jurisdiction, "unclustered", around)
        held = _around(late, served, now) if late else late
        if ready := [rid for rid in waiting if rid not in held]:
            return (
                ready,
                {rid: project for rid, project in served.items() if rid not in held},
                {rid: place for rid, place in now.items() if rid not in held},
            )
        waiting = queued.first_of(connection, jurisdiction, share, limit, after=waiting[-1])
    return None


def _around(late: Iterable[str], served: Mapping[str, str], now: Mapping[str, MemberRow]) -> set[str]:
    """Give these records with all that must be composed together with them."""
    inside: dict[str, set[str]] = {}
    for rid, project in (*served.items(), *((rid, place.project_id) for rid, place in now.items())):
        inside.setdefault(project, set()).add(rid)
    held: set[str] = set()
    frontier = set(late)
    while frontier:
        held |= frontier
        projects = {served[rid] for rid in frontier if rid in served}
        projects |= {now[rid].project_id for rid in frontier if rid in now}
        frontier = set().union(*(inside.pop(project, set()) for project in projects)) - held
    return held


def affected(
    connection: Connection, jurisdiction: int, record_ids: Iterable[str]
) -> tuple[dict[str, str], dict[str, MemberRow]]:
    """Give every record of the projects these records are served in or belong to: its served project, and its place now.

    Projects between which a record moves are taken together, and those of which one counts the other's money.
    """
    served: dict[str, str] = {}
    now: dict[str, MemberRow] = {}
    projects: set[str] = set()
    seen: set[str] = set()
    frontier = set(record_ids)
    while frontier:
        seen |= frontier
        ids = sorted(frontier)
        found = {
            m.project_id
            for places in PLACES
            for m in resolution.members_of(connection, jurisdiction, ids, places)
        }
        fresh = sorted(found - projects)
        projects |= found
        for member in resolution.members_in(connection, jurisdiction, fresh, "member"):
            served[member.record_id] = member.project_id
        for member in resolution.members_in(connection, jurisdiction, fresh, "cluster"):
            now[member.record_id] = member
        near = relations.relations_of(connection, jurisdiction, fresh)
        counting = {project_id for one in near if one.kind in WITHIN for project_id in one[:2]}
        frontier = (served.keys() | now.keys() | counting) - seen
    return served, now


def _grouped(members: Iterable[MemberRow]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for member in sorted(members):
        grouped.setdefault(member.project_id, []).append(member.record_id)
    return grouped


def _of(said: Mapping[str, list[Correction]], members: Iterable[str]) -> list[Correction]:
    """Give the corrections anchored in these records, in the order they were made."""
    return sorted((one for rid in members for one in said.get(rid, ())), key=lambda one: one.correction_no)


def _parts(connection: Connection, jurisdiction: int, parents: Sequence[str]) -> dict[str, list[RecordRow]]:
    """Give the live parts of each parent, by id."""
    hung: dict[str, list[RecordRow]] = {}
    found = records.read_parts(connection, jurisdiction, parents)
    for row in sorted(found, key=lambda row: row.record_id):
        if row.parent_id is not None:
            hung.setdefault(row.parent_id, []).append(row)
    return hung


def _project(
    rules: Rules,
    project_id: str,
    rows: Sequence[RecordRow],
    hung: Mapping[str, Sequence[RecordRow]],
    corrections: Sequence[Correction],
    told: Iterable[RelationRow],
) -> ProjectRow:
    members = gather(
        MemberRecord(
            row.record_id,
            read_project(row.statement),
            tuple(read_part(part.statement) for part in hung.get(row.record_id, ())),
            row.live,
        )
        for row in rows
    )
    project = assemble(project_id, members, corrections)
    claims = {claim.field: claim.value for claim in project.claims}
    stands = related(project_id, told, members.live, _code(claims))
    if stands:
        project = altered(project, relations=stands, within=within(project_id, stands))
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
        investment=_investment(claims),
        within=project.within,
        counted=None,
        updated_at=max(row.said_at for row in spoken),
        etag=hashlib.blake2b((body + loop).encode(), digest_size=16).hexdigest(),
        cells=sorted(_cells(ledger)),
        golden=body,
        ledger=loop,
    )


def _code(claims: Mapping[str, Value]) -> str | None:
    code = claims.get("project_code")
    return code if isinstance(code, str) else None


def _investment(claims: Mapping[str, Value]) -> Decimal | None:
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
        heir, where = now.get(project_id), districts_of(old[project_id].district)
        if heir is None:
            yield Change("removed", project_id, None, None, where)
        elif heir in old:
            yield Change("merged", project_id, heir, None, where)
        else:
            renamed.add(heir)
            yield Change("renamed", project_id, heir, None, where)
    for row in new:
        origin = before.get(row.project_id)
        if row.project_id in old and old[row.project_id].etag == row.etag:
            continue  # spoken of again, and nothing served is another
        was = old.get(row.project_id)
        where = districts_of(was and was.district, row.district)
        if was is not None or row.project_id in renamed:
            yield Change("updated", row.project_id, None, row.etag, where)
        elif origin is not None:
            yield Change("split", row.project_id, origin, row.etag, where)
        else:
            yield Change("created", row.project_id, None, row.etag, where)
