from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.testing import pushing
from connectors.testing.feed import NotConcerned
from connectors.testing.pushing import takes_signed_pushes
from tests.connectors.testing.made import EXCHANGE, PUSHED, ROWS, made


def test_a_pushed_feed_keeps_the_rule_and_a_feed_nobody_pushes_is_not_concerned(tmp_path: Path) -> None:
    assert takes_signed_pushes(made(tmp_path / "a", PUSHED)) is None
    with pytest.raises(NotConcerned, match="nobody pushes"):
        takes_signed_pushes(made(tmp_path / "b", EXCHANGE))


COUNTING = """    calls = 0
    def unpack(self, headers, body):
        type(self).calls += 1
        for row in super().unpack(headers, body):
            yield row._replace(key=f"{row.key}-{self.calls}")
"""


def test_a_message_that_would_land_anew_each_time_it_comes_is_told(tmp_path: Path) -> None:
    assert takes_signed_pushes(made(tmp_path, PUSHED, COUNTING)) == (
        "a message that comes again gives other records"
    )


def test_a_message_that_says_one_version_twice_is_told(tmp_path: Path) -> None:
    feed = made(tmp_path, PUSHED)
    changed = [*ROWS, {**ROWS[0], "MC": "乙"}]
    (feed.folder / "sample" / "rows.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "says one version of a record twice" in (takes_signed_pushes(feed) or "")


def test_a_door_that_lets_forgeries_in_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "verify", lambda *_: None)
    assert takes_signed_pushes(made(tmp_path, PUSHED)) == "a message without a signature is taken"
