"""What the gates read: the files of the project, as git knows them, or as they lie where there is no git."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("app", "bench", "connectors", "schemas", "simulator")
MADE = {".git", ".venv", ".hub", "__pycache__", "node_modules", "dist", "build"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project, relative to its root, sorted; of an unpacked archive, every file not made by a tool."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        names = [Path(name) for name in listed.decode().split("\0") if name]
        return tuple(sorted(name for name in names if (ROOT / name).is_file()))
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return tuple(sorted(path for path in found if not any(_made(part) for part in path.parts)))


def _made(part: str) -> bool:
    return part in MADE or part.endswith((".egg-info", "_cache")) or part == ".hypothesis"


def python_files(*rooms: str) -> list[Path]:
    """The Python files of these top-level rooms, tracked or just written, relative to the root, sorted."""
    return sorted(
        path.relative_to(ROOT)
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if "__pycache__" not in path.parts
    )
