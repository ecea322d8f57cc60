"""Foreign taps, each in an environment of its own, as their authors published them: installed from the package index, once.

A file NAME.txt beside this one holds every release of an environment. `make test-singer` asks for them; without it, or where
no index answers, their tests are skipped and say so.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ASKED = "HUB_TEST_TAPS"
_AWAY = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "Connection refused",
    "Network is unreachable",
)


def environment(name: str) -> Path:
    """Give the folder of the environment NAME.txt describes; skips the test that asks where it cannot be had."""
    if not os.environ.get(ASKED):
        pytest.skip("a foreign tap is installed from the package index: `make test-singer` runs this")
    releases = Path(__file__).with_name(f"{name}.txt")
    mark = hashlib.sha256(releases.read_bytes()).hexdigest()[:12]
    folder = Path(sys.prefix) / "taps" / f"{name}-{mark}"
    done = folder / "complete"
    if not done.is_file():
        venv.create(folder, with_pip=True, clear=True)
        _install(folder, releases)
        done.touch()
    return folder


def _install(folder: Path, releases: Path) -> None:
    words = (
        "--no-deps",
        "--disable-pip-version-check",
        "--retries=1",
        "--timeout=15",
        "--requirement",
        str(releases),
    )
    ended = subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pip", "install", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode and any(sign in ended.stderr for sign in _AWAY):
        pytest.skip(f"no package index answers, so {releases.stem} cannot be installed")
    assert ended.returncode == 0, ended.stderr[-3000:]
