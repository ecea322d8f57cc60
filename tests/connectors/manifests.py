"""Small manifests for tests: valid by default, changed by replacing what a test is about."""

from __future__ import annotations

from connectors.manifest import Manifest, parse

BASE = """
key = "testing.feed"
title = { zh = "测试", en = "Testing" }
department = "testing"
owner = "nobody"
"""

TABLE = """
[transport]
kind = "table"
variable = "HUB_TEST_DATABASE"
table = "T_XX"
updated = "GXSJ"
id = "LSH"
page = 3
overlap_seconds = 3600
"""

FILES = """
[transport]
kind = "files"
variable = "HUB_TEST_FOLDER"
settle_seconds = 0.0
page = 2
"""

HTTP = """
[transport]
kind = "http"
variable = "HUB_TEST_URL"
path = "rows"
rows = "data.rows"
deadline_seconds = 2.0
attempts = 2
patience_seconds = 5.0
"""

PUSH = """
[transport]
kind = "push"
[push]
secrets = ["HUB_TEST_SECRET"]
"""

KEY = """
[identity]
columns = ["BH"]
"""

NAME = """
[fields]
name = "MC"
"""

VERSION = """
[version]
columns = ["GXSJ"]
kind = "timestamp"
"""


def manifest(*parts: str, top: str = "") -> Manifest:
    """Read a manifest of the base, top-level lines and tables."""
    return parse(BASE + top + "\n" + "\n".join(parts))


def simple(transport: str = PUSH, *parts: str, top: str = "") -> Manifest:
    """Read a manifest with the key BH and the name MC."""
    return manifest(transport, KEY, NAME, *parts, top=top)
