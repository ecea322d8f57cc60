"""Replays as rows: whose process is dead, who is in the way, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import jurisdictions, replays
from app.db.session import Database
from app.errors import Conflict
from app.pipeline import replay as replaying
from app.pipeline.rules import Rules, load_rules
from app.worker import Worker
from tests.support.database import JURISDICTIONS
from tests.support.mended import claimed, mended_city, refusing_city, told
from tests.support.small_city import SmallCity

FIRST, _ = JURISDICTIONS
PERMITS = "housing.permits"


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = refusing_city(database_url)
    yield city
    city.database.close()


@pytest.fixture
def mended_rules(city: SmallCity, tmp_path: Path) -> Rules:
    return mended_city(city, PERMITS, '["样例"]', '["第3号厂房"]', tmp_path)


def _killed(hub: Database, seconds_left: int) -> None:
    """Let a replay's process have been killed: its lease ends by itself."""
    with hub.begin() as connection:
        connection.execute(
            text("UPDATE ops.replay SET lease_until = now() + make_interval(secs => :s)"), {"s": seconds_left}
        )


def test_a_dead_replay_that_was_cancelled_ends_cancelled_when_its_lease_does(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub = city.database
    one = claimed(hub, mended_rules, FIRST, [PERMITS])
    _killed(hub, 60)
    with hub.begin() as connection:
        asked = replays.cancel(connection, jurisdictions.hold(connection, FIRST), one.replay_id)
    assert (asked.state, asked.cancel_requested_at is not None) == ("running", True)
    assert asked.lease_until is not None
    with pytest.raises(
        Conflict, match=f"cancelled and ends at the latest at {replays.clock(asked.lease_until)}"
    ):
        claimed(hub, mended_rules, FIRST, [PERMITS])
    _killed(hub, -1)
    Worker(hub, load_rules(city.registry)).sweep()
    assert (told(hub, one).state, told(hub, one).error_text) == ("cancelled", None)
    assert told(hub, one).finished_at is not None


def test_a_dead_replay_is_in_nobodys_way_once_its_lease_is_over(city: SmallCity, mended_rules: Rules) -> None:
    hub = city.database
    one = claimed(hub, mended_rules, FIRST, [PERMITS])
    _killed(hub, -1)
    with hub.begin() as connection:
        held = jurisdictions.hold(connection, FIRST)
        assert replays.queue_run(connection, held, one.replay_id).state == "queued", (
            "it goes on, without a worker"
        )
        again = replays.claim(connection, FIRST, mended_rules.fingerprint, 60, one.replay_id)
    assert again is not None
    _killed(hub, -1)
    with hub.begin() as connection:
        assert (
            replays.cancel(connection, jurisdictions.hold(connection, FIRST), one.replay_id).state
            == "cancelled"
        )
    assert replaying.run(hub, mended_rules, claimed(hub, mended_rules, FIRST, [PERMITS])) == "succeeded"


def test_a_replay_that_is_stopped_after_it_was_cancelled_is_not_queued_again(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub = city.database
    one = claimed(hub, mended_rules, FIRST, [PERMITS])
    with hub.begin() as connection:
        replays.cancel(connection, jurisdictions.hold(connection, FIRST), one.replay_id)
    assert replaying.run(hub, mended_rules, one, stopping=lambda: True) == "cancelled"
    assert told(hub, one).state == "cancelled"
