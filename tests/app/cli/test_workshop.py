"""The workshop's commands as a person runs them, in this process: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from connectors.registry import VARIABLE
from tests.connectors.manifests import BASE, KEY, NAME, PUSH

ROW = {"BH": "K1", "MC": "示例项目", "LXR": "张三", "XZ": "新列"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a pushed feed, found as a third party's, and a message beside it."""
    made = tmp_path / "departments" / "testing" / "feed"
    made.mkdir(parents=True)
    (made / "manifest.toml").write_text(BASE + 'persons = ["LXR"]\n' + PUSH + KEY + NAME, encoding="utf-8")
    (tmp_path / "message.json").write_text(json.dumps([ROW]), encoding="utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "departments"))
    monkeypatch.chdir(tmp_path)
    return made


def test_recording_tells_what_was_taken_out_and_what_is_still_to_be_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["connectors", "record", "testing.feed", "--location", "message.json"]) == 0
    said = capsys.readouterr().out
    for told in ("message.json: 1 rows", "LXR: 1 × person", "map or ignore: XZ", "提交前请通读样例"):
        assert told in said
    assert "张三" not in said


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["testing.feed"], "--location"),
        (["testing.feed", "--location", "nowhere.json"], "SourceUnavailable: the message cannot be read"),
        (["testing.nothing"], "hub connectors list"),
        (["departments/testing", "--location", "message.json"], "manifest.toml"),
    ],
)
def test_what_cannot_be_recorded_is_told_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], asked: list[str], told: str
) -> None:
    assert main(["connectors", "record", *asked]) == 1
    assert told in capsys.readouterr().err
    assert not (folder / "sample").exists()


def test_a_sample_that_is_there_needs_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["connectors", "record", str(folder), "--location", "message.json"]
    assert [main(asked), main(asked), main([*asked, "--force"])] == [0, 1, 0]
    assert "--force" in capsys.readouterr().err


def test_a_check_tells_rule_by_rule_and_fails_for_a_broken_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["connectors", "record", "testing.feed", "--location", "message.json"])
    assert main(["connectors", "check", "testing.feed"]) == 1
    assert "C5   broken" in capsys.readouterr().out
    assert main(["connectors", "check", str(folder), "--update"]) == 0
    said = capsys.readouterr().out
    assert "C5   kept" in said
    assert "C6   open    XZ is neither mapped nor ignored" in said


def test_the_list_shows_tiers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connectors", "list"]) == 0
    assert any("land.supply" in line and "gold" in line for line in capsys.readouterr().out.splitlines())


def test_new_folders_and_repositories_are_made_where_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    new = ["connectors", "new", "water.intakes", "--into", "departments"]
    assert [main([*new, "--transport", "http"]), main(new)] == [0, 1]
    assert 'kind = "http"' in Path("departments/water/intakes/manifest.toml").read_text(encoding="utf-8")
    template = ["connectors", "template", "harbour", "harbour.berths"]
    assert [main(template), main(template)] == [0, 1]
    assert Path("harbour/pyproject.toml").is_file()
    assert "holds something" in capsys.readouterr().err
