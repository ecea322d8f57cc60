"""The 26 prepared cases of the hard city, taken through the corridor: what the hub made of each, beside its truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.db import exports
from app.db.session import Database
from schemas.golden import Claim, GoldenProject, LoopLedger
from schemas.ids import record_id
from simulator.city import City
from simulator.model import Project, Scenario
from tests.support.corridor import rows_of

Record = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """One project of a case: its truth, its records by (source, key), and what the hub says of it.

    `where` is the project each record is in, `others` what else is in them; `golden` and `ledger` are of the project
    that holds most of the records.
    """

    truth: Project
    kept: Counter[Record]
    rejected: Counter[Record]
    stated: frozenset[Record]
    issues: frozenset[tuple[str, str]]
    where: Mapping[Record, str]
    others: frozenset[Record]
    golden: GoldenProject
    ledger: LoopLedger

    def states(self) -> dict[str, str]:
        """Give the state of every stage the path requires."""
        return {one.stage.value: one.state.value for one in self.ledger.stages if one.required}

    def value(self, field: str) -> Any:
        """Give the value of a field, None where nobody says one."""
        return next((claim.value for claim in self.golden.claims if claim.field == field), None)

    def claim(self, field: str) -> Claim:
        """Give the claim of a field."""
        return next(claim for claim in self.golden.claims if claim.field == field)

    def of(self, source: str) -> list[Record]:
        """Give the records of one source."""
        return sorted(record for record in self.kept if record[0] == source)


def cases(database: Database, jurisdiction: int, city: City) -> dict[Scenario, list[Case]]:
    """Give every prepared case of a city that has been taken in whole."""
    truth: dict[Record, str] = {(source, key): project for source, key, project in city.truth()}
    with database.read() as connection:
        where = {(s, k): project for s, k, project in exports.clusters(connection, jurisdiction)}
    names = {record_id(jurisdiction, *record): record for record in truth}
    kept = _counted(database, jurisdiction, "memory.raw_record WHERE op <> 'confirm' AND", names)
    rejected = _counted(database, jurisdiction, "rejection WHERE", names)
    told = rows_of(
        database, "SELECT record_id, source, rule FROM issue WHERE jurisdiction = :j", j=jurisdiction
    )
    stated = rows_of(database, "SELECT raw_id FROM record WHERE jurisdiction = :j", j=jurisdiction)
    documents = {
        row[0]: (GoldenProject.model_validate_json(row[1]), LoopLedger.model_validate_json(row[2]))
        for row in rows_of(
            database, "SELECT project_id, golden, ledger FROM project WHERE jurisdiction = :j", j=jurisdiction
        )
    }
    found: dict[Scenario, list[Case]] = {}
    for project in city.projects:
        if project.scenario is None:
            continue
        mine = {record for record, key in truth.items() if key == project.key}
        places = {record: where[record] for record in mine if record in where}
        main = Counter(places.values()).most_common(1)[0][0]
        found.setdefault(project.scenario, []).append(
            Case(
                truth=project,
                kept=Counter({record: kept[record] for record in mine}),
                rejected=Counter({record: rejected[record] for record in mine if rejected[record]}),
                stated=frozenset(names[raw] for (raw,) in stated if names.get(raw) in mine),
                issues=frozenset(
                    (source, rule)
                    for rid, source, rule in told
                    if names.get(rid) in mine and rule != "uscc.inner_check"
                ),
                where=places,
                others=frozenset(
                    record
                    for record, at in where.items()
                    if at in places.values() and truth.get(record, project.key) != project.key
                ),
                golden=documents[main][0],
                ledger=documents[main][1],
            )
        )
    return found


def _counted(
    database: Database, jurisdiction: int, rows: str, names: Mapping[str, Record]
) -> Counter[Record]:
    found = rows_of(
        database,
        f"SELECT record_id, count(*) FROM {rows} jurisdiction = :j GROUP BY record_id",
        j=jurisdiction,
    )
    return Counter({names[rid]: n for rid, n in found if rid in names})
