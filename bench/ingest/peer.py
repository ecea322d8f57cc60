"""A peer's own environment: dlt and Splink never come into the hub's."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements-dlt.txt")


def peer_python(cache: Path, requirements: Path = REQUIREMENTS) -> Path:
    """Give the Python that has a peer, under the cache folder; made by pip when it is not there or asks for other releases."""
    home = cache / ("peer" if requirements == REQUIREMENTS else requirements.stem)
    python, mark = home / "bin" / "python", home / "requirements.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
        mark.write_text(wanted, encoding="utf-8")
    return python
