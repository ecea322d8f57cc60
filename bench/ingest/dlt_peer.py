"""dlt as a contestant, in its own environment: standard library and dlt only. Reports `pipeline.run()` alone.

`dlt-default` is the rest_api source merged by primary key with every setting as dlt ships it. The others change only
what its own guides on performance, file formats and merging name; see SETTINGS and the README.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.ingest.job import Job, Listing, answer, read_job
from bench.ingest.meter import Meter

BUFFERS = {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "50000",
}
"""Larger buffers, no compression of files that stay here, and files that two normalizers can share."""
TWO = {"NORMALIZE__WORKERS": "2", "EXTRACT__WORKERS": "2"}
SETTINGS: dict[str, dict[str, Any]] = {
    "dlt-default": {"merge": "delete-insert", "file": None, "environment": {}},
    "dlt-csv": {"merge": "delete-insert", "file": "csv", "environment": BUFFERS},
    "dlt-upsert": {"merge": "upsert", "file": "csv", "environment": BUFFERS},
    "dlt-workers": {"merge": "upsert", "file": "csv", "environment": BUFFERS | TWO},
    "dlt-parquet": {"merge": "upsert", "file": "parquet", "environment": BUFFERS},
    "dlt-arrow": {"merge": "upsert", "file": "parquet", "environment": BUFFERS, "arrow": True},
    "dlt-arrow-csv": {"merge": "upsert", "file": "csv", "environment": BUFFERS, "arrow": True},
}


def take_in(job: Job) -> dict[str, Any]:
    """Do a job; gives what it cost."""
    settings = SETTINGS[job.contestant]
    os.environ |= {
        "RUNTIME__LOG_LEVEL": "WARNING",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        **settings["environment"],
    }
    import dlt

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(Path(job.folder) / "dlt"),
        destination=dlt.destinations.postgres(credentials=_credentials(job.database)),
        dataset_name="peer",
    )
    source = _arrow(job) if settings.get("arrow") else _rest(job, settings["merge"])
    meter = Meter(job.servers)
    meter.start()
    done = pipeline.run(source, loader_file_format=settings["file"])
    cost: dict[str, Any] = meter.stop()
    done.raise_on_failed_jobs()
    tables = list(pipeline.default_schema.data_table_names())
    trace = {
        step.step: (step.finished_at - step.started_at).total_seconds() for step in pipeline.last_trace.steps
    }
    return {**cost, "stages_wall": trace, "tables": tables, "load": done.loads_ids[-1]}


def _credentials(database: str) -> str:
    """Give the same address with the host and password dlt asks for; a socket named in the query goes before them."""
    return database.replace("postgres@/", "postgres:none@localhost/", 1)


def _rest(job: Job, merge: str) -> Any:
    from dlt.sources.rest_api import rest_api_source

    paginator = {"type": "page_number", "base_page": 1, "total_path": "pages"}
    disposition = "merge" if merge == "delete-insert" else {"disposition": "merge", "strategy": merge}
    return rest_api_source(
        {
            "client": {"base_url": f"{job.address}/{job.told}/", "paginator": paginator},
            "resource_defaults": {"write_disposition": disposition, "endpoint": {"data_selector": "rows"}},
            "resources": [
                {"name": _name(one), "primary_key": list(one.key), "endpoint": {"path": one.source}}
                for one in job.listings
            ],
        }
    )


def _arrow(job: Job) -> Any:
    """Give the same listings as Arrow tables: what somebody would write who wants dlt to skip its own normalizing."""
    import dlt
    import pyarrow as pa
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

    client = RESTClient(
        f"{job.address}/{job.told}/", paginator=PageNumberPaginator(base_page=1, total_path="pages")
    )

    def pages(one: Listing) -> Iterator[Any]:
        for rows in client.paginate(one.source, data_selector="rows"):
            schema = pa.schema([(name, pa.string()) for name in rows[0]])
            yield pa.Table.from_pylist(list(rows), schema=schema)

    return [
        dlt.resource(
            pages,
            name=_name(one),
            primary_key=list(one.key),
            write_disposition={"disposition": "merge", "strategy": "upsert"},
        )(one)
        for one in job.listings
    ]


def _name(one: Listing) -> str:
    return one.source.replace(".", "_")


if __name__ == "__main__":
    answer(take_in(read_job()))
