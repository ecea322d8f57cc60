"""Rules of this house that no linter knows. Docstrings, naive times and the future import are ruff's; who imports whom is import-linter's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gates.tree import CODE, ROOT, python_files

LONGEST = 400
COMMITS = {"app/db/session.py", "app/api/deps.py"}
# Tests that mirror no file: a story that crosses the house, or a property of the whole of it.
STORIES = {
    "test_add_a_department",
    "test_bad_input",
    "test_corridor",
    "test_foreign_clients",
    "test_hostile_city",
    "test_hostile_records",
    "test_incremental",
    "test_mariadb",
    "test_migrations",
    "test_new_department",
    "test_push_samples",
    "test_real_input",
    "test_rebuild",
    "test_roles",
    "test_scenarios",
    "test_sections",
    "test_simulated_city",
    "test_singer_streams",
    "test_singer_taps",
    "test_two_jurisdictions",
}
EXCUSE = re.compile(
    r"#\s*(?:noqa|type:\s*ignore)(?P<codes>:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])?(?P<reason>.*)"
)

FILES = python_files(*CODE)
TESTS = [path for path in python_files("tests") if path.name.startswith("test_")]
VERSIONS = [path for path in python_files("migrations") if "versions" in path.parts]


def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def _commits(tree: ast.AST) -> list[int]:
    """Lines that end a transaction by hand."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if isinstance(call, ast.Attribute) and call.attr == "commit"]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _mirrored(path: Path) -> bool:
    """Whether a test stands where the file it tests stands; rooms of app/ may leave app out."""
    inside = path.relative_to("tests")
    name = path.stem.removeprefix("test_")
    rooms = [ROOT / inside.parent, ROOT / "app" / inside.parent, ROOT / path.parent]
    return any((room / f"{name}.py").exists() or (room / name).is_dir() for room in rooms)


def test_only_the_edge_commits() -> None:
    found = {f"{path}:{line}" for path in FILES if str(path) not in COMMITS for line in _commits(_tree(path))}
    assert not found, f"one request or batch is one transaction, ended in {sorted(COMMITS)}: {sorted(found)}"


def test_every_test_mirrors_a_file_or_is_a_named_story() -> None:
    stray = [
        str(path)
        for path in TESTS
        if path.parts[1] != "gates" and path.stem not in STORIES and not _mirrored(path)
    ]
    assert not stray, f"tests/x/test_y.py tests x/y.py or app/x/y.py; a story is named in STORIES: {stray}"


def test_history_does_not_change_when_the_code_does() -> None:
    held = {
        str(path): [name for name in _imports(_tree(path)) if name.split(".")[0] in CODE] for path in VERSIONS
    }
    assert not {path: names for path, names in held.items() if names}


def test_the_corridors_door_imports_nothing() -> None:
    door = Path("app/pipeline/__init__.py")
    if not (ROOT / door).exists():
        pytest.skip("app/pipeline has no __init__.py yet")
    others = [name for name in _imports(_tree(door)) if name != "__future__"]
    assert not others, (
        "importing app.pipeline.assembly.assemble runs this file: 'truth is pure' would be a paper rule"
    )


def test_files_stay_small_enough_to_read() -> None:
    counted = {
        path: (ROOT / path).read_text(encoding="utf-8").count("\n")
        for path in [*FILES, *python_files("tests")]
    }
    long = {str(path): lines for path, lines in counted.items() if lines > LONGEST}
    assert not long, f"over {LONGEST} lines: make it a package in place"


def test_every_excuse_names_what_and_why() -> None:
    bare = [
        f"{path}:{number}"
        for path in [*FILES, *python_files("migrations", "tests")]
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if path != Path(__file__).relative_to(ROOT) and not _excused(line)
    ]
    assert not bare, f"write `# noqa: CODE — reason` or `# type: ignore[code]  # reason`: {bare}"


def _excused(line: str) -> bool:
    found = EXCUSE.search(line)
    return found is None or (bool(found["codes"]) and len(found["reason"].strip(" #—–-]")) >= 8)


@pytest.mark.parametrize(
    "line", ["x = 1  # noqa", "x = 1  # noqa: E501", "x = 1  # type: ignore[misc]", "x  # noqa: A001, B002"]
)
def test_a_bare_excuse_is_seen(line: str) -> None:
    assert not _excused(line)


@pytest.mark.parametrize(
    "line",
    ["x  # noqa: E501, A002 — the standard's own name", "x  # type: ignore[misc]  # the stub is wrong"],
)
def test_a_reasoned_excuse_is_left_alone(line: str) -> None:
    assert _excused(line)


def test_a_commit_is_seen() -> None:
    assert _commits(ast.parse("session.commit()\nconn.cursor().execute('COMMIT')")) == [1]


def test_a_stray_test_is_seen() -> None:
    assert not _mirrored(Path("tests/pipeline/test_no_such_step.py"))
    assert _mirrored(Path("tests/schemas/test_base.py"))
