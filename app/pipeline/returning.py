"""What goes back to a department: the file it sent, or the rows it said, with every fault marked where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from app.pipeline.check import Cells, check_file, check_rows, manifest_of
from app.pipeline.land import fingerprint
from app.pipeline.rules import Rules
from connectors import handed
from connectors.contract import Binding
from connectors.errors import ConnectorError
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.moments import CHINA
from connectors.strict_json import StrictJsonError, loads
from connectors.transport_settings import FilesSettings
from connectors.transports import files
from connectors.transports.returned import Notice, copy_marked, write_anew
from connectors.transports.sheets import NotReadable
from schemas.api.deliveries import DeliveryView
from schemas.checks import CheckTotals
from schemas.records import RawRecord, Unreadable

UNNAMED = "原文"
"""The column of what could not be cut into columns."""

Facts = Mapping[str, str | int]


def return_file(
    rules: Rules,
    jurisdiction: int,
    source: str,
    path: Path,
    out: Path,
    *,
    name: str | None = None,
    facts: Facts | None = None,
) -> CheckTotals:
    """Check a file and write it to `out` with its faults marked; what nobody could read comes back as a summary."""
    checked = check_file(rules, jurisdiction, source, path, name)
    manifest = checked.manifest
    told = _facts(manifest, checked.name, facts)
    if path.suffix.lower() in handed.JSON and checked.width == 0:
        return _json_file(rules, jurisdiction, manifest, path, told, out)
    try:
        if checked.width:
            sheet = handed.settings_of(manifest).sheet
            return copy_marked(path, sheet, checked.rows, Notice(told, checked.width), out)
    except NotReadable:
        checked = check_file(rules, jurisdiction, source, path, name)
    return write_anew((), manifest.title.zh, checked.rows, Notice(told), out)


def return_delivery(
    rules: Rules,
    binding: Binding,
    view: DeliveryView,
    said_rows: Callable[[], Sequence[RawRecord | Unreadable]],
    out: Path,
    *,
    most_bytes: int | None = None,
) -> CheckTotals:
    """Write a delivery to `out` with its faults marked: its file as long as that lies there unchanged, else its rows.

    A file beyond `most_bytes` is left where it is.

    Both are told by the rules of today: the file whole, of `said_rows` those whose words the hub has kept.
    """
    manifest = manifest_of(rules, view.source)
    facts = {"交付编号": view.delivery_no, **_counts(view)}
    file = arrived(manifest, binding, view, most_bytes)
    if file is not None:
        return return_file(rules, binding.jurisdiction, view.source, file, out, facts=facts)
    told = _facts(manifest, view.sender, facts)
    return _anew(rules, binding.jurisdiction, manifest, said_rows(), told, out)


def arrived(
    manifest: Manifest, binding: Binding, view: DeliveryView, most_bytes: int | None = None
) -> Path | None:
    """Give the file a delivery came in, if it lies in the source's folder with the very rows that landed."""
    settings = manifest.transport
    if not isinstance(settings, FilesSettings) or view.channel != "file":
        return None
    try:
        path = Path(location(settings.variable, settings.default, binding)) / Path(view.sender).name
        if not path.is_file() or path.stat().st_size > (most_bytes or settings.max_bytes):
            return None
        rows = (row for _, row in files.read(manifest, settings, path).rows)
        while page := list(islice(rows, settings.page)):
            if fingerprint(page).hex() == view.sha256:
                return path
    except (ConnectorError, NotReadable, OSError):
        return None
    return None


def _json_file(
    rules: Rules, jurisdiction: int, manifest: Manifest, path: Path, facts: Facts, out: Path
) -> CheckTotals:
    try:
        said = [row for _, row in handed.read(manifest, path, path.name, 0.0).rows]
    except NotReadable:
        checked = check_file(rules, jurisdiction, manifest.key, path)
        return write_anew((), manifest.title.zh, checked.rows, Notice(facts), out)
    return _anew(rules, jurisdiction, manifest, said, facts, out)


def _anew(
    rules: Rules,
    jurisdiction: int,
    manifest: Manifest,
    said: Sequence[RawRecord | Unreadable],
    facts: Facts,
    out: Path,
) -> CheckTotals:
    """Write rows under the heads they bear, one row each below the line of heads."""
    values = [_values(row.body) for row in said]
    heads = list(dict.fromkeys(head for row in values for head in row))
    lines: list[list[Any]] = [heads, *([row.get(head) for head in heads] for row in values)]
    checked = check_rows(rules, jurisdiction, manifest.key, enumerate(said, start=2), Cells(heads))
    return write_anew(lines, manifest.title.zh, checked, Notice(facts, len(heads)), out)


def _values(body: bytes) -> dict[str, Any]:
    try:
        row = loads(body)
    except StrictJsonError:
        row = None
    if not isinstance(row, dict):
        return {UNNAMED: body.decode("utf-8", "replace")}
    return {
        head: json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
        for head, value in row.items()
    }


def _facts(manifest: Manifest, name: str, more: Facts | None = None) -> Facts:
    at = datetime.now(CHINA).strftime("%Y-%m-%d %H:%M")
    return {
        "来源": f"{manifest.title.zh}（{manifest.key}）",
        "文件": name,
        **(more or {}),
        "校验时间": f"{at}（北京时间）",
    }


def _counts(view: DeliveryView) -> Facts:
    """Give what landing has counted: of the page the delivery is, where the file has several."""
    counts = view.counts
    return {
        "交付收到": counts.received,
        "其中新增或变化（保留）": counts.kept,
        "其中未变": counts.unchanged,
        "其中无法读取": counts.unreadable,
    }
