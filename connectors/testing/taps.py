"""A Singer tap made of rows: a program that says a file's rows, and a bookmark after every few of them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.strict_json import dumps
from connectors.transport_settings import SingerSettings

_EVERY = 3
"""Rows between two bookmarks: no divisor of a page, so that pages end between them."""
_PROGRAM = """
import json, sys
rows, stream, every = json.load(open(sys.argv[1], encoding="utf-8"))
names = {head: {} for row in rows for head in row}
schema = {"type": "object", "properties": names}
if "--discover" in sys.argv:
    print(json.dumps({"streams": [{"tap_stream_id": stream, "stream": stream, "schema": schema, "metadata": []}]}))
    sys.exit()
state = sys.argv.index("--state") + 1 if "--state" in sys.argv else 0
done = json.load(open(sys.argv[state], encoding="utf-8"))["done"] if state else 0
print(json.dumps({"type": "SCHEMA", "stream": stream, "schema": schema}))
for number, row in enumerate(rows[done:], start=done + 1):
    print(json.dumps({"type": "RECORD", "stream": stream, "record": row}))
    if number % every == 0 or number == len(rows):
        print(json.dumps({"type": "STATE", "value": {"done": number}}))
"""


def tap(folder: Path, settings: SingerSettings, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Write a tap of these rows, in the place of one that is there; give the variables a deployment would set."""
    data = folder / "rows.json"
    data.write_text(json.dumps([json.loads(dumps(rows)), settings.stream, _EVERY]), encoding="utf-8")
    return program(folder, settings, _PROGRAM, str(data))


def program(folder: Path, settings: SingerSettings, code: str, *arguments: str) -> dict[str, str]:
    """Write a program of any kind as the feed's tap; give the variables that name it."""
    script = folder / "tap.py"
    script.write_text(code, encoding="utf-8")
    made = dict.fromkeys(settings.environment, "nothing")
    if settings.config:
        made[settings.config] = "{}"
    return made | {settings.variable: shlex.join([sys.executable, "-I", "-S", str(script), *arguments])}
