from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import Binding
from connectors.manifest import ManifestError
from connectors.manifest_connector import ManifestConnector
from connectors.registry import DuplicateSource, discover
from schemas.records import Accepted, RawRecord
from tests.connectors.manifests import BASE, FILES, KEY, NAME

CORE = {
    "commerce.signed_weekly", "commerce.signed_api", "land.supply", "land.use_permits", "land.works_permits", "land.landchina",
    "housing.projects", "housing.construction_permits", "housing.completions", "housing.permit_events",
}  # fmt: skip
OWN = """
from connectors.manifest_connector import ManifestConnector


class FeedConnector(ManifestConnector):
    pass
"""


def feed(root: Path, key: str = "testing.feed", extra: str = "") -> Path:
    department, _, name = key.partition(".")
    folder = root / department / name
    folder.mkdir(parents=True)
    text = BASE.replace("testing.feed", key).replace('department = "testing"', f'department = "{department}"')
    (folder / "manifest.toml").write_text(text + FILES + KEY + NAME + extra, encoding="utf-8")
    return folder


def test_the_core_feeds_are_there_with_nothing_said() -> None:
    found = discover()
    assert set(found.sources) >= CORE
    assert found.unavailable == ()
    assert [manifest.key for manifest in found.manifests()] == sorted(found.sources)


def test_outsiders_come_by_variable_and_by_name_as_feed_department_or_their_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, three = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    feed(one, "water.permits")
    feed(two, "forest.permits")
    feed(three, "heritage.permits")
    monkeypatch.setenv("HUB_CONNECTORS", f"{one}:{two / 'forest'}")
    found = discover([str(three / "heritage" / "permits")])
    assert {"water.permits", "forest.permits", "heritage.permits"} <= set(found.sources)


def test_a_key_that_is_claimed_twice_refuses_to_start(tmp_path: Path) -> None:
    feed(tmp_path, "land.supply")
    with pytest.raises(DuplicateSource, match=r"land\.supply is claimed by"):
        discover([str(tmp_path)])


def test_a_broken_outsider_is_listed_with_its_reason_and_stops_nobody(tmp_path: Path) -> None:
    feed(tmp_path, "water.good")
    feed(tmp_path, "water.bad", "nonsense = 1\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    found = discover([str(tmp_path), str(empty), str(tmp_path / "none")])
    assert "water.good" in found.sources
    assert [(Path(b.origin).name, b.reason.split(": ")[-1]) for b in found.unavailable[1:]] == [
        ("empty", "no manifest.toml in this folder or two levels below"),
        ("none", "there is no such folder"),
    ]
    assert "nonsense" in found.unavailable[0].reason


def test_a_broken_feed_of_our_own_stops_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(tmp_path, "water.bad", "nonsense = 1\n")
    monkeypatch.setattr("connectors.registry.resources.files", lambda _: tmp_path)
    with pytest.raises(ManifestError, match="nonsense"):
        discover()


def test_installed_packages_are_found_by_entry_point_and_failing_ones_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "harbour_feeds"
    feed(package, "harbour.berths")
    (package / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "failing_feeds").mkdir()
    (tmp_path / "failing_feeds" / "__init__.py").write_text(
        "raise RuntimeError('no licence')", encoding="utf-8"
    )
    info = tmp_path / "harbour-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: harbour\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[lifecycle_hub.connectors]\nharbour = harbour_feeds\nfailing = failing_feeds\nnone = not_there\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = discover()
    for name in ("harbour_feeds", "failing_feeds"):
        sys.modules.pop(name, None)
    assert "harbour.berths" in found.sources
    assert [broken.origin.split(" ")[0] for broken in found.unavailable] == ["failing", "none"]
    assert "no licence" in found.unavailable[0].reason


def test_a_feed_with_code_of_its_own_gets_it_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    folder = feed(tmp_path)
    binding = Binding(430200)
    assert type(discover([str(tmp_path)]).open("testing.feed", binding)) is ManifestConnector
    (folder / "connector.py").write_text(OWN, encoding="utf-8")
    made = discover([str(tmp_path)]).open("testing.feed", binding)
    assert type(made).__name__ == "FeedConnector"
    outcome = next(iter(made.normalize([RawRecord("testing.feed", "1", b'{"BH":"1"}', b"")])))
    assert isinstance(outcome, Accepted)
    (folder / "connector.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="FeedConnector"):
        discover([str(tmp_path)]).open("testing.feed", binding)


def test_the_fingerprint_tells_what_decides_how_records_are_read(tmp_path: Path) -> None:
    before = discover().fingerprints()
    assert discover().fingerprints() == before
    folder = feed(tmp_path)
    with_feed = discover([str(tmp_path)]).fingerprints()
    assert with_feed == before | {"testing.feed": with_feed["testing.feed"]}
    assert with_feed["testing.feed"] not in before.values()
    (folder / "connector.py").write_text(OWN, encoding="utf-8")
    changed = discover([str(tmp_path)]).fingerprints()
    assert {key for key, said in changed.items() if said != with_feed[key]} == {"testing.feed"}
    elsewhere = tmp_path / "elsewhere"
    feed(elsewhere)
    assert discover([str(elsewhere)]).fingerprints() == with_feed


def test_a_feeds_own_code_is_read_once_by_each_process(tmp_path: Path) -> None:
    folder = feed(tmp_path)
    (folder / "connector.py").write_text(OWN, encoding="utf-8")
    found, binding = discover([str(tmp_path)]), Binding(430200)
    first = found.open("testing.feed", binding)
    (folder / "connector.py").write_text("x = 1\n", encoding="utf-8")
    assert type(found.open("testing.feed", binding)) is type(first)


def test_the_rules_of_a_source_are_made_ready_once_for_each_jurisdiction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, key = discover(), "housing.construction_permits"
    first = found.reader(key, 430200)
    assert found.reader(key, 430200) is first
    assert found.reader(key, 430400).binding.jurisdiction == 430400
    with pytest.raises(KeyError):
        found.reader("housing.nothing", 430200)
    monkeypatch.setattr(registry, "_MOST_READERS", 2)
    assert found.reader(key, 330500) is not first
    assert found.reader(key, 430200) is not first, "what was let go is made again"
