from __future__ import annotations

import ast

from app.db.texts import text
from tests.gates.tree import ROOT, python_files

DEFINES = ("app/db/texts.py", "app/db/derived.py", "app/db/tables/")
"""Where the cached one is made, and what says how tables are made: read once a process anyway."""


def test_the_same_words_are_one_statement() -> None:
    assert text("SELECT 1") is text("SELECT 1")
    assert text("SELECT 1") is not text("SELECT 2")


def test_every_query_of_the_hub_is_read_once() -> None:
    asking = [path for path in python_files("app") if not path.as_posix().startswith(DEFINES)]
    assert len(asking) > 100
    assert [path.as_posix() for path in asking if _reads_anew((ROOT / path).read_text("utf-8"))] == []
    assert _reads_anew("from sqlalchemy import Connection, text")


def _reads_anew(source: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("sqlalchemy")
        and any(alias.name == "text" for alias in node.names)
        for node in ast.walk(ast.parse(source))
    )
