"""The set-up script's promises, with an interpreter and a uv that write down what they are asked and fetch nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gates.tree import ROOT

# Stands for python3, and is put into every .venv that it or uv "makes".
PYTHON = f"""#!/bin/sh
case "$*" in
  "-m venv .venv") echo venv >> "$LOG"; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *"pip "*" install "*) echo "pip ${{*#*install }}" >> "$LOG"; [ ! -f fail ] && touch .venv/bin/hub && chmod +x .venv/bin/hub ;;
  *"import app"*) ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
UV = """#!/bin/sh
case "$1 $2" in
  venv*) echo "uv venv" >> "$LOG"; mkdir -p .venv/bin; cp "$WRAPPER" .venv/bin/python ;;
  *) echo "uv $*" >> "$LOG"; touch .venv/bin/hub; chmod +x .venv/bin/hub ;;
esac
"""


class Checkout:
    """A checkout of which only what set-up reads is there."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self.tools, self.log = folder, tools, tools / "log"
        for name in (".ci/setup", "pyproject.toml", "requirements-dev.lock"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        self.tool("python3", PYTHON)
        for name in ("cat", "chmod", "cp", "dirname", "mkdir", "rm", "sed", "touch"):
            (tools / name).symlink_to(shutil.which(name) or name)

    def tool(self, name: str, text: str) -> None:
        self.tools.mkdir(exist_ok=True)
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def setup(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs set-up where the PATH holds a few tools of the system and ours: no other Python, no uv."""
        self.log.unlink(missing_ok=True)
        own = {
            "LOG": str(self.log),
            "WRAPPER": str(self.tools / "python3"),
            "PATH": str(self.tools),
        }
        return subprocess.run(
            ["/bin/sh", ".ci/setup"],
            cwd=self.folder,
            env=own | variables,
            check=False,
            capture_output=True,
            text=True,
        )

    def asked(self) -> list[str]:
        """What interpreter and uv were asked in the last set-up, by their first words."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [" ".join(line.split()[: 3 if line.startswith("uv pip") else 2]) for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "hub", tmp_path / "tools")


def test_pip_installs_the_hashed_lock_and_then_the_project_alone(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    assert checkout.log.read_text().splitlines() == [
        "venv",
        "pip --require-hashes --only-binary :all: --requirement requirements-dev.lock",
        "pip --no-deps --no-build-isolation --editable .",
    ]


def test_uv_does_the_same_where_it_is_on_the_path(checkout: Checkout) -> None:
    checkout.tool("uv", UV)
    assert checkout.setup().returncode == 0
    assert checkout.asked() == ["uv venv", "uv pip sync", "uv pip install"]
    assert "--require-hashes --only-binary :all:" in checkout.log.read_text()


def test_a_finished_set_up_is_left_alone(checkout: Checkout) -> None:
    checkout.setup()
    assert checkout.setup().returncode == 0
    assert checkout.asked() == []


def test_a_changed_lock_is_installed_over_what_is_there(checkout: Checkout) -> None:
    checkout.setup()
    with (checkout.folder / "requirements-dev.lock").open("a") as lock:
        lock.write("# changed\n")
    assert checkout.setup().returncode == 0
    assert checkout.asked() == ["pip --require-hashes", "pip --no-deps"]
    assert checkout.setup().returncode == 0
    assert checkout.asked() == []


def test_a_set_up_that_was_cut_off_begins_anew(checkout: Checkout) -> None:
    (checkout.folder / "fail").touch()
    assert checkout.setup().returncode != 0
    (checkout.folder / "fail").unlink()
    (checkout.folder / ".venv" / "half-written").touch()
    assert checkout.setup().returncode == 0
    assert checkout.asked()[0] == "venv"
    assert not (checkout.folder / ".venv" / "half-written").exists()


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.setup()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.setup().returncode == 0
    assert checkout.asked()[0] == "venv"


def test_a_python_that_is_too_old_is_told_in_both_languages(checkout: Checkout) -> None:
    checkout.tool("old", "#!/bin/sh\nexit 1\n")
    told = checkout.setup(PYTHON="old")
    assert told.returncode == 1
    assert "需要 Python 3.11" in told.stderr
    assert "Python 3.11 or newer is needed" in told.stderr


def test_a_system_without_venv_is_told_what_to_install(checkout: Checkout) -> None:
    checkout.tool("python3", PYTHON.replace("echo venv >>", "exit 1; : >>"))
    told = checkout.setup()
    assert told.returncode == 1
    assert "apt-get install python3-venv" in told.stderr
