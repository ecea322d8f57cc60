"""The hub as a contestant: `hub-records` lands and normalizes, `hub-documents` walks the whole corridor.

Both go the product's own road: a worker's tick queues the runs of all sources, its pulls claim them, as many at once as
in the product, and `sync` fetches and lands with cursor and lease; beside that, in a process of its own as a worker's
roles have them, `drain` derives in the batches of the settings, beat by beat. Landing and normalizing alone takes the
steps of `advance` up to there. HUB_WORKER_PROCESSES=1 does one after the other.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from app.crew import Forked, settle
from app.db import jurisdictions, records, runs
from app.db.session import Database
from app.garbage import uncollected
from app.pipeline.normalize import normalize
from app.pipeline.process import drain
from app.pipeline.rules import Rules, load_rules
from app.settings import Settings
from app.worker import BEAT_SECONDS, PULLS, Role, Worker
from bench.ingest.feeds import registry
from bench.ingest.job import Job, answer, read_job
from bench.ingest.meter import Meter
from bench.ingest.stages import Stages, WatchedRegistry
from connectors.transports import pages

JURISDICTION = 430200
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

    def pull_all() -> None:
        pull(database, rules, len(places))

    def derive() -> None:
        with stages.timing("derive"):
            if job.contestant == "hub-records":
                normalize_all(database, rules, stages)
            else:
                drain(database, rules, JURISDICTION, limit=BATCH)

    meter = Meter(job.servers)
    with closing(database), stages.watching():
        meter.start()
        if SETTINGS.worker_processes == 1:
            pull_all()
            derive()
        else:
            side_by_side(pull_all, derive, stages)
        cost = meter.stop()
    return {**cost, "stages_wall": stages.wall, "stages_cpu": stages.cpu}


def side_by_side(pull_all: Callable[[], None], derive: Callable[[], None], stages: Stages) -> None:
    """Pull here, and derive on every beat in another process until all that was pulled is derived."""
    landed = multiprocessing.get_context("fork").Event()
    there, here = multiprocessing.Pipe()

    def beats() -> None:
        last = False
        while not last:
            last = landed.wait(0)
            derive()
            last or landed.wait(BEAT_SECONDS)
        there.send((stages.wall, stages.cpu))

    other = Forked(beats)
    there.close()
    pull_all()
    landed.set()
    try:
        stages.add(*here.recv())
    except EOFError:
        raise RuntimeError("deriving failed: see above") from None
    other.wait(60)


def bind(database: Database, places: Mapping[str, str]) -> None:
    """Let the jurisdiction have these sources, each at its address, all of them due at once and read from their beginning."""
    with database.begin() as connection:
        jurisdictions.ensure(connection, JURISDICTION)
        connection.exec_driver_sql("UPDATE ops.source SET cursor = NULL")
        for source, address in places.items():
            runs.bind(connection, JURISDICTION, source, location=address, every_seconds=None, scheduled=True)


def pull(database: Database, rules: Rules, sources: int) -> None:
    """Read every listing that is due from its beginning to its end, as the pulling half of a worker does."""
    worker = Worker(database, rules, roles=[Role.PULL])
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


def normalize_all(database: Database, rules: Rules, stages: Stages) -> None:
    """Take all that landed into the table of records, without resolving: what dlt calls a load ends here."""
    understand = stages.watched("normalize", normalize)
    while True:
        with uncollected(), database.read() as snapshot:  # as `advance` computes a batch
            before = records.read_progress(snapshot, JURISDICTION)
            rows = records.pending_rows(snapshot, JURISDICTION, before, BATCH)
            full = len(rows) == BATCH
            landings = records.pending_landings(
                snapshot, JURISDICTION, before, rows[-1].landing_no if full else None, records.MOST_LANDINGS
            )
            if not rows and not landings:
                return
            made = understand(snapshot, JURISDICTION, rules, rows, landings)
        last = (rows[-1].landing_no, rows[-1].row_no) if full else (landings[-1].landing_no, 0)
        if not full and rows and rows[-1].landing_no == last[0]:
            last = (last[0], rows[-1].row_no)
        with stages.timing("write"), database.begin() as connection:
            jurisdictions.hold(connection, JURISDICTION)
            records.write_records(connection, JURISDICTION, made.rows, made.former)
            records.write_gone(connection, JURISDICTION, made.gone)
            records.write_outcomes(connection, JURISDICTION, made.outcomes, made.rejections, made.issues)
            after = before._replace(landing_no=last[0], row_no=last[1])
            records.set_progress(connection, JURISDICTION, after)


if __name__ == "__main__":
    assert pages is not None  # loaded before anything is measured, as in a worker that has worked before
    settle()
    answer(take_in(read_job()))
