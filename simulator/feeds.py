"""The written side of a city: folders, databases, interface rows, and the truth beside them."""

from __future__ import annotations

import base64
import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from simulator.city import Breadth, City, Difficulty, advanced, make_city
from simulator.incidents import API
from simulator.model import Row
from simulator.records import approval, housing, land, siting
from simulator.records.talks import TALKS_API
from simulator.systems.commerce_api import CommerceRows
from simulator.systems.commerce_folder import write_weeks
from simulator.systems.databases import ExchangeDatabase
from simulator.systems.landchina_folder import write_exports

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. Without URLs the two databases are SQLite files under the directory's `state` folder."""

    directory: Path
    seed: int = 1
    projects: int = 300
    days: int = 1095
    area: int = 430200
    land_url: str = ""
    housing_url: str = ""
    port: int = 0
    token: str = "simulated-commerce-token"  # noqa: S105 the token of a department that never was
    hub_url: str = ""
    push_secret: str = "whsec_" + base64.b64encode(b"simulated city, simulated secret").decode()
    advance_every: float = 0.0
    push_by_itself: bool = True
    difficulty: Difficulty = "easy"
    breadth: Breadth = "core"


class Feeds:
    """The written side of a city: folders, databases, API rows, truth.csv. A restart goes on where it stopped."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.home = plan.directory.resolve()
        self.state = self.home / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        made = make_city(plan.seed, plan.projects, plan.days, plan.area, plan.difficulty, plan.breadth)
        self.city = advanced(made, self._resume())
        self.rows, self.talks = CommerceRows(), CommerceRows()
        self.land = ExchangeDatabase(self.land_url, land.TABLES | siting.TABLES, in_place=True)
        self.housing = ExchangeDatabase(self.housing_url, housing.TABLES | approval.TABLES, in_place=False)
        self.written = self._write(-1)

    @property
    def land_url(self) -> str:
        """Where land's tables are."""
        return self.plan.land_url or f"sqlite:///{self.state / 'land.db'}"

    @property
    def housing_url(self) -> str:
        """Where housing's tables are."""
        return self.plan.housing_url or f"sqlite:///{self.state / 'housing.db'}"

    @property
    def folders(self) -> tuple[Path, Path]:
        """The folders of commerce's weekly sheets and of the land market's exports."""
        return self.home / "commerce", self.home / "landchina"

    @property
    def journal(self) -> Path:
        """The ids of events the hub has taken."""
        return self.state / "pushed.txt"

    def _mark(self, advances: list[int]) -> dict[str, object]:
        plan = self.plan
        return {
            "seed": plan.seed,
            "projects": plan.projects,
            "days": plan.days,
            "area": plan.area,
            "advances": advances,
            "difficulty": plan.difficulty,
            "breadth": plan.breadth,
        }

    def _resume(self) -> list[int]:
        """The advances made by an earlier process on this same city; another city's leavings are cleared away."""
        path = self.state / "city.json"
        old = json.loads(path.read_text()) if path.exists() else {}
        advances = list(old.get("advances", []))
        if old and {"difficulty": "easy", "breadth": "core"} | old == self._mark(advances):
            return advances
        leavings = [
            *self.folders[0].glob("签约履约周报_*.xlsx"),
            *self.folders[1].glob("供地结果_*.xls*"),
            self.journal,
        ]
        for leaving in leavings:
            leaving.unlink(missing_ok=True)
        return []

    def advance(self, days: int) -> dict[str, int]:
        """Moves the city on and writes what became visible; returns rows and files by source."""
        since = self.city.day
        self.city.advance(days)
        self.written = self._write(since)
        return self.written

    def events(self, since: int = -1) -> Iterator[Row]:
        """The permit events after day `since`."""
        return (row for _, row in self.city.rows(since) if row.source == housing.EVENTS)

    def _write(self, since: int) -> dict[str, int]:
        fresh = since < 0
        counts: Counter[str] = Counter()
        rows, commerce = (row for _, row in self.city.rows(since)), []
        with self.land.writing(fresh) as to_land, self.housing.writing(fresh) as to_housing:
            while batch := list(islice(rows, _BATCH)):
                to_land(batch)
                to_housing(batch)
                commerce += [row for row in batch if row.source.startswith("commerce.")]
                counts.update(row.source for row in batch)
        self.rows.put(row for row in commerce if row.source == API)
        self.talks.put(row for row in commerce if row.source == TALKS_API)
        counts["commerce.signed_weekly"] += len(write_weeks(self.city, self.folders[0], since))
        counts["land.landchina"] += len(write_exports(self.city, self.folders[1], since))
        self._write_truth(since)
        (self.state / "city.json").write_text(json.dumps(self._mark(self.city.advances)))
        return dict(counts)

    def _write_truth(self, since: int) -> None:
        with (self.home / "truth.csv").open("w" if since < 0 else "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if since < 0:
                writer.writerow(("source", "key", "project"))
            writer.writerows(self.city.truth(since))

    def close(self) -> None:
        """Gives the databases back."""
        self.land.close()
        self.housing.close()


def write_all(plan: Plan) -> City:
    """Writes all feeds and the truth of a city without serving anything."""
    feeds = Feeds(plan)
    feeds.close()
    return feeds.city
