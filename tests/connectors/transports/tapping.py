"""Taps for tests: a script that a fake tap plays, and the manifest and binding that read it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from connectors.contract import Binding
from connectors.manifest import Manifest
from connectors.transport_settings import SingerSettings
from connectors.transports.singer import fetch
from schemas.records import Page, RawRecord, Unreadable
from tests.connectors.manifests import simple

PROGRAM = Path(__file__).with_name("fake_tap.py")
STREAM = "projects"


class Tap:
    """A fake tap: what it says, and how it was called."""

    def __init__(self, folder: Path) -> None:
        self.script = folder / "script"
        self.says()

    def says(self, *lines: object) -> Tap:
        """Let it write these messages (objects as JSON) and do what lines with `!` say."""
        told = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
        self.script.write_bytes("".join(f"{line}\n" for line in told).encode("utf-8", "surrogatepass"))
        return self

    def has(self, *streams: dict[str, Any]) -> Tap:
        """Let it answer --discover with these streams."""
        Path(f"{self.script}.catalog").write_text(json.dumps({"streams": streams}), encoding="utf-8")
        return self

    def variables(self, **more: str) -> dict[str, str]:
        """Give the variables a deployment would set."""
        command = shlex.join([sys.executable, "-I", "-S", str(PROGRAM), str(self.script)])
        return {"HUB_TEST_TAP": command, **more}

    def calls(self) -> list[dict[str, Any]]:
        """Give how it was called so far."""
        file = Path(f"{self.script}.calls")
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def road(**settings: object) -> str:
    """Give the [transport] of a manifest that reads the fake tap."""
    given = {"kind": "singer", "variable": "HUB_TEST_TAP", "stream": STREAM, "page": 3, **settings}
    return "[transport]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in given.items())


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def fed(*parts: str, top: str = "", **settings: object) -> Manifest:
    """Give a manifest with the key BH and the name MC that reads the fake tap."""
    return simple(road(**settings), *parts, top=top)


def settings_of(manifest: Manifest) -> SingerSettings:
    assert isinstance(manifest.transport, SingerSettings)
    return manifest.transport


def walk(manifest: Manifest, tap: Tap, cursor: str | None = None, **variables: str) -> list[Page]:
    """Walk a run to its end."""
    return list(
        fetch(manifest, settings_of(manifest), Binding(430200, None, tap.variables(**variables)), cursor)
    )


def schema(*columns: str, stream: str = STREAM, keys: object = ("BH",)) -> dict[str, Any]:
    """Give a SCHEMA message."""
    properties = {name: {"type": ["null", "string"]} for name in columns or ("BH", "MC")}
    told = {"type": "SCHEMA", "stream": stream, "schema": {"type": "object", "properties": properties}}
    return told | ({} if keys is None else {"key_properties": keys})


def record(number: object, stream: str = STREAM, **more: object) -> dict[str, Any]:
    """Give a RECORD message of the project K<number>."""
    return {"type": "RECORD", "stream": stream, "record": {"BH": f"K{number}", "MC": "甲", **more}}


def state(value: object) -> dict[str, Any]:
    """Give a STATE message."""
    return {"type": "STATE", "value": value}


def keys(pages: list[Page]) -> list[str]:
    return [row.key for page in pages for row in page.rows if isinstance(row, RawRecord)]


def unreadable(pages: list[Page]) -> list[str]:
    return [row.rule for page in pages for row in page.rows if isinstance(row, Unreadable)]


def cursors(pages: list[Page]) -> list[Any]:
    """Give the state each page's cursor holds."""
    return [json.loads(page.cursor)["state"] for page in pages]
