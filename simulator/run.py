"""A city at work: its feeds served and moved on, its events pushed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.feeds import Feeds, Plan
from simulator.systems.http_server import PROJECTS_PATH, TALKS_PATH, CityServer, number
from simulator.systems.pusher import Pusher

__all__ = ["Plan", "RunningCity", "running"]

Answer = dict[str, object]
_PUSH_EVERY = 5.0


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
        served = {PROJECTS_PATH: self.feeds.rows, TALKS_PATH: self.feeds.talks}
        self.server = CityServer(served, plan.token, plan.port, levers)
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
            return {"acked": 0, "waiting": 0, "problem": "no --hub-url", "total": 0}
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


@contextmanager
def running(plan: Plan) -> Iterator[RunningCity]:
    """A city at work for the length of a with-block."""
    city = RunningCity(plan)
    try:
        yield city
    finally:
        city.close()
