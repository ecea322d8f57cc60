"""Hold the hub's clusters against known truth, which reaches the hub only as a file for evaluation."""

from __future__ import annotations

import csv
from pathlib import Path

from app.db import exports
from app.db.session import Connection
from app.errors import BadRequest
from app.pipeline.evaluate import Scores, code_only, evaluate

Truth = dict[tuple[str, str], str]


def read_truth(path: Path) -> Truth:
    """Read a truth file: columns source, key and project (or project_id, project_key).

    Raises BadRequest for a file that cannot be read, lacks a column or a value, or names a record twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _truth(path, csv.DictReader(file))
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"{path} is no CSV in UTF-8: {error}") from error


def _truth(path: Path, reader: csv.DictReader[str]) -> Truth:
    names = set(reader.fieldnames or ())
    project = next((name for name in ("project", "project_id", "project_key") if name in names), None)
    if project is None or not {"source", "key"} <= names:
        raise BadRequest(f"{path} needs the columns source, key and project")
    truth: Truth = {}
    for row in reader:
        record = row["source"], row["key"]
        if not all(record) or not row[project]:
            raise BadRequest(f"{path}, line {reader.line_num}: source, key and {project} must all be there")
        if record in truth:
            raise BadRequest(f"{path}, line {reader.line_num}: {record[0]},{record[1]} stands there twice")
        truth[record] = row[project]
    return truth


def scores(connection: Connection, jurisdiction: int, truth: Truth) -> tuple[Scores, Scores]:
    """Score the hub's clusters, and the rule "equal project code" beside them."""
    clusters: Truth = {
        (source, key): project for source, key, project in exports.clusters(connection, jurisdiction)
    }
    codes: dict[tuple[str, str], str | None] = {
        (source, key): code for source, key, code in exports.project_codes(connection, jurisdiction)
    }
    return evaluate(truth, clusters, lambda record: record[0]), code_only(truth, codes)


def as_json(ours: Scores, codes: Scores) -> dict[str, object]:
    """Give the scores as a JSON object."""
    return {
        "pair_precision": ours.pairwise.precision,
        "pair_recall": ours.pairwise.recall,
        "pair_f1": ours.pairwise.f1,
        "b_cubed_precision": ours.b_cubed.precision,
        "b_cubed_recall": ours.b_cubed.recall,
        "b_cubed_f1": ours.b_cubed.f1,
        "code_only_precision": codes.pairwise.precision,
        "code_only_recall": codes.pairwise.recall,
        "records": ours.records,
        "truth_projects": ours.projects,
        "clusters": ours.clusters,
    }
