"""A running city: its systems written, served and moved on; the truth kept beside them."""

from __future__ import annotations

import base64
import csv
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from simulator.city import City, advanced, make_city
from simulator.model import Row
from simulator.records import housing, land
from simulator.systems.commerce_api import CommerceRows
from simulator.systems.commerce_folder import write_weeks
from simulator.systems.databases import ExchangeDatabase
from simulator.systems.http_server import PROJECTS_PATH, CityServer, number
from simulator.systems.landchina_folder import write_exports
from simulator.systems.pusher import Pusher

Answer = dict[str, object]
_PUSH_EVERY = 5.0
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


class Feeds:
    """The written side of a city: folders, databases, API rows, truth.csv. A restart goes on where it stopped."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.home = plan.directory.resolve()
        self.state = self.home / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self.city = advanced(make_city(plan.seed, plan.projects, plan.days, plan.area), self._resume())
        self.rows = CommerceRows()
        self.land = ExchangeDatabase(self.land_url, land.TABLES, in_place=True)
        self.housing = ExchangeDatabase(self.housing_url, housing.TABLES, in_place=False)
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
        }

    def _resume(self) -> list[int]:
        """The advances made by an earlier process on this same city; another city's leavings are cleared away."""
        path = self.state / "city.json"
        old = json.loads(path.read_text()) if path.exists() else {}
        advances = list(old.get("advances", []))
        if old and old == self._mark(advances):
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
        self.rows.put(commerce)
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


class RunningCity:
    """All systems of a city at work: feeds, the HTTP server, and the pusher where there is a hub to push to."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.feeds = Feeds(plan)
        self.pusher = Pusher(plan.hub_url, plan.push_secret, self.feeds.journal) if plan.hub_url else None
        if self.pusher:
            self.pusher.add(self.feeds.events())
        levers = {
            ("POST", "/_simulator/advance"): lambda query: self.advance(number(query, "days", 7)),
            ("POST", "/_simulator/push"): lambda _query: self.push(),
            ("GET", "/_simulator/state"): lambda _query: self.state(),
        }
        self.server = CityServer(self.feeds.rows, plan.token, plan.port, levers)
        (self.feeds.home / "city.json").write_text(
            json.dumps(self.addresses(), ensure_ascii=False, indent=2) + "\n"
        )
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for wanted, target, name in (
                (plan.advance_every > 0, self._advance_by_itself, "city-days"),
                (self.pusher is not None and plan.push_by_itself, self._push_by_itself, "city-push"),
            )
            if wanted
        ]
        for thread in self._threads:
            thread.start()

    def addresses(self) -> Answer:
        """Where everything is: what city.json holds and the ready line says."""
        feeds, plan = self.feeds, self.plan
        return {
            "jurisdiction": plan.area,
            "seed": plan.seed,
            "projects": plan.projects,
            "days": plan.days,
            "port": self.server.port,
            "control_url": f"{self.server.url}/_simulator",
            "commerce_api_url": self.server.url,
            "commerce_projects_url": self.server.url + PROJECTS_PATH,
            "token": plan.token,
            "commerce_folder": str(feeds.folders[0]),
            "landchina_folder": str(feeds.folders[1]),
            "land_url": feeds.land_url,
            "housing_url": feeds.housing_url,
            "hub_url": plan.hub_url,
            "push_secret": plan.push_secret,
            "truth": str(feeds.home / "truth.csv"),
            "state": str(feeds.state),
        }

    def advance(self, days: int) -> Answer:
        """Moves the city on by that many days; returns the new day and what was written."""
        with self._lock:
            since = self.feeds.city.day
            written = self.feeds.advance(days)
            if self.pusher:
                self.pusher.add(self.feeds.events(since))
            return {
                "day": self.feeds.city.day,
                "today": self.feeds.city.today.isoformat(),
                "written": written,
            }

    def push(self) -> Answer:
        """Pushes all events the hub has not taken yet; without a hub nothing is sent."""
        if self.pusher is None:
            return {"acked": 0, "waiting": 0, "problem": "no --hub-url"}
        return dict(self.pusher.push()._asdict())

    def state(self) -> Answer:
        """The present day, the prepared cases and how much there is."""
        city = self.feeds.city
        return {
            "day": city.day,
            "today": city.today.isoformat(),
            "advances": list(city.advances),
            "projects": len(city.projects),
            "scenarios": city.scenarios,
            "commerce_rows": len(self.feeds.rows),
            "tables": {**self.feeds.land.count(), **self.feeds.housing.count()},
            "events_waiting": self.pusher.waiting if self.pusher else 0,
        }

    def _advance_by_itself(self) -> None:
        while not self._stop.wait(self.plan.advance_every):
            self.advance(1)

    def _push_by_itself(self) -> None:
        while not self._stop.is_set():
            if self.pusher and self.pusher.waiting:
                self.pusher.push(waits=())
            self._stop.wait(_PUSH_EVERY)

    def close(self) -> None:
        """Stops threads and server and closes the databases."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.server.close()
        self.feeds.close()


def write_all(plan: Plan) -> City:
    """Writes all feeds and the truth of a city without serving anything."""
    feeds = Feeds(plan)
    feeds.close()
    return feeds.city


@contextmanager
def running(plan: Plan) -> Iterator[RunningCity]:
    """A city at work for the length of a with-block."""
    city = RunningCity(plan)
    try:
        yield city
    finally:
        city.close()
