"""Where the real data for tests is: `HUB_SHARED_DATA`, else the folder `shared/data` beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[3] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Give the path of a file or set of the real data; skips the test, and says so, where it is not there."""
    path = Path(os.environ.get("HUB_SHARED_DATA") or _BESIDE) / name
    if not path.exists():
        pytest.skip(f"no real data here: {name} is not in the folder HUB_SHARED_DATA names")
    return path
