"""The physical limit: a plain COPY of the same raw rows into the hub's own table of raw rows, indexes and all.

No fetching, hashing or comparing: the rows are made before the clock starts. One transaction per 5000 rows.
"""

from __future__ import annotations

import urllib.request
from typing import Any

import psycopg

from bench.ingest.feeds import found
from bench.ingest.hub import JURISDICTION
from bench.ingest.job import Job, answer, read_job
from bench.ingest.meter import Meter
from connectors.rows import RowReader
from connectors.splitting import at, items
from schemas.ids import record_id
from schemas.records import RawRecord

ROWS = 5000
COPY = (
    "COPY memory.raw_record (jurisdiction, delivery_no, row_no, source, record_id, key, version, op, hash, body, late)"
    " FROM STDIN (FORMAT BINARY)"
)
TYPES = ("int4", "int8", "int4", "text", "text", "text", "text", "text", "bytea", "bytea", "bool")


def take_in(job: Job) -> dict[str, Any]:
    """Do a job; gives what it cost."""
    rows = [
        row
        for number, listing in enumerate(job.listings, start=1)
        for row in _rows(job, listing.source, number)
    ]
    with psycopg.connect(job.database) as connection:
        meter = Meter(job.servers)
        meter.start()
        for begin in range(0, len(rows), ROWS):
            with connection.transaction(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
                copy.set_types(TYPES)
                for row in rows[begin : begin + ROWS]:
                    copy.write_row(row)
        return meter.stop()


def _rows(job: Job, source: str, number: int) -> list[tuple[Any, ...]]:
    reader = RowReader(found()[source].manifest)
    made: list[tuple[Any, ...]] = []
    pages = next(listing.pages for listing in job.listings if listing.source == source)
    for page in range(1, pages + 1):
        with urllib.request.urlopen(f"{job.address}/{job.told}/{source}?page={page}") as said:  # noqa: S310 - our own server
            bodies = items(at(said.read(), "rows") or b"[]")
        for body in bodies:
            raw = reader.from_json(body)
            if not isinstance(raw, RawRecord):
                raise TypeError(f"{source}: {raw.rule}")
            name = record_id(JURISDICTION, source, raw.key)
            place = (JURISDICTION, number, len(made) + 1)
            made.append((*place, source, name, raw.key, raw.version, "upsert", raw.hash, raw.body, False))
    return made


if __name__ == "__main__":
    answer(take_in(read_job()))
