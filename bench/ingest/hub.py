"""The hub as a contestant: `hub-records` lands and normalizes, `hub-documents` walks the whole corridor.

Both go the product's own road: a worker's tick queues the runs of all sources, its pulls claim them, as many at once as
in the product, and `sync` fetches and lands with cursor and lease; beside that, in as many processes as a worker's roles
have, `drain` takes the steps of each role in the batches of the settings. Landing and normalizing alone is the first two
of these roles. HUB_WORKER_PROCESSES=1 does one after the other.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

from app.bell import Bell
from app.crew import Forked, take_turns
from app.db import jurisdictions, runs
from app.db.session import Database
from app.garbage import settle
from app.pipeline import advance
from app.pipeline.process import drain
from app.pipeline.rules import Rules, load_rules
from app.settings import Settings
from app.worker import BEAT_SECONDS, PULLS, STEPS_OF, Role, Worker
from bench.ingest.feeds import registry
from bench.ingest.job import Job, answer, read_job
from bench.ingest.meter import Meter, peak_mb
from bench.ingest.stages import Stages, WatchedRegistry
from connectors.transports import pages

JURISDICTION = 430200
Ring = Callable[[], None]
SETTINGS = Settings(_env_file=None)
BATCH = SETTINGS.batch


def take_in(job: Job) -> dict[str, Any]:
    """Do a job; gives what it cost and how long each step took."""
    stages = Stages()
    rules = load_rules(WatchedRegistry(registry(job.page), stages))
    database = Database("postgresql+psycopg" + job.database.removeprefix("postgresql"))
    with closing(database):
        places = {one.source: f"{job.address}/{job.told}/{one.source}" for one in job.listings}
        bind(database, places)

    def pull_all(landed: Bell | None = None) -> None:
        pull(database, rules, len(places), landed)

    def derive(*roles: Role, ring: Ring = lambda: None, call: Ring = lambda: None) -> None:
        with stages.timing(f"at {'+'.join(roles)}"):
            steps = {step for role in roles for step in STEPS_OF[role]}
            drain(database, rules, JURISDICTION, limit=BATCH, steps=steps, walked=ring, much=call)

    def chain() -> list[Link]:
        if job.contestant == "hub-records":
            return [Link(partial(derive, Role.NORMALIZE), Bell())]
        first, last = Bell(), Bell()
        return [
            Link(partial(derive, Role.NORMALIZE, ring=last.ring), first),
            Link(partial(derive, Role.RESOLVE, call=first.ring), last),
        ]

    if job.contestant == "hub-records":
        advance.MOST_AHEAD = sys.maxsize  # names wait to be resolved, and nobody does it here
    meter = Meter(job.servers)
    with closing(database), stages.watching():
        if SETTINGS.worker_processes > 1:
            cost = side_by_side(pull_all, chain(), stages, meter)
        else:
            meter.start()
            pull_all()
            derive(Role.NORMALIZE, *(() if job.contestant == "hub-records" else (Role.RESOLVE,)))
            cost = meter.stop()
    return {**cost, "stages_wall": stages.wall, "stages_cpu": stages.cpu}


class Link:
    """Work that goes on, on every beat and when its bell rings, until whoever goes before has given all there is."""

    def __init__(self, work: Ring, bell: Bell) -> None:
        fork = multiprocessing.get_context("fork")
        self.bell = bell
        self._work = work
        self._begun, self._given, self._done = fork.Event(), fork.Event(), fork.Event()

    def begin(self) -> None:
        """Let the work begin."""
        self._begun.set()

    def end(self) -> None:
        """Say that all is given."""
        self._given.set()
        self.bell.ring()

    def go(self) -> None:
        """Work until there is nothing more to come."""
        self._begun.wait()
        last = False
        while not last:
            last = self._given.is_set()
            self._work()
            last or self.bell.wait(BEAT_SECONDS)

    def done(self) -> None:
        """Say that it has come to its end."""
        self._done.set()

    def help(self, other: Link) -> None:
        """Work on, when called, until the other has come to its end."""
        while not other._done.is_set():
            self._work()
            self.bell.wait(BEAT_SECONDS)


def side_by_side(
    pull_all: Callable[[Bell], None], chain: Sequence[Link], stages: Stages, meter: Meter
) -> dict[str, float]:
    """Pull here, and let each link of the chain work in another process; the first of two here, beside pulling.

    These are the processes in which a worker has its roles: two, or three when the settings say so. As in a worker they
    are there before anything is due and stay when it is done, so neither is measured.
    """
    here_too = [link for link in chain[:-1] if SETTINGS.worker_processes == 2]
    after = dict(pairwise(chain))

    def go(link: Link) -> None:
        try:
            link.go()
        finally:
            if link in after:
                after[link].end()
            link.done()
            chain[0].bell.ring()
        if link in after:
            link.help(chain[-1])

    def forked(link: Link) -> tuple[Forked, Connection]:
        here, there = multiprocessing.Pipe(duplex=False)

        def work() -> None:
            go(link)
            there.send((stages.wall, stages.cpu))

        process = Forked(work)
        there.close()  # whoever reads here learns from its end that the process has failed
        return process, here

    others = [forked(link) for link in chain if link not in here_too]
    meter.start()
    for link in chain:
        link.begin()
    with ThreadPoolExecutor(1) as pool:
        beside = [pool.submit(go, link) for link in here_too]
        try:
            pull_all(chain[0].bell)
        finally:
            chain[0].end()
        for one in beside:
            one.result()
    try:
        told = [here.recv() for _, here in others]
    except EOFError:
        raise RuntimeError("deriving failed: see above") from None
    cost = meter.stop()
    for process, _ in others:
        process.wait(60)
    for times in told:
        stages.add(*times)
    return cost | {"peak_rss_mb": peak_mb()}  # of the ended ones too


def bind(database: Database, places: Mapping[str, str]) -> None:
    """Let the jurisdiction have these sources, each at its address, all of them due at once and read from their beginning."""
    with database.begin() as connection:
        jurisdictions.ensure(connection, JURISDICTION)
        connection.exec_driver_sql("UPDATE ops.source SET cursor = NULL")
        for source, address in places.items():
            runs.bind(connection, JURISDICTION, source, location=address, every_seconds=None, scheduled=True)


def pull(database: Database, rules: Rules, sources: int, landed: Bell | None) -> None:
    """Read every listing that is due from its beginning to its end, as the pulling half of a worker does."""
    worker = Worker(database, rules, roles=[Role.PULL], landed=landed)
    worker.tick()
    with ThreadPoolExecutor(PULLS) as pulls:
        for each in [pulls.submit(worker.pull) for _ in range(PULLS)]:
            each.result()
    with database.read() as connection:
        ended = connection.exec_driver_sql(
            "SELECT state, source, error_text FROM ops.run ORDER BY queued_at DESC, source LIMIT %(n)s",
            {"n": sources},
        ).all()
    if [run.state for run in ended] != ["succeeded"] * sources:
        raise RuntimeError(f"not every run succeeded: {ended}")


if __name__ == "__main__":
    assert pages is not None  # loaded before anything is measured, as in a worker that has worked before
    settle()
    take_turns()
    answer(take_in(read_job()))
