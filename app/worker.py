"""The worker: turns due slots into runs, pulls, lands pushes and walks the corridor, until told to stop.

Its jobs are of four roles, which need nothing of each other but the database: one speaks with departments, one
normalizes what has landed, one resolves what was normalized and makes the documents of it, one tells who subscribed.

Schedules, runs and leases are rows, so any number of replicas may tick; APScheduler only keeps the beat, in memory.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from app.bell import Bell
from app.crypto import KeyRing
from app.db import audit, calls, feed, jurisdictions, messages, replays, runs
from app.db.runs import Due
from app.db.session import Database
from app.errors import Conflict, RulesChanged, Unavailable
from app.logs import Seldom, with_cause
from app.outbound.sender import Sender
from app.pipeline import replay as replaying
from app.pipeline.advance import Step
from app.pipeline.process import drain, land_pushes
from app.pipeline.rebuild import Stopped, rebuild, rebuild_published
from app.pipeline.rules import Rules
from app.pipeline.standing import check_rules, take_up
from app.pipeline.sync import LEASE_SECONDS, sync
from app.pipeline.telling import tell
from app.slots import next_slot

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.5
SWEEP_SECONDS = 15
TELL_SECONDS = 5.0
FORGET_SECONDS = 60.0
SEAL_SECONDS = 2.0
PULLS = 3
"""How many sources one replica pulls at once, so that a slow department holds up no other."""
TURN_SECONDS = 5.0
"""How long one jurisdiction may keep the others waiting while its deliveries pour in."""
PUBLISHED_SECONDS = 3.0
"""How soon a model that somebody published is taken up."""
RETRY_SECONDS = 2.0
"""How soon a rebuild that waits for another one, or for the database, is tried again."""
MEND_SECONDS = 30.0
"""How soon one that failed is tried again."""


class Role(StrEnum):
    """What a worker may be told to do alone."""

    PULL = "pull"
    """Speak with departments: queue what is due, pull and land it, tell what became of it."""
    NORMALIZE = "normalize"
    """Land pushes and take what has landed into the table of records; replays and rebuilds."""
    SEND = "send"
    """Post changes to those who subscribed to them."""
    RESOLVE = "resolve"
    """Find which of these records are one project, and make the documents that are served."""


STEPS_OF: dict[Role, tuple[Step, ...]] = {
    Role.PULL: (),
    Role.SEND: (),
    Role.NORMALIZE: (Step.NORMALIZE, Step.COMPOSE),
    Role.RESOLVE: (Step.PAIR, Step.RESOLVE, Step.COMPOSE),
}
"""The steps of the corridor that each role takes."""


class Worker:
    """One replica's beat; `stop` lets every job end its page or batch and gives unfinished runs back."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        *,
        batch: int = 200,
        disk: Path | None = None,
        changes_days: int = 30,
        audit_keys: KeyRing | None = None,
        roles: Collection[Role] = tuple(Role),
        landed: Bell | None = None,
        normalized: Bell | None = None,
    ) -> None:
        self.database = database
        self.rules = rules
        self.batch = batch
        self.disk = disk
        self.changes_days = changes_days
        self.audit_keys = audit_keys
        self.roles = frozenset(roles)
        self.steps = frozenset(step for role in roles for step in STEPS_OF[role])
        self.landed = landed
        """Rung when something was pulled that is to be normalized, or there are many documents to help with."""
        self.normalized = normalized
        """Rung when something was normalized that another process resolves."""
        self.seldom = Seldom(log)
        self.stopping = threading.Event()
        self.turn = threading.Lock()
        """Held by whichever of draining and replaying writes, so that neither voids what the other has computed."""
        self.sender = Sender(database, stopping=self.stopping.is_set)
        self.scheduler = BackgroundScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to work in the background."""
        jobs = [(self.sweep, float(SWEEP_SECONDS), 1)]
        if Role.PULL in self.roles:
            jobs += [(self.tick, 1.0, 1), (self.pull, BEAT_SECONDS, PULLS), (self.tell, TELL_SECONDS, 1)]
            jobs += [(self.forget, FORGET_SECONDS, 1), (self.seal, SEAL_SECONDS, 1)]
        if Role.NORMALIZE in self.roles:
            jobs += [(self.replay, 1.0, 1), (self.republish, PUBLISHED_SECONDS, 1)]
        if Role.SEND in self.roles:
            jobs.append((self.sender.beat, BEAT_SECONDS, 1))
        for job, seconds, at_once in jobs:
            self.scheduler.add_job(
                self._guarded(job),
                "interval",
                seconds=seconds,
                coalesce=True,
                max_instances=at_once,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )
        if Role.NORMALIZE in self.roles:
            self.scheduler.add_job(self.renew, misfire_grace_time=None)
        if self.steps:
            self.scheduler.add_job(self.follow, misfire_grace_time=None)
        self.scheduler.start()

    def stop(self) -> None:
        """Ask every job to end where it stands well, and wait for them."""
        self.stopping.set()
        for bell in (self.landed, self.normalized):
            if bell is not None:
                bell.ring()
        self.scheduler.shutdown(wait=True)
        self.sender.close()

    def tick(self) -> None:
        """Queue a run for each source whose slot has come."""

        def queue(jurisdiction: int) -> None:
            with self.database.begin() as connection:
                slots = {one: self._next(one) for one in runs.due(connection, jurisdiction)}
                if slots:
                    runs.queue_slots(connection, jurisdiction, slots)

        self._each(queue)

    def sweep(self) -> None:
        """Return runs and replays whose worker fell silent to the queue."""

        def sweep(jurisdiction: int) -> None:
            with self.database.begin() as connection:
                runs.sweep(connection, jurisdiction)
                replays.sweep(connection, jurisdiction)

        self._each(sweep)

    def seal(self) -> None:
        """Seal what was written into the audit since."""
        if (keys := self.audit_keys) is not None:
            self._each(lambda jurisdiction: audit.seal_waiting(self.database, jurisdiction, keys))

    def forget(self) -> None:
        """Let go what is kept for a time only."""

        def forget(jurisdiction: int) -> None:
            with self.database.begin() as connection:
                feed.sweep(connection, jurisdiction, self.changes_days)
                messages.sweep(connection, jurisdiction, self.changes_days)
                runs.forget(connection, jurisdiction, self.changes_days)

        self._each(forget)

    def pull(self) -> None:
        """Walk queued runs until none is left."""

        def walk(jurisdiction: int) -> None:
            while not self.stopping.is_set():
                with self.database.begin() as connection:
                    run = runs.claim(connection, jurisdiction, LEASE_SECONDS)
                if run is None:
                    break
                state = sync(
                    self.database,
                    self.rules,
                    run,
                    stopping=self.stopping.is_set,
                    kept=lambda: None if self.landed is None else self.landed.ring(),
                )
                log.info(
                    "a run ended", extra={"facts": {"run": run.run_id, "source": run.source, "state": state}}
                )

        self._each(walk)

    def renew(self) -> None:
        """Take up this installation's rules, and derive everything anew where only that helps; once, when a worker starts.

        Sources whose own rules alone are others are read under them from now on; a person replays what was read before.
        Waits for another rebuild to end, and tries again until it is done; the other jobs go on meanwhile.
        """
        while not self.stopping.is_set():
            pause = RETRY_SECONDS
            try:
                if not self._take_up():
                    return
                self.seldom.warning(
                    "rules", "the rules changed: everything is derived anew; until then the old is served"
                )
                done = rebuild(self.database, self.rules, disk=self.disk, stopping=self.stopping.is_set)
                log.warning(
                    "everything is derived anew", extra={"facts": {"seconds": round(done.seconds, 1)}}
                )
                return
            except Stopped:
                return
            except Conflict as error:
                self.seldom.warning("another rebuild", str(error))
            except Exception as error:
                if not self._away(error):
                    log.exception("the rebuild failed; it is tried again")
                    pause = MEND_SECONDS
            self.stopping.wait(pause)

    def republish(self) -> None:
        """Derive everything anew where another model was published than the drawer stands under, which serves until then."""
        if self._outdated():
            return  # this installation's own rules come first
        try:
            rebuild_published(self.database, self.rules, disk=self.disk, stopping=self.stopping.is_set)
        except Stopped:
            return
        except Conflict as error:
            self.seldom.warning("another rebuild", str(error))
        except Exception:
            self.stopping.wait(MEND_SECONDS)  # what failed is not begun again with the next beat
            raise

    def _take_up(self) -> set[int]:
        """Take up the rules in every jurisdiction, and give those where only a rebuild helps."""
        waiting = set()
        for jurisdiction in self._outdated():
            try:
                with self.database.begin() as connection:
                    due = take_up(connection, jurisdictions.hold(connection, jurisdiction), self.rules)
            except RulesChanged:
                waiting.add(jurisdiction)
                continue
            if due:
                facts = {"jurisdiction": jurisdiction, "sources": due}
                log.warning(
                    "the rules of these sources changed: what was read before waits for `hub replay`",
                    extra={"facts": facts},
                )
        return waiting

    def _outdated(self) -> set[int]:
        with self.database.read() as connection:
            return jurisdictions.outdated(connection, self.rules.fingerprint)

    def follow(self) -> None:
        """Process as soon as the step before has left something, and on every beat, until told to stop."""
        beat = self._guarded(self.process)
        bell = self.landed if Role.NORMALIZE in self.roles else self.normalized
        while not self.stopping.is_set():
            beat()
            (self.stopping if bell is None else bell).wait(BEAT_SECONDS)

    def ring(self) -> None:
        """Tell whoever resolves in another process that something was normalized."""
        if self.normalized is not None:
            self.normalized.ring()

    def call(self) -> None:
        """Call whoever normalizes in another process to help with many documents."""
        if self.landed is not None:
            self.landed.ring()

    def process(self) -> None:
        """Take the steps of this worker's roles until nothing waits for them; who normalizes lands stored pushes first."""
        outdated = self._outdated()

        def take_turn(jurisdiction: int) -> None:
            if jurisdiction in outdated:
                if Role.NORMALIZE in self.roles:
                    land_pushes(self.database, self.rules, jurisdiction)
                with self.database.begin() as connection:
                    check_rules(connection, jurisdictions.hold(connection, jurisdiction), self.rules)
            with self.turn:
                until = time.monotonic() + TURN_SECONDS
                drain(
                    self.database,
                    self.rules,
                    jurisdiction,
                    limit=self.batch,
                    stopping=lambda: self.stopping.is_set() or time.monotonic() > until,
                    steps=self.steps,
                    walked=self.ring if Role.NORMALIZE in self.roles else lambda: None,
                    much=self.call if Role.NORMALIZE not in self.roles else lambda: None,
                )

        self._each(take_turn)

    def replay(self) -> None:
        """Walk queued plans and replays until none is left."""
        outdated = self._outdated()

        def walk(jurisdiction: int) -> None:
            while jurisdiction not in outdated and not self.stopping.is_set():
                with self.database.begin() as connection:
                    claimed = replays.claim(
                        connection, jurisdiction, self.rules.fingerprint, replaying.LEASE_SECONDS
                    )
                if claimed is None:
                    break
                state = replaying.run(
                    self.database,
                    self.rules,
                    claimed,
                    stopping=self.stopping.is_set,
                    turn=lambda: self.turn,
                )
                self.ring()
                facts = {"replay": claimed.replay_id, "sources": claimed.sources, "state": state}
                log.info("a replay ended", extra={"facts": facts})

        self._each(walk)

    def tell(self) -> None:
        """Tell the departments that permit it what became of their rows."""
        outdated = self._outdated()

        def tell_of(jurisdiction: int) -> None:
            if jurisdiction not in outdated:
                tell(self.database, self.rules, jurisdiction, os.environ, stopping=self.stopping.is_set)

        self._each(tell_of)

    def _each(self, work: Callable[[int], None]) -> None:
        """Do a job for every jurisdiction; where it fails, the others still get their turn."""
        with self.database.read() as connection:
            known = jurisdictions.known(connection)
        for jurisdiction in known:
            if self.stopping.is_set():
                return
            try:
                work(jurisdiction)
            except Exception as error:
                if not self._away(error):
                    facts = {"job": work.__name__, "jurisdiction": jurisdiction}
                    log.exception("a beat failed; the next one tries again", extra={"facts": facts})

    def _next(self, due: Due) -> datetime:
        """Give the slot after now, for one stands for all that were missed; or after this one, where each is wanted."""
        source = self.rules.registry.sources.get(due.source)
        behind = due.slot if due.missed == "all" else due.now
        return next_slot(source.manifest if source else None, due.every_seconds, behind)

    def _guarded(self, job: Callable[[], None]) -> Callable[[], None]:
        def beat() -> None:
            if self.stopping.is_set():
                return
            try:
                job()
            except Exception as error:
                if not self._away(error):
                    facts = {"job": job.__name__}
                    log.exception("a beat failed; the next one tries again", extra={"facts": facts})

        return beat

    def _away(self, error: Exception) -> bool:
        """Say in one line, seldom, that something is away and comes back; False when the error is another one."""
        named = error if isinstance(error, Unavailable) else calls.unavailable(error)
        if named is None:
            return False
        self.seldom.warning(str(named), with_cause(f"a beat waits: {named}", error))
        return True
