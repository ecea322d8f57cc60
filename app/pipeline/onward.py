"""Normalizing goes on while the batch before is being written: this process interprets, PostgreSQL writes.

A batch is computed behind one that is not yet written only if it speaks of none of its raw records: then what stands of
its own is not touched by it. Whatever else happens meanwhile voids it, as any step, when it is to be written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.db import calls, jurisdictions
from app.db.session import Database
from app.pipeline.advance import Step, compute, write_if_due
from app.pipeline.normalizing import Batch
from app.pipeline.rules import Rules

log = logging.getLogger(__name__)

_NORMALIZE = frozenset({Step.NORMALIZE})


def normalize_onward(
    database: Database,
    rules: Rules,
    jurisdiction: int,
    *,
    limit: int,
    stopping: Callable[[], bool],
    between: Callable[[], object],
    walked: Callable[[], object],
) -> int:
    """Normalize batch by batch, each computed while the one before is written; give how many were written.

    `between` is called before each is computed, `walked` once it is written. It ends where nothing waits, and where a batch
    would have to be looked at by itself: whoever takes the next step alone does that, and meets the error again where one
    failed.
    """
    taken = 0

    def write(generation: int, made: Batch) -> bool:
        due = write_if_due(database, rules, jurisdiction, generation, made)
        if due:
            walked()
        return due

    with ThreadPoolExecutor(1, "write") as writer:
        writing: Future[bool] | None = None
        behind: Batch | None = None
        try:
            while True:
                made = None
                if not stopping():
                    between()
                    with database.read() as snapshot:
                        generation = jurisdictions.generation(snapshot, jurisdiction)
                        made = compute(snapshot, rules, jurisdiction, limit, _NORMALIZE, behind)
                if writing is not None and not writing.result():
                    return taken
                taken += writing is not None
                if not isinstance(made, Batch):
                    return taken
                writing, behind = writer.submit(write, generation, made), made
        except Exception as error:
            if not calls.of_the_rows(error):
                raise
            log.debug("a step failed beside another; it is taken by itself", exc_info=error)
    return taken
