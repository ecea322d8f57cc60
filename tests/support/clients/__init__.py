"""Programs of others that read the API: what they are told, and where those of npm are installed.

`dlt_reader.py` runs in an environment of its own (`tests/support/taps/dlt.txt`), `reader.ts` is compiled against types
that a generator makes of the API's description.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.taps import ASKED

HERE = Path(__file__).parent
_AWAY = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET")


def node_folder() -> Path:
    """Give a folder with the packages of package.json; skips the test that asks where they cannot be had."""
    if not os.environ.get(ASKED):
        pytest.skip("foreign clients are installed from the package indexes: `make test-clients` runs this")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("this machine has no Node: no npm on the PATH")
    wanted = (HERE / "package.json").read_bytes()
    folder = Path(sys.prefix) / "clients" / f"node-{hashlib.sha256(wanted).hexdigest()[:12]}"
    done = folder / "complete"
    if not done.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        words = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
        ended = subprocess.run([npm, *words], cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode and any(sign in ended.stderr for sign in _AWAY):
            pytest.skip("no npm registry answers")
        assert ended.returncode == 0, ended.stderr[-3000:]
        done.touch()
    return folder
