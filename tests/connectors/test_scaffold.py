from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from connectors.manifest import ManifestError, load
from connectors.registry import discover
from connectors.scaffold import Kind, new, repository
from connectors.testing import broken, check

ROOT = Path(__file__).parents[2]


def test_the_template_is_a_valid_manifest_in_the_right_folder(tmp_path: Path) -> None:
    made = load(new(tmp_path, "water.intake_permits"))
    assert (made.key, made.department, made.transport.kind) == ("water.intake_permits", "water", "files")
    assert (tmp_path / "water" / "intake_permits" / "sample").is_dir()


@pytest.mark.parametrize("kind", ["files", "http", "table", "singer", "push"])
def test_there_is_a_template_for_each_transport(kind: Kind, tmp_path: Path) -> None:
    made = load(new(tmp_path, "water.intake_permits", kind))
    assert made.transport.kind == kind
    assert (made.push is not None, made.schedule is not None) == (kind == "push", kind != "push")


def test_a_feed_that_is_there_is_not_touched_and_a_wrong_key_makes_nothing(tmp_path: Path) -> None:
    new(tmp_path, "water.permits")
    with pytest.raises(FileExistsError):
        new(tmp_path, "water.permits")
    for key in ("water", "Water.permits", "water.per mits", "../x.y", ""):
        with pytest.raises(ManifestError, match="is no key"):
            new(tmp_path, key)
    assert [path.name for path in tmp_path.iterdir()] == ["water"]


def test_the_key_of_a_source_of_the_hub_itself_is_not_given_twice(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match=r"environment\.impact_approvals is a source of the hub itself"):
        new(tmp_path, "environment.impact_approvals")
    assert list(tmp_path.iterdir()) == []
    assert new(tmp_path, "environment.impact_approvals_2").is_dir()


def test_a_repository_is_written_only_where_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileExistsError, match="holds something"):
        repository(tmp_path, "harbour.berths")
    with pytest.raises(ManifestError, match="is no key"):
        repository(tmp_path / "new", "harbour")
    with pytest.raises(FileExistsError, match="a source of the hub itself"):
        repository(tmp_path / "new", "land.supply")
    assert not (tmp_path / "new").exists()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build the template repository's wheel and unpack it where Python looks, as an installer would."""
    made = repository(tmp_path / "harbour", "harbour.berths")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=made, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    monkeypatch.syspath_prepend(str(target))
    monkeypatch.delitem(sys.modules, "lifecycle_hub_harbour", raising=False)
    return target


def test_a_third_partys_repository_is_found_when_installed_and_its_own_test_passes(
    installed: Path, tmp_path: Path
) -> None:
    found = discover()
    assert str(found.sources["harbour.berths"].folder).startswith(str(installed))
    assert found.unavailable == ()
    assert {result.state for result in check("harbour.berths")} == {"kept", "n/a"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "harbour",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "10 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "said", "why"),
    [
        ("harbour/berths/manifest.toml", "key = 1", "manifest.toml: "),
        ("__init__.py", "raise RuntimeError('of its own making')", "RuntimeError: of its own making"),
    ],
)
def test_a_broken_one_is_listed_as_unavailable_with_its_reason_and_stops_nobody(
    installed: Path, file: str, said: str, why: str
) -> None:
    (installed / "lifecycle_hub_harbour" / file).write_text(said, encoding="utf-8")
    found = discover()
    assert "land.supply" in found.sources
    assert "harbour.berths" not in found.sources
    [broken_one] = found.unavailable
    assert broken_one.origin == "harbour = lifecycle_hub_harbour"
    assert why in broken_one.reason
    assert broken(check("harbour.berths"))
