"""New folders from templates: a feed's, and a third party's whole repository, each of which says what is still missing."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from connectors.manifest import ManifestError, parse

Kind = Literal["files", "http", "table", "singer", "push"]

_HEAD = """\
key = "$key"
title = { zh = "（中文名称）", en = "$feed" }
department = "$department"
owner = "（负责科室）"
tier = "bronze" # what it is held to: bronze, silver or gold
ignore = [] # columns nobody needs, each on purpose; a column that stands nowhere refuses its rows
persons = [] # columns that say who somebody is: never read, and taken out of a recorded sample

[transport]
kind = "$kind" # files, http, table, singer or push
"""
_TRANSPORTS: dict[Kind, str] = {
    "files": """\
variable = "${variable}_FOLDER" # the deployment says where the folder is
patterns = ["*.csv", "*.xlsx"]
""",
    "http": """\
variable = "${variable}_URL" # the deployment says where the API is
path = "" # below that address
rows = "data.rows" # where the list stands in an answer
auth = { kind = "bearer", variable = "${variable}_TOKEN" } # or none, basic, header
paging = { style = "page", size = 100, total = "data.total" } # or none, offset, cursor, link
""",
    "table": """\
variable = "${variable}_DATABASE_URL" # the deployment says where the database is
table = "（表名）"
updated = "GXSJ" # when a row was changed
id = "ID" # tells rows of one moment apart
""",
    "singer": """\
variable = "${variable}_TAP" # the deployment says the tap's command line
config = "${variable}_CONFIG" # and its config, as JSON or a file's path
stream = "（流名）"
""",
    "push": """
[push]
secrets = ["${variable}_SECRET"] # the variables that hold the signing secrets
""",
}
_TAIL = """
[identity]
columns = ["编号"] # what the department calls one record by, never its place in a list

# Now `hub connectors record $key`, and say what the columns of its page mean:
#
# [fields]
# name = { from = "项目名称", required = true }
#
# [[parties]]
# role = "owner"
# name = "建设单位"
"""
_SCHEDULE = "\n[schedule]\nevery = 1800 # seconds\n"
_REPOSITORY = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/check.yml": "check.yml",
    "tests/test_contract.py": "test_contract.py",
    "$package/__init__.py": "__init__.py",
    "$package/$department/$feed/manifest.toml": "manifest.toml",
    "$package/$department/$feed/expected.json": "expected.json",
    "$package/$department/$feed/sample/example.csv": "example.csv",
}
"""Where each file of `templates/repository` comes to stand."""


def new(folder: Path, key: str, kind: Kind = "files") -> Path:
    """Write `<folder>/<department>/<feed>/` with a manifest and an empty sample; give the feed's folder.

    Raises ManifestError for a key that is none and FileExistsError rather than touch a feed that is there, or give a
    second folder the key of a feed of the hub's own.
    """
    names = _names(key) | {"kind": kind}
    text = _HEAD + _TRANSPORTS[kind] + ("" if kind == "push" else _SCHEDULE) + _TAIL
    place = folder / names["department"] / names["feed"]
    if place.exists():
        raise FileExistsError(f"{place} is there already")
    (place / "sample").mkdir(parents=True)
    (place / "manifest.toml").write_text(Template(text).substitute(names), encoding="utf-8")
    return place


def repository(folder: Path, key: str) -> Path:
    """Write a repository of its own for a third party's feed, whose one test is green; give the folder.

    Raises ManifestError for a key that is none, FileExistsError for a folder that holds something or a key of the hub's.
    """
    names = _names(key)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} 不是空文件夹 / {folder} holds something already")
    templates = resources.files("connectors") / "templates" / "repository"
    for place, name in _REPOSITORY.items():
        text = (templates / f"{name}.txt").read_text(encoding="utf-8")
        file = folder / Template(place).substitute(names)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template(text).substitute(names), encoding="utf-8")
    return folder


def _names(key: str) -> dict[str, str]:
    """Give what a template calls a feed by; raise for a key that is none, or is taken."""
    department, _, feed = key.partition(".")
    names = {
        "key": key,
        "department": department,
        "feed": feed,
        "package": f"lifecycle_hub_{department}",
        "variable": f"HUB_{key.replace('.', '_').upper()}",
    }
    try:
        parse(Template(_HEAD + _TRANSPORTS["files"] + _TAIL).substitute(names, kind="files"))
    except ManifestError as error:
        raise ManifestError(f"{key!r} is no key; write department.feed in small letters: {error}") from error
    if (resources.files("connectors.departments") / department / feed / "manifest.toml").is_file():
        raise FileExistsError(
            f"{key} 是系统自带的来源，请换一个名称 / {key} is a source of the hub itself, and two folders cannot have one"
            f" key: choose another, for instance {key}_2"
        )
    return names
