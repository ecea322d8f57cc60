"""Feeds of every transport for tests of the kit: good by default, with code of their own where a test wants them bad."""

from __future__ import annotations

import json
from pathlib import Path

from connectors.registry import source_in
from connectors.testing.feed import Feed, opened
from tests.connectors.manifests import BASE, FILES, HTTP, KEY, NAME, PUSH, TABLE, VERSION

ROWS = [
    {"LSH": str(number), "BH": f"K{number}", "MC": "甲", "GXSJ": f"2024-01-0{number} 08:00:00"}
    for number in (1, 2)
]
PAGED = (
    'auth = { kind = "bearer", variable = "HUB_TEST_TOKEN" }\nagreed = { pointer = "code", values = ["0"] }\n'
)
SINCE = '[transport.since]\nparameter = "since"\ncolumn = "GXSJ"\nordered = true\n'
PAGE = 'paging = { style = "page", size = 100, total = "data.total" }\n'
TOP = 'tier = "gold"\n'
FOLDER = FILES + "[version]\ncolumns = ['GXSJ']\n"
API = HTTP + PAGED + PAGE + SINCE + VERSION
EXCHANGE = TABLE + VERSION
PUSHED = PUSH + VERSION
TAP = (
    '[transport]\nkind = "singer"\nvariable = "HUB_TEST_TAP"\nconfig = "HUB_TEST_CONFIG"\nstream = "permits"\n'
    + VERSION
)
ROADS = {"api": API, "table": EXCHANGE, "folder": FOLDER, "tap": TAP, "push": PUSHED}


def made(root: Path, road: str, code: str = "") -> Feed:
    """Give a feed that comes by `road` (the manifest's half about its transport), perhaps with code of its own."""
    folder = root / "testing" / "feed"
    (folder / "sample").mkdir(parents=True)
    ignored = 'ignore = ["LSH"]\n' if "[version]" in road else 'ignore = ["LSH", "GXSJ"]\n'
    (folder / "manifest.toml").write_text(BASE + TOP + ignored + road + KEY + NAME, encoding="utf-8")
    if '[transport]\nkind = "files"' in road:
        lines = [",".join(ROWS[0]), *(",".join(row.values()) for row in ROWS)]
        (folder / "sample" / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        said = {"code": 0, "data": {"rows": ROWS}} if 'rows = "data.rows"' in road else ROWS
        (folder / "sample" / "rows.json").write_text(json.dumps(said), encoding="utf-8")
    if code:
        (folder / "connector.py").write_text(HEAD + code, encoding="utf-8")
    return opened(source_in(folder))


HEAD = """
from connectors.errors import *
from connectors.manifest_connector import ManifestConnector
from dataclasses import replace
import json


class FeedConnector(ManifestConnector):
"""
