"""A new feed's folder from a template, so that a department starts with a file that already says what is missing."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from connectors.manifest import ManifestError, parse

_TEMPLATE = """\
key = "{key}"
title = {{ zh = "（中文名称）", en = "{feed}" }}
department = "{department}"
owner = "（负责科室）"
tier = "bronze"
ignore = [] # columns nobody needs, each on purpose; a column that is neither mapped nor ignored refuses its rows

[transport]
kind = "files" # or http, table, push
variable = "HUB_{variable}_FOLDER"
patterns = ["*.csv", "*.xlsx"]

[schedule]
every = 1800

[identity]
columns = ["编号"] # what the department calls one record by, never its place in a list

[fields]
name = {{ from = "项目名称", required = true }}

[[parties]]
role = "owner"
name = "建设单位"
"""


def new(folder: Path, key: str) -> Path:
    """Write `<folder>/<department>/<feed>/` with a manifest and an empty sample; give the feed's folder.

    Raises ManifestError for a key that is none and FileExistsError rather than touch a feed that is there, or give a
    second folder the key of a feed of the hub's own.
    """
    department, _, feed = key.partition(".")
    text = _TEMPLATE.format(key=key, department=department, feed=feed, variable=key.replace(".", "_").upper())
    try:
        parse(text)
    except ManifestError as error:
        raise ManifestError(f"{key!r} is no key; write department.feed in small letters: {error}") from error
    if (resources.files("connectors.departments") / department / feed / "manifest.toml").is_file():
        raise FileExistsError(
            f"{key} 是系统自带的来源，请换一个名称 / {key} is a source of the hub itself, and two folders cannot have one"
            f" key: choose another, for instance {key}_2"
        )
    place = folder / department / feed
    if place.exists():
        raise FileExistsError(f"{place} is there already")
    (place / "sample").mkdir(parents=True)
    (place / "manifest.toml").write_text(text, encoding="utf-8")
    return place
