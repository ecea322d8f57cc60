"""Valid values by default, for tests that care about one thing: `make_project_record(name=…)` and its kin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.corrections import Correction
from schemas.dates import Precision, StatedDate
from schemas.golden import MemberRecord
from schemas.identifiers import Identifier, Scheme, Status
from schemas.ids import record_id
from schemas.lifecycle import Evidence, Planned, Rank
from schemas.measures import Area, AreaUnit, Money, MoneyUnit
from schemas.parties import Party, Role
from schemas.places import Place
from schemas.records import PartRecord, ProjectRecord

CITY = 430200
USCC = "91430204MA4D00180A"  # check character right, inner check wrong: no real body can own it
PROJECT_CODE = "2404-430204-04-01-345678"
WORKS_CODE = f"{PROJECT_CODE}-001"
PERMIT = "430204202409180101"


def make_date(day: str | date, precision: Precision = Precision.DAY) -> StatedDate:
    """Give a stated date from an ISO text."""
    on = day if isinstance(day, date) else date.fromisoformat(day)
    return StatedDate(day=on, precision=precision, raw=on.isoformat())


def make_number(scheme: Scheme | str, value: str, status: Status = Status.VALID, **over: Any) -> Identifier:
    """Give a number of a scheme, valid unless said otherwise."""
    return Identifier(**{"scheme": Scheme(scheme), "value": value, "raw": value, "status": status, **over})


def make_money(yuan: str | int, unit: MoneyUnit = "元", raw: str | None = None) -> Money:
    """Give an amount in yuan."""
    return Money(yuan=Decimal(yuan), raw=str(yuan) if raw is None else raw, unit=unit)


def make_area(square_metres: str | int, unit: AreaUnit = "㎡", raw: str | None = None) -> Area:
    """Give an area in square metres."""
    return Area(
        square_metres=Decimal(square_metres), raw=str(square_metres) if raw is None else raw, unit=unit
    )


def make_evidence(
    milestone: str, rank: Rank | str = Rank.A, on: str | StatedDate | None = None, **over: Any
) -> Evidence:
    """Give a proof of a milestone; `on` is an ISO text or a stated date."""
    return Evidence(
        milestone=milestone, rank=Rank(rank), on=make_date(on) if isinstance(on, str) else on, **over
    )


def make_planned(milestone: str, on: str, basis: str = "contract", **over: Any) -> Planned:
    """Give a promised date of a milestone from an ISO text."""
    return Planned(milestone=milestone, on=make_date(on), basis=basis, **over)


def make_party(
    role: Role | str = Role.OWNER, name: str | None = "株洲某新能源科技有限公司", uscc: str | None = USCC
) -> Party:
    """Give a body with its role."""
    return Party(role=Role(role), name=name, uscc=None if uscc is None else make_number(Scheme.USCC, uscc))


def make_project_record(**over: Any) -> ProjectRecord:
    """Give a statement of commerce about one project; `source` sets the department unless both are given."""
    source = over.get("source", "commerce.signed_api")
    return ProjectRecord(
        **{
            "source": source,
            "key": "ZS2024-037",
            "department": source.partition(".")[0],
            "name": "某新能源组件智造基地（一期）",
            "place": Place(district="430204", zone="清水塘产业新城"),
            "stated_at": "2024-06-01 10:00:00",
            **over,
        }
    )


def make_part_record(**over: Any) -> PartRecord:
    """Give an event of housing that hangs on the permit `PERMIT`."""
    source = over.get("source", "housing.permit_events")
    return PartRecord(
        **{
            "source": source,
            "key": "event-1",
            "department": source.partition(".")[0],
            "part": "event",
            "parent_source": "housing.construction_permits",
            "parent_key": PERMIT,
            "stated_at": "2024-09-18 10:00:00",
            **over,
        }
    )


def make_member(
    record: ProjectRecord | None = None, parts: Iterable[PartRecord] = (), *, live: bool = True, **over: Any
) -> MemberRecord:
    """Give a member of a project whose id follows from its source and key; `over` goes to its statement."""
    stated = make_project_record(**over) if record is None else record
    return MemberRecord(record_id(CITY, stated.source, stated.key), stated, tuple(parts), live)


def make_correction(
    anchor: MemberRecord, field: str, value: str, seen: Mapping[str, str] | None = None, **over: Any
) -> Correction:
    """Give a correction of a field anchored at a member."""
    return Correction(
        **{
            "correction_no": 1,
            "anchor_record": anchor.record_id,
            "field": field,
            "value": value,
            "seen": dict(seen or {}),
            "by": "reviewer",
            "reason": "as the contract says",
            **over,
        }
    )


def make_supply(key: str = "TD-1", *, supervision: str = "4302042024B00056", **over: Any) -> MemberRecord:
    """Give a land supply of one parcel, contracted on 2024-05-20."""
    return make_member(
        **{
            "source": "land.supply",
            "key": key,
            "parcel": supervision,
            "land_mode": "挂牌出让",
            "parties": (make_party(Role.LAND_HOLDER),),
            "bears": (make_number(Scheme.SUPERVISION_NO, supervision),),
            "areas": {"site_area": make_area("133334")},
            "money": {"supply_price": make_money("56000000")},
            "evidence": (make_evidence("A5", "A", "2024-05-20", number="株土合字2024015"),),
            **over,
        }
    )


def make_permit(
    number: str = PERMIT, *, works: str | None = WORKS_CODE, on: str = "2024-09-18", **over: Any
) -> MemberRecord:
    """Give a construction permit of one works section."""
    return make_member(
        **{
            "source": "housing.construction_permits",
            "key": number,
            "works": works,
            "works_class": "building",
            "parties": (make_party(Role.OWNER),),
            "bears": (make_number(Scheme.CONSTRUCTION_PERMIT, number),),
            "money": {"contract_price": make_money("186500000")},
            "areas": {"floor_area": make_area("86500")},
            "evidence": (make_evidence("C5", "A", on, number=number),),
            **over,
        }
    )


def make_completion(
    number: str = "JGBA-1",
    *,
    permit: str = PERMIT,
    works: str | None = WORKS_CODE,
    on: str = "2025-07-10",
    **over: Any,
) -> MemberRecord:
    """Give a completion filing of one works section, with its actual start."""
    return make_member(
        **{
            "source": "housing.completions",
            "key": number,
            "works": works,
            "bears": (make_number(Scheme.COMPLETION_FILING, number),),
            "cites": (make_number(Scheme.CONSTRUCTION_PERMIT, permit),),
            "money": {"actual_cost": make_money("190000000")},
            "evidence": (
                make_evidence("B1", "B", "2024-09-25"),
                make_evidence("D1", "B", "2025-06-30"),
                make_evidence("D5", "A", on, number=number),
            ),
            **over,
        }
    )
