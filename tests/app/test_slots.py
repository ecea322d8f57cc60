from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.slots import next_slot
from connectors.manifest import parse
from tests.support.pulled import KEY
from tests.support.small_city import PERMITS, small_registry


def test_slots_follow_the_binding_then_the_manifest_in_china_time() -> None:
    now = datetime(2024, 6, 1, 0, 0, tzinfo=UTC)
    manifest = small_registry().manifest(KEY)
    assert next_slot(manifest, 7, now) == now + timedelta(seconds=7)
    assert next_slot(manifest, None, now) == now + timedelta(seconds=3600)
    assert next_slot(None, None, now) > now
    daily = parse(PERMITS.replace("schedule = { every = 3600 }", 'schedule = { cron = "30 2 * * *" }'))
    assert next_slot(daily, None, now) == datetime(2024, 6, 1, 18, 30, tzinfo=UTC)
