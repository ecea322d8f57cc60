from __future__ import annotations

from pathlib import Path

import pytest

from connectors.manifest import ManifestError, load
from connectors.scaffold import new


def test_the_template_is_a_valid_manifest_in_the_right_folder(tmp_path: Path) -> None:
    made = load(new(tmp_path, "water.intake_permits"))
    assert (made.key, made.department, made.transport.kind) == ("water.intake_permits", "water", "files")
    assert (tmp_path / "water" / "intake_permits" / "sample").is_dir()


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
