"""What a project's document tells of other projects, and whose money counts where, from rows that were read already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from app.db.golden import ProjectRow
from app.db.relations import RelationRow
from app.pipeline.assembly.structs import Relation
from app.pipeline.matching.families import issued
from schemas.golden import MemberRecord
from schemas.schemes import Scheme, Status

WITHIN = frozenset({"part_of", "replaces"})
"""Relations by which one project's money is counted with another's."""
_CODES = (Scheme.PROJECT_CODE, Scheme.WORKS_CODE)


def related(
    project_id: str, rows: Iterable[RelationRow], members: Iterable[MemberRecord], code: str | None
) -> tuple[Relation, ...]:
    """Give the relations a project's document tells: those to other projects, and which code its own replaced.

    They are sorted by their records and not by their projects, whose ids tell what was said first. `code` is the project
    code in force.
    """
    told = [
        Relation(
            kind=row.kind,
            one=row.project_id,
            other=row.other_id,
            why=row.why,
            a=row.a,
            b=row.b,
            score=row.score,
            judgement_no=row.judgement_no,
        )
        for row in rows
    ]
    former = _former(members, code) if code else {}
    told += [
        Relation(
            kind="replaces", one=project_id, other=None, why="code", a=record_id, b=record_id, number=old
        )
        for old, record_id in former.items()
    ]
    return tuple(sorted(told, key=lambda one: (one.kind, one.a, one.b, one.number or "")))


def _former(members: Iterable[MemberRecord], code: str) -> Mapping[str, str]:
    """Give each code that a living record states beside the one in force and that was given before it, with that record."""
    found: dict[str, str] = {}
    for member in members:
        said = [
            n.value
            for n in (*member.record.bears, *member.record.cites)
            if n.scheme in _CODES and n.status is Status.VALID
        ]
        if member.live and any(value == code or value.startswith(f"{code}-") for value in said):
            others = {value for value in said if value != code and not value.startswith(f"{code}-")}
            if len(others) == 1 and _before(old := others.pop(), code):
                found.setdefault(old, member.record_id)
    return found


def _before(old: str, code: str) -> bool:
    """Tell whether a project code was given before another; a works code is none."""
    one, other = old.replace("-", ""), code.replace("-", "")
    return len(one) == len(other) == 20 and one.isdigit() and other.isdigit() and issued(one) < issued(other)


def within(project_id: str, relations: Iterable[Relation]) -> str | None:
    """Give the project whose sums count this one: what it is a part of, else what replaced it.

    Of several it is that whose record the relation is read off is the smallest, whatever was said first.
    """
    above = [(r.b, r.other) for r in relations if r.kind == "part_of" and r.one == project_id]
    above = above or [(r.a, r.one) for r in relations if r.kind == "replaces" and r.other == project_id]
    return min(above)[1] if above else None


def counted(rows: Sequence[ProjectRow], replaced: Collection[str]) -> list[ProjectRow]:
    """Give each project the money that sums count for it: none where it counts within another.

    A project that states no money counts what is within it: its parts together, failing them the most that one of those
    it replaced (`replaced` names all that were) states. Those within one of `rows` must be among them.
    """
    below: dict[str, list[ProjectRow]] = {}
    for row in rows:
        if row.within is not None:
            below.setdefault(row.within, []).append(row)

    def gross(row: ProjectRow) -> Decimal | None:
        if row.investment is not None:
            return row.investment
        parts: list[Decimal] = []
        former: list[Decimal] = []
        for one in below.get(row.project_id, ()):
            if (money := gross(one)) is not None:
                (former if one.project_id in replaced else parts).append(money)
        return sum(parts, Decimal()) if parts else max(former, default=None)

    return [row._replace(counted=gross(row) if row.within is None else None) for row in rows]
