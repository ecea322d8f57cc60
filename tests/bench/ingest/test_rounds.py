from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.ingest import contestants, hub
from bench.ingest.contestants import NotWhatWasSent
from bench.ingest.job import Job, Listing
from bench.ingest.report import report
from bench.ingest.rounds import Plan, measure, rotated
from tests.support.database import libpq


def test_every_contestant_goes_first_once() -> None:
    assert [rotated(("copy", "hub", "dlt"), n)[0] for n in range(3)] == ["copy", "hub", "dlt"]


def test_a_small_run_stores_what_was_sent_and_says_what_it_cost(
    postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = contestants.run

    def run(job: Job, peer: Path | None) -> dict[str, Any]:
        """Spare the hub's six processes their imports; the COPY has its own, as all have in a run."""
        return outside(job, peer) if job.contestant == contestants.COPY else hub.take_in(job)

    monkeypatch.setattr(contestants, "run", run)
    plan = Plan(
        postgres_server,
        tmp_path,
        sizes=(300,),
        contestants=(contestants.COPY, *contestants.HUB),
        rounds=1,
        page=100,
        difficulty="easy",
    )
    lines: list[str] = []
    results = measure(plan, say=lines.append)
    walked = {(one["contestant"], one["state"]): one for one in results["values"]}
    assert len(walked) == len(lines) == 7
    stored = {name: one["stored"] for name, one in walked.items()}
    assert all(
        one["heads"] == one["said"] == one["derived"] == 300
        for (who, _), one in stored.items()
        if who != "copy"
    )
    assert stored["hub-records", "new"]["records"] > 0
    assert stored["hub-documents", "changed"]["projects"] > 0
    assert {"fetch", "land", "normalize", "resolve", "compose", "write"} <= set(
        walked["hub-documents", "new"]["stages_wall"]
    )
    assert "| hub-documents | changed | 1 |" in report(results)


def test_a_contestant_that_lost_a_row_ends_the_run(database_url: str) -> None:
    listing = Listing("land.supply", ("TDGYID",), records=1, pages=1)
    job = Job("copy", "new", libpq(database_url), "", "first", 100, "", {}, (listing,))
    with pytest.raises(NotWhatWasSent, match="1 records were sent"):
        contestants.check(job, {})
    with psycopg.connect(job.database) as connection:
        connection.execute(
            "INSERT INTO memory.raw_record (jurisdiction, delivery_no, row_no, source, record_id, key, version, op, hash)"
            " VALUES (430200, 1, 1, 's', 'r', 'k', '', 'upsert', ''), (430300, 1, 1, 's', 'r', 'k', '', 'upsert', '')"
        )
    with pytest.raises(NotWhatWasSent, match="'rows': 2"):
        contestants.check(job, {})
