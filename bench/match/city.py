"""A simulated city in memory: its departments' rows as the real connectors understand them, and what they are truly about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.pipeline.matching.normal import Normal, normal, pack, unpack
from app.pipeline.matching.stated import stated
from app.pipeline.statements import write
from connectors.contract import Binding, Connector
from connectors.registry import Registry, discover
from connectors.rows import RowReader
from schemas.ids import record_id
from schemas.records import Accepted, Op, RawRecord
from simulator.city import Breadth, Difficulty
from simulator.model import Project, Row
from simulator.records.every import rows_of
from simulator.stream import stream_projects

AREA = 430200
DAYS = 1095


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which city: at least so many project records of that seed.

    A core one has seven feeds of three departments, a full one all that are streamed.
    """

    seed: int
    records: int
    breadth: Breadth = "core"
    difficulty: Difficulty = "hard"


@dataclass(frozen=True, slots=True)
class Records:
    """Project records in the order of their ids; truth, family and source by number.

    The ids are hashes, so that nothing follows the order in which the city was made.
    """

    ids: list[str]
    packed: Sequence[bytes]
    sources: list[str]
    source: NDArray[np.int32]
    truth: NDArray[np.int32]
    family: NDArray[np.int32]
    trait: list[tuple[int | None, str]]
    """Phase and zone of each true project, by its number in `truth`."""

    def __len__(self) -> int:
        return len(self.ids)

    def normal(self, place: int) -> Normal:
        """Give a record as matching sees it."""
        return unpack(self.packed[place])


def simulated(wanted: Wanted) -> Records:
    """Give the project records of a simulated city that live at its present day, each in its newest state."""
    found: dict[str, tuple[bytes, str, int, int]] = {}
    traits: list[tuple[int | None, str]] = []
    for told in told_of(wanted):
        traits.append(told.trait)
        for rid, source, text in told.records:
            found[rid] = (pack(normal(rid, stated(text))), source, told.number, told.family)
    return _arranged(found, traits)


class Told(NamedTuple):
    """What is told of one true project: its number, that of its family, phase and zone, and its records.

    A record is (id, source, statement as the hub stores it).
    """

    number: int
    family: int
    trait: tuple[int | None, str]
    records: list[tuple[str, str, str]]


def told_of(wanted: Wanted) -> Iterator[Told]:
    """Give the projects of a simulated city, one after the other, until there are as many records as are wanted."""
    readers = _Understanding(discover())
    families: dict[tuple[object, ...], int] = {}
    most = wanted.records  # a project has several records: far more projects than are needed
    projects = stream_projects(
        wanted.seed, most, DAYS, AREA, difficulty=wanted.difficulty, breadth=wanted.breadth
    )
    told = 0
    for number, (scene, project) in enumerate(projects):
        family = families.setdefault(_family(project), len(families))
        records = list(readers.records(row for row in rows_of(scene, project) if row.shows <= DAYS))
        yield Told(number, family, (project.phase, project.zone), records)
        told += len(records)
        if told >= wanted.records:
            return


def _arranged(found: dict[str, tuple[bytes, str, int, int]], traits: list[tuple[int | None, str]]) -> Records:
    ids = sorted(found)
    sources = sorted({found[rid][1] for rid in ids})
    number = {source: n for n, source in enumerate(sources)}
    return Records(
        ids=ids,
        packed=[found[rid][0] for rid in ids],
        sources=sources,
        source=np.array([number[found[rid][1]] for rid in ids], np.int32),
        truth=np.array([found[rid][2] for rid in ids], np.int32),
        family=np.array([found[rid][3] for rid in ids], np.int32),
        trait=traits,
    )


def _family(project: Project) -> tuple[object, ...]:
    """Name what siblings share: phases, zones and sister products of one undertaking."""
    return project.owner.uscc, project.brand, project.district.adcode, project.estate


class _Understanding:
    """Takes departments' rows to project records as matching sees them, by the real connectors."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._readers: dict[str, tuple[RowReader, Connector]] = {}

    def records(self, rows: Iterator[Row]) -> Iterator[tuple[str, str, str]]:
        """Give (record id, source, statement) of every project record that these rows leave alive."""
        newest: dict[tuple[str, str], RawRecord] = {}
        for row in rows:
            raw = self._of(row.source)[0].from_values(row.values)
            if isinstance(raw, RawRecord):
                before = newest.get((raw.source, raw.key))
                if before is None or before.version <= raw.version:
                    newest[raw.source, raw.key] = raw
        living = sorted((raw for raw in newest.values() if raw.op is Op.UPSERT), key=lambda raw: raw.source)
        for source, raws in groupby(living, key=lambda raw: raw.source):
            for outcome in self._of(source)[1].understand(list(raws)):
                for said in outcome.statements if isinstance(outcome, Accepted) else ():
                    if said.kind == "project":
                        rid = record_id(AREA, said.source, said.key)
                        yield rid, source, write(said).text

    def _of(self, source: str) -> tuple[RowReader, Connector]:
        if source not in self._readers:
            reader = RowReader(self._registry.manifest(source))
            self._readers[source] = reader, self._registry.open(source, Binding(AREA))
        return self._readers[source]
