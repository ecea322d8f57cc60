"""Who takes part, by which program, and how it is checked that what was sent was stored."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.ingest.dlt_peer import SETTINGS
from bench.ingest.job import STATES, Job, read_answer

HUB = ("hub-records", "hub-documents")
COPY = "copy"
PEERS = tuple(SETTINGS)
ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = {COPY: "bench.ingest.copy_limit", **dict.fromkeys(HUB, "bench.ingest.hub")}
HOURS = 2 * 3600


class NotWhatWasSent(Exception):
    """A contestant did not store what it was sent: its figures mean nothing, and the run ends."""


def states(contestant: str) -> tuple[str, ...]:
    """Give the states a contestant is measured in: a plain COPY knows no other than new."""
    return STATES[:1] if contestant == COPY else STATES


def run(job: Job, peer: Path | None) -> dict[str, Any]:
    """Let a contestant do a job in a process of its own; `peer` is dlt's Python. Raises when it fails."""
    python = str(peer) if job.contestant in PEERS else sys.executable
    program = _PROGRAMS.get(job.contestant, "bench.ingest.dlt_peer")
    done = subprocess.run(
        [python, "-m", program, job.text()],
        cwd=job.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "HUB_EGRESS_LOOPBACK": "1"},
        capture_output=True,
        text=True,
        timeout=HOURS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{job.contestant} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return read_answer(done.stdout)


def check(job: Job, result: dict[str, Any]) -> dict[str, int]:
    """Count what is stored; raises NotWhatWasSent unless it is all that was sent, in the state that was asked for."""
    sent = sum(listing.records for listing in job.listings)
    with psycopg.connect(job.database) as connection:
        if job.contestant in PEERS:
            counted = _of_dlt(connection, result["tables"], result["load"])
        elif job.contestant == COPY:
            counted = {"rows": _one(connection, "SELECT count(*) FROM memory.raw_record")}
        else:
            counted = _of_hub(connection, job, sent)
    wrong = {name: number for name, number in counted.items() if name in _SENT and number != sent}
    if wrong:
        raise NotWhatWasSent(f"{job.contestant}, {job.state}: {sent} records were sent, but {wrong}")
    return counted


_SENT = ("rows", "loaded", "heads", "said", "derived")


def _of_dlt(connection: psycopg.Connection[Any], tables: list[str], load: str) -> dict[str, int]:
    """Every row is there once, and all of them came with the last load where dlt marks that."""
    rows = loaded = 0
    for table in tables:
        place = sql.Identifier("peer", table)
        rows += _one(connection, sql.SQL("SELECT count(*) FROM {}").format(place))
        marked = connection.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'peer' AND table_name = %s"
            " AND column_name = '_dlt_load_id'",
            [table],
        ).fetchone()
        if marked and marked[0]:
            mine = sql.SQL("SELECT count(*) FROM {} WHERE _dlt_load_id = {}").format(place, sql.Literal(load))
            loaded += _one(connection, mine)
        else:
            loaded += _one(connection, sql.SQL("SELECT count(*) FROM {}").format(place))
    return {"rows": rows, "loaded": loaded}


def _of_hub(connection: psycopg.Connection[Any], job: Job, sent: int) -> dict[str, int]:
    """Every record has a head, this pull said each of them as the state wants it, and each was accepted or rejected."""
    account = "SELECT coalesce(sum({0}), 0) FROM memory.landing WHERE landing_no > (SELECT coalesce(max(landing_no), 0)"
    pages = sum(listing.pages for listing in job.listings)
    account += f" - {pages} FROM memory.landing)"
    kept, unchanged = (_one(connection, account.format(name)) for name in ("kept", "unchanged"))
    understood = "SELECT coalesce(sum(accepted + rejected), 0) FROM derived.outcome"
    return {
        "heads": _one(connection, "SELECT count(*) FROM memory.head WHERE op = 'upsert'"),
        "said": unchanged if job.state == "unchanged" else kept,
        "derived": _one(connection, understood) // (2 if job.state == "changed" else 1),
        "rejected": _one(connection, "SELECT coalesce(sum(rejected), 0) FROM derived.outcome"),
        "records": _one(connection, "SELECT count(*) FROM derived.record"),
        "projects": _one(connection, "SELECT count(*) FROM derived.project"),
        "sent": sent,
    }


def _one(connection: psycopg.Connection[Any], query: str | sql.Composed) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
