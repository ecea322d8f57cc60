"""Every import contract of pyproject.toml is kept, and each is seen to bite: a violation of it is planted in a copy of the house."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.gates.tree import CODE, ROOT

CONTRACTS: list[str] = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
]

# contract → a file of the copy and the line that is added to it
PLANTS: dict[str, list[tuple[str, str]]] = {
    "one direction": [("schemas/base.py", "import connectors.contract")],
    "inside app": [("app/db/session.py", "import app.pipeline.land")],
    "inside the corridor": [("app/pipeline/heads.py", "import app.pipeline.land")],
    "inside assembly": [("app/pipeline/assembly/survivorship.py", "import app.pipeline.assembly.assemble")],
    "inside connectors": [("connectors/contract.py", "import connectors.departments.planted.connector")],
    "departments do not know each other": [
        ("connectors/departments/planted/connector.py", "import connectors.departments.other.connector")
    ],
    "schemas are only pydantic and the structs made of it": [("schemas/base.py", "import sqlalchemy")],
    "only the maker of structs knows msgspec": [("schemas/records.py", "import msgspec")],
    "connectors have no server and no database of the hub": [("connectors/contract.py", "import psycopg")],
    "only the transports of tables know SQLAlchemy": [
        ("connectors/contract.py", "from sqlalchemy import text")
    ],
    "only the transports of files know spreadsheets": [("connectors/contract.py", "import openpyxl")],
    "only the http transport speaks HTTP to departments": [("connectors/contract.py", "import httpx")],
    "truth is pure": [
        ("app/pipeline/matching/planted.py", "import app.pipeline.helper"),
        ("app/pipeline/helper.py", "import app.db.session"),
    ],
    "inside access": [("app/access/roles.py", "import app.access.rules")],
    "who may do what is decided on values alone": [("app/access/reach.py", "import sqlalchemy")],
    "the corridor does not know HTTP": [("app/pipeline/planted.py", "import fastapi")],
    "queries live in app.db": [("app/api/planted.py", "from sqlalchemy import text")],
    "the simulated city does not know the hub": [("simulator/planted.py", "import schemas.base")],
    "the hub does not know the simulated city": [("app/db/session.py", "import simulator")],
    "nobody knows the benches": [("app/db/session.py", "import bench")],
    "what runs in a peer's environment brings nothing of ours": [
        ("bench/ingest/job.py", "import schemas.base")
    ],
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages, with two departments that have code of their own."""
    for package in CODE:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.toml", "*.csv", "*.json"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for department in ("planted", "other"):
        folder = tmp_path / "connectors" / "departments" / department
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "connector.py").touch()
    return tmp_path


def broken(house: Path) -> set[str]:
    """The names of the contracts that lint-imports finds broken in this house."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    told = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200", "NO_COLOR": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    said = {
        name: [line for line in told.stdout.splitlines() if line.startswith(f"{name} ")] for name in CONTRACTS
    }
    assert all(len(lines) == 1 for lines in said.values()), told.stdout + told.stderr
    found = {name for name, (line,) in said.items() if " BROKEN" in line}
    assert bool(found) == (told.returncode != 0)
    return found


def plant(house: Path, path: str, line: str) -> None:
    with (house / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def test_the_house_keeps_every_contract(house: Path) -> None:
    assert broken(house) == set()


def test_every_contract_has_a_violation_planted() -> None:
    assert set(PLANTS) == set(CONTRACTS)


@pytest.mark.parametrize("contract", PLANTS)
def test_each_contract_bites(house: Path, contract: str) -> None:
    for path, line in PLANTS[contract]:
        plant(house, path, line)
    assert contract in broken(house)


@pytest.mark.parametrize(
    ("room", "contract"),
    [
        ("app", "inside app"),
        ("app/access", "inside access"),
        ("app/pipeline", "inside the corridor"),
        ("connectors", "inside connectors"),
    ],
)
def test_a_new_module_must_say_where_it_stands(house: Path, room: str, contract: str) -> None:
    (house / room / "newcomer.py").touch()
    assert contract in broken(house)
