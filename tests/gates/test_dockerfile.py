"""What can be known of the image without an engine: its sources are there, its installs are the locked ones, it drops root."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.gates.locks import DEVELOPERS, RUNTIME
from tests.gates.tree import ROOT, tracked

LOCKED = "--require-hashes --only-binary :all:"
HEALTH = re.compile(r"/api/v1/[\w/]+")


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile and the number of the stage it stands in."""

    stage: int
    word: str
    text: str


def parse(text: str) -> list[Step]:
    """The instructions of a Dockerfile, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    steps: list[Step] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            stage += word == "FROM"
            steps.append(Step(stage, word, rest.strip()))
    return steps


@cache
def steps() -> list[Step]:
    return parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def last() -> list[Step]:
    """The stage that is shipped."""
    return [step for step in steps() if step.stage == steps()[-1].stage]


def the(word: str) -> str:
    """What the one instruction of this word in the shipped stage says."""
    (found,) = [step.text for step in last() if step.word == word]
    return found


def copied(among: list[Step]) -> list[tuple[str, str]]:
    """Source and destination of every COPY from the build's own folder."""
    lists = [
        step.text.split() for step in among if step.word == "COPY" and not step.text.startswith("--from")
    ]
    return [(source, destination) for *sources, destination in lists for source in sources]


def test_every_source_that_is_copied_is_in_the_repository() -> None:
    missing = [
        source
        for source, _ in copied(steps())
        if not any(path == Path(source) or Path(source) in path.parents for path in tracked())
    ]
    assert not missing


def test_the_engine_is_sent_every_source_that_is_copied() -> None:
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in sent
    assert {line.removeprefix("!") for line in sent if line.startswith("!")} == {
        source for source, _ in copied(steps())
    }


def test_dependencies_come_from_the_locks_by_hash() -> None:
    installs = [step for step in steps() if re.search(r"\bpip install\b", step.text)]
    locked = [step for step in installs if LOCKED in step.text]
    offline = [step for step in installs if "--no-index --no-deps" in step.text]
    assert len(locked) + len(offline) == len(installs)
    assert all("&&" not in step.text for step in locked)
    named = [re.findall(r"--requirement (\S+)", step.text) for step in locked]
    assert named == [[RUNTIME], [DEVELOPERS]]
    assert LOCKED in (ROOT / ".ci/setup").read_text(encoding="utf-8"), (
        "a checkout and the image install alike"
    )


def test_what_is_shipped_was_installed_from_the_runtime_lock() -> None:
    (shipped,) = [
        step.text.split()[-1] for step in last() if step.word == "COPY" and step.text.startswith("--from")
    ]
    (filled,) = [step.text for step in steps() if f"--requirement {RUNTIME}" in step.text]
    assert filled.startswith(f"{shipped}/bin/pip install")


def test_the_image_runs_as_nobody_special() -> None:
    words = [step.word for step in last()]
    assert int(the("USER")) >= 10_000
    assert "RUN" not in words[words.index("USER") :]
    assert f"--uid {the('USER')}" in " ".join(step.text for step in last() if step.word == "RUN")


def test_it_stops_gracefully_and_reaps_children() -> None:
    assert the("STOPSIGNAL") == "SIGTERM"
    assert json.loads(the("ENTRYPOINT")) == ["tini", "--"]
    assert json.loads(the("CMD")) == ["hub", "up"]


def test_what_it_keeps_lies_in_the_volume() -> None:
    assert f"HUB_HOME={the('VOLUME')}" in the("ENV").split()
    assert f"HUB_PORT={the('EXPOSE')}" in the("ENV").split()


def test_both_stages_work_in_one_place_that_shadows_no_package() -> None:
    (place,) = {step.text for step in steps() if step.word == "WORKDIR"}
    assert Path(place).name not in {Path(source).name for source, _ in copied(steps())}


def test_no_layer_holds_a_secret() -> None:
    assert not [
        step
        for step in steps()
        if step.word in {"ENV", "ARG"} and re.search("TOKEN|SECRET|PASSW|KEY", step.text)
    ]


def test_the_health_check_asks_a_route_that_exists() -> None:
    options, _, command = the("HEALTHCHECK").partition("CMD ")
    assert "--timeout" in options
    compile(json.loads(command)[2], "HEALTHCHECK", "exec")
    contract = ROOT / "schemas" / "openapi.json"
    if not contract.exists():
        pytest.skip("schemas/openapi.json is not there yet")
    paths: dict[str, Any] = json.loads(contract.read_text(encoding="utf-8"))["paths"]
    assert (
        {path for path in HEALTH.findall(command) if "get" in paths.get(path, {})}
        == set(HEALTH.findall(command))
        != set()
    )


@pytest.mark.skipif(
    not (ROOT / "app" / "cli.py").exists() and not (ROOT / "app" / "cli").is_dir(),
    reason="app.cli is not there yet",
)
def test_what_is_copied_is_enough_to_build_and_run_the_command(tmp_path: Path) -> None:
    for source, _ in copied(steps()):
        here, there = ROOT / source, tmp_path / "hub" / source
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(here, there, dirs_exist_ok=True) if here.is_dir() else shutil.copy(here, there)
    (build,) = [step.text for step in steps() if "hatchling build" in step.text]
    options = build.partition("-m hatchling build ")[2].replace("/opt/wheel", str(tmp_path / "wheel")).split()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", *options],
        cwd=tmp_path / "hub",
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    (entry,) = (tmp_path / "site").glob("*.dist-info/entry_points.txt")
    assert "hub = app.cli:main" in entry.read_text(encoding="utf-8")
    (path_file,) = (tmp_path / "site").glob("*.pth")
    assert path_file.read_text(encoding="utf-8").strip() == str(tmp_path / "hub")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'hub')!r}); sys.argv = ['hub', '--help']; import app.cli; app.cli.main()"
    told = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert str(ROOT) not in told.stderr
