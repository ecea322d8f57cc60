"""How a tap is called: its config, what it may see, and which of its streams it is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.transport_settings import SingerSettings
from connectors.transports.tap_process import Call, command_in, lines

CATALOGUE_BYTES = 64 * 1024 * 1024
_SECRET = re.compile(
    r"pass|pwd|secret|token|auth(?!or)|credential|private|(?:api|access|account|service|shared|licen[cs]e)_?key",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^:/@\s]*:([^/@\s]+)@")


def prepared(settings: SingerSettings, binding: Binding, folder: Path) -> Call:
    """Give the call of a tap with its config, in a folder that only this run uses.

    Raises SourceUnavailable when a variable that the manifest names is not set.
    """
    variables = {name: _variable(binding, name) for name in settings.environment}
    call = Call(command_in(settings, binding.variables), variables, folder, tuple(variables.values()))
    if settings.config is None:
        return call
    config = _variable(binding, settings.config)
    place = Path(config).absolute()
    if config.lstrip().startswith("{"):
        place = folder / "config.json"
        place.write_text(config, encoding="utf-8")
    try:
        secrets = (*call.secrets, *_secrets(json.loads(place.read_bytes())))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceUnavailable(
            f"{settings.config} must hold the tap's config, a file's path or JSON: {type(error).__name__}"
        ) from error
    return Call((*call.command, "--config", str(place)), variables, folder, tuple(filter(None, secrets)))


def selected(call: Call, settings: SingerSettings, *, full: bool) -> Call:
    """Ask a tap what it has and give the call that reads one stream of it; raises SourceChanged when it is not there."""
    catalogue = _discovered(call, settings)
    place = call.folder / "catalog.json"
    place.write_text(json.dumps(select(catalogue, settings, full=full)), encoding="utf-8")
    return call.asking("--catalog", str(place))


def select(catalogue: Any, settings: SingerSettings, *, full: bool) -> dict[str, Any]:
    """Select one stream of a catalogue with all its columns, in every way taps of any age look for.

    Raises SourceChanged for a catalogue without the stream, or of no known form.
    """
    try:
        streams = catalogue["streams"]
        meant = [one for one in streams if one["tap_stream_id"] == settings.stream]
        meant = meant or [one for one in streams if one.get("stream") == settings.stream]
        if len(meant) != 1:
            names = ", ".join(sorted(str(one["tap_stream_id"]) for one in streams)[:20]) or "none"
            raise SourceChanged(f"the tap has {len(meant)} streams {settings.stream}; it has: {names}")
        for one in streams:
            _mark(one, settings, chosen=one is meant[0], full=full)
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceChanged(f"the tap's catalogue has no form the hub knows: {error!r}") from error
    return {**catalogue}


def _mark(one: dict[str, Any], settings: SingerSettings, *, chosen: bool, full: bool) -> None:
    known = {tuple(entry["breadcrumb"]): entry for entry in one.get("metadata") or []}
    root = known.setdefault((), {"breadcrumb": [], "metadata": {}})["metadata"]
    root["selected"] = one["schema"]["selected"] = chosen
    if not chosen:
        one["metadata"] = list(known.values())
        return
    for name in one["schema"].get("properties", {}):
        place = ("properties", name)
        column = known.setdefault(place, {"breadcrumb": [*place], "metadata": {}})["metadata"]
        column["selected"] = column.get("inclusion") != "unsupported"
    one["metadata"] = list(known.values())
    method = "FULL_TABLE" if full else "INCREMENTAL" if settings.replication_key else None
    if method:
        one["replication_method"] = root["replication-method"] = method
    if settings.replication_key:
        one["replication_key"] = root["replication-key"] = settings.replication_key


def _discovered(call: Call, settings: SingerSettings) -> Any:
    limits = settings.model_copy(update={"max_line_bytes": CATALOGUE_BYTES})
    told, size = [], 0
    with closing(lines(call.asking("--discover"), limits)) as lots:
        for line in (line for lot in lots for line in lot):
            told.append(line)
            size += len(line) + 1
            if size > CATALOGUE_BYTES:
                raise SourceChanged(f"the tap's catalogue is larger than {CATALOGUE_BYTES} bytes")
    try:
        return json.loads(b"\n".join(told))
    except (ValueError, RecursionError) as error:
        raise SourceChanged(f"the tap's answer to --discover is no catalogue: {error}") from error


def _variable(binding: Binding, name: str) -> str:
    if not (found := binding.variables.get(name)):
        raise SourceUnavailable(f"未设置变量: set the variable {name}, which the tap needs")
    return found


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """Give the texts of a config that its names, or a login in an address, mark as secret."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner, name)
    elif isinstance(value, str):
        if _SECRET.search(name):
            yield value
        yield from _LOGIN.findall(value)
