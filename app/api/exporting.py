"""All projects at once, as a file: a snapshot to begin following the changes from, or a table for a spreadsheet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from app.access.reach import Reach
from app.api import catalog
from app.api.errors import problems
from app.api.hub import Caller, HubDep
from app.db import exports, feed
from app.db.session import Connection
from app.errors import Unavailable
from app.outbound import export
from schemas.api.projects import ExportQuery, ProjectSummary

router = APIRouter(prefix="/exports", tags=["projects"])

AT_ONCE = threading.BoundedSemaphore(2)
"""An export reads all there is: who comes third waits outside."""
COLUMNS = tuple(ProjectSummary.model_fields)
TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; `Hub-Change-Number` is the last change it holds",
        "content": {media_type.partition(";")[0]: {} for media_type in TYPES.values()},
    }
}


@router.get(
    "/projects",
    operation_id="export_projects",
    response_class=FileResponse,
    responses={**FILES, **problems()},
)
def export_projects(hub: HubDep, caller: Caller, query: Annotated[ExportQuery, Query()]) -> FileResponse:
    """Give all projects that fit every filter as one file, as they stood at one moment; never personal data.

    The file is made first and then sent: a client that reads slowly keeps nothing of the database waiting.
    """
    catalog.check_department(hub.manifests, query.department)
    jurisdiction = hub.place(query.jurisdiction, caller)
    folder = TemporaryDirectory(prefix="hub-export-")
    path = Path(folder.name) / f"projects.{query.form}"
    try:
        with _one_of_few():
            last = hub.read(_write, path, jurisdiction, caller.reach, query)
    except OSError as error:
        folder.cleanup()
        raise Unavailable(f"the file could not be written: {error.strerror}") from error
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=TYPES[query.form],
        filename=f"projects-{jurisdiction}-{last}.{query.form}",
        headers={"Cache-Control": "no-store", "Hub-Change-Number": str(last)},
        background=BackgroundTask(folder.cleanup),
    )


def _write(connection: Connection, path: Path, jurisdiction: int, reach: Reach, query: ExportQuery) -> int:
    last = feed.newest(connection, [jurisdiction]).get(jurisdiction, 0)
    if query.form == "ndjson" and query.document != "summary":
        export.write_lines(path, exports.documents(connection, jurisdiction, reach, query))
        return last
    rows = exports.summaries(connection, jurisdiction, reach, query)
    match query.form:
        case "ndjson":
            export.write_json(path, COLUMNS, rows)
        case "csv":
            export.write_csv(path, COLUMNS, rows, bom=query.bom)
        case "xlsx":
            export.write_xlsx(path, COLUMNS, rows)
        case "parquet":
            export.write_parquet(path, COLUMNS, rows)
    return last


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not AT_ONCE.acquire(timeout=5):
        raise Unavailable("several exports are being made: try again in a few seconds")
    try:
        yield
    finally:
        AT_ONCE.release()
