"""The water bureau of docs/add-a-department.md as that page describes it, and the page's own blocks in order."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple

import openpyxl

from connectors.testing import databases
from connectors.testing.web import handled as serving
from tests.connectors.transports.serving import answer
from tests.gates.tree import ROOT

PAGE = ROOT / "docs" / "add-a-department.md"
TOKEN = "ask-the-bureau"
_FENCE = re.compile(r"^```(\w+)(?: (\w+)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of the page: its language, and what it is of which name (`file`, `sheet`, `answer`, `table`)."""

    language: str
    role: str
    name: str
    text: str


def blocks() -> list[Block]:
    """Give the page's blocks in order."""
    return [Block(*found) for found in _FENCE.findall(PAGE.read_text(encoding="utf-8"))]


def write_manifests(departments: Path, blocks: list[Block]) -> None:
    """Write manifests as they stand on the page; of two of one feed the later holds."""
    for block in blocks:
        if block.role == "file":
            file = departments / block.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")


def send_workbook(folder: Path) -> Path:
    """Put the page's workbook into a folder, as old as if it had arrived before."""
    [block] = [block for block in blocks() if block.role == "sheet"]
    book = openpyxl.Workbook()
    for line in csv.reader(io.StringIO(block.text)):
        book.worksheets[0].append(line)
    folder.mkdir(parents=True, exist_ok=True)
    book.save(folder / block.name)
    os.utime(folder / block.name, (1_700_000_000, 1_700_000_000))
    return folder / block.name


@contextmanager
def open_bureau(place: Path) -> Iterator[dict[str, str]]:
    """Let the bureau's folder, API and database stand; give where they are by the variable that says so."""
    [said] = [block for block in blocks() if block.role == "answer"]
    [table] = [block for block in blocks() if block.role == "table"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    database = databases.write(place / "exchange.db", table.name, rows)

    def reply(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        known = handler.headers["Authorization"] == f"Bearer {TOKEN}"
        right = (
            handler.path.partition("?")[0] == said.name and query["page"] == "1" and "updated_since" in query
        )
        answer(handler, json.loads(said.text) if right else {}, 200 if known else 401)

    with serving(reply) as url:
        yield {
            "HUB_WATER_FLOOD_FOLDER": str(send_workbook(place / "arrivals").parent),
            "HUB_WATER_API_URL": url + said.name.rpartition("/")[0],
            "HUB_WATER_API_TOKEN": TOKEN,
            "HUB_WATER_DATABASE_URL": database,
        }
