"""The API read by programs of others: dlt's rest_api source, and a TypeScript client whose types are made of the description.

`make test-clients` installs each into an environment of its own and runs this.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db import keys
from app.db.accounts import rights
from app.main import create_app
from app.settings import Settings
from tests.support.clients import HERE as CLIENTS
from tests.support.clients import node_folder
from tests.support.database import JURISDICTIONS
from tests.support.served import served
from tests.support.small_city import small_city
from tests.support.taps import environment

pytestmark = pytest.mark.timeout(600)  # the first to ask for a client installs it

ROOT = Path(__file__).resolve().parents[1]
FIRST = JURISDICTIONS[0]


@pytest.fixture
def hub(database_url: str) -> Iterator[tuple[str, str]]:
    """The address of a small city's hub, and a reader's key."""
    city = small_city(database_url)
    city.fill()
    with city.database.begin() as connection:
        key = keys.add(connection, FIRST, "foreign", rights(["reader"], ["all"], ["all"]), by="test")
    app = create_app(Settings(jurisdiction=FIRST), city.database, city.registry, {})
    with served(app) as address:
        yield address, key
    city.database.close()


def ours(hub: tuple[str, str], path: str) -> Any:
    answer = httpx.get(f"{hub[0]}/api/v1{path}", headers={"Authorization": f"Bearer {hub[1]}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def run(*command: str | Path, cwd: Path) -> str:
    ended = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-3000:]
    return ended.stdout


def test_dlt_reads_projects_their_loops_and_the_changes_page_by_page(
    hub: tuple[str, str], tmp_path: Path
) -> None:
    python = environment("dlt") / "bin" / "python"
    read = json.loads(run(python, CLIENTS / "dlt_reader.py", *hub, cwd=tmp_path))
    projects = ours(hub, "/projects")["items"]
    assert [one["project_id"] for one in read["projects"]] == [one["project_id"] for one in projects]
    assert len(projects) > 1
    assert [one["change_no"] for one in read["changes"]] == [
        one["change_no"] for one in ours(hub, "/changes?limit=1000")["items"]
    ]
    for ledger in read["ledgers"]:
        served_ledger = ours(hub, f"/projects/{ledger['project_id']}/lifecycle")
        assert [stage["state"] for stage in ledger["stages"]] == [s["state"] for s in served_ledger["stages"]]


def test_a_typescript_client_made_of_the_description_type_checks_and_reads(
    hub: tuple[str, str], tmp_path: Path
) -> None:
    node = node_folder()
    for name in ("package.json", "node_modules"):
        (tmp_path / name).symlink_to(node / name)
    shutil.copy(CLIENTS / "reader.ts", tmp_path)
    programs = node / "node_modules" / ".bin"
    run(programs / "openapi-typescript", ROOT / "schemas" / "openapi.json", "-o", "api.d.ts", cwd=tmp_path)
    strict = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--skipLibCheck",
        "false",
        "--types",
        "node",
    ]
    run(programs / "tsc", *strict, "reader.ts", cwd=tmp_path)
    read = json.loads(run("node", "reader.js", *hub, cwd=tmp_path))
    assert read["projects"] == ours(hub, "/projects")["items"]
    assert read["changes"] == [one["change_no"] for one in ours(hub, "/changes?limit=1000")["items"]]
    for project, stages in zip(read["projects"], read["loops"], strict=True):
        ledger = ours(hub, f"/projects/{project['project_id']}/lifecycle")
        assert stages == [f"{stage['stage']} {stage['state']}" for stage in ledger["stages"]]
    assert read["refused"].endswith(":not-found")
