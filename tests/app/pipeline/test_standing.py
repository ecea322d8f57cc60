"""Under which rules a drawer stands: other sources are taken up at once, other common rules wait for a rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db import health, jurisdictions, records
from app.db.session import Connection, Database
from app.errors import RulesChanged
from app.pipeline.replay import plan
from app.pipeline.rules import Rules, load_rules
from app.pipeline.standing import differing, hold_to_normalize, take_up
from app.worker import Worker
from tests.app.house import until
from tests.support.corridor import rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.mended import mended_city, refusing_city
from tests.support.small_city import SmallCity, permit, rid

FIRST, SECOND = JURISDICTIONS
PERMITS = "housing.permits"


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    city = refusing_city(database_url)
    yield city
    city.database.close()


@pytest.fixture
def mended_rules(city: SmallCity, tmp_path: Path) -> Rules:
    return mended_city(city, PERMITS, '["样例"]', '["测试"]', tmp_path)


def served(hub: Database, key: str) -> list[int]:
    ids = [rid(PERMITS, key, jurisdiction) for jurisdiction in JURISDICTIONS]
    found = rows_of(hub, "SELECT jurisdiction FROM member WHERE record_id = ANY(:ids) ORDER BY 1", ids=ids)
    return [jurisdiction for (jurisdiction,) in found]


def test_a_worker_started_with_a_mended_manifest_takes_it_up_rebuilds_nothing_and_the_former_one_writes_no_more(
    city: SmallCity, mended_rules: Rules, caplog: pytest.LogCaptureFixture
) -> None:
    hub, former = city.database, Worker(city.database, load_rules(city.registry))
    worker = Worker(hub, mended_rules)
    worker.start()
    try:
        until(lambda: all(_due(hub, j, mended_rules) == [PERMITS] for j in JURISDICTIONS))
        until(
            lambda: (
                rows_of(hub, "SELECT DISTINCT fingerprint FROM ops.jurisdiction")
                == [(mended_rules.fingerprint,)]
            )
        )
        city.land(PERMITS, permit("N1", "样例", code=""))
        until(lambda: served(hub, "N1") == [FIRST, SECOND])
    finally:
        worker.stop()
    assert rows_of(hub, "SELECT count(*) FROM rejection") == [(20,)], "what came before waits for the replay"
    assert rows_of(hub, "SELECT DISTINCT generation FROM ops.jurisdiction") == [(0,)]
    with hub.read() as connection:
        assert health.ready(connection, FIRST, mended_rules.common).fingerprint == mended_rules.fingerprint
    city.land(PERMITS, permit("N2", "样例", code=""))
    former.process()
    assert served(hub, "N2") == []
    lines = [record.getMessage() for record in caplog.records]
    assert any("reads housing.permits under other rules than this process knows" in line for line in lines)
    assert sum("waits for `hub replay`" in line for line in lines) == len(JURISDICTIONS)
    Worker(hub, load_rules(city.registry)).renew()
    former.process()
    assert served(hub, "N2") == [], "the one started last decides, and refuses samples again"
    assert rows_of(hub, "SELECT count(*) FROM rejection") == [(22,)]


def _due(hub: Database, jurisdiction: int, rules: Rules) -> list[str]:
    with hub.read() as connection:
        return differing(connection, jurisdiction, rules)


def test_other_common_rules_are_neither_taken_up_nor_compared_with(
    city: SmallCity, mended_rules: Rules
) -> None:
    other = replace(mended_rules, common="other code")
    with city.database.read() as connection, pytest.raises(RulesChanged, match="hub rebuild"):
        plan(connection, FIRST, other, [PERMITS])
    assert Worker(city.database, other)._take_up() == {FIRST, SECOND}
    assert _due(city.database, FIRST, load_rules(city.registry)) == []


def test_who_normalizes_keeps_out_who_normalizes_or_changes_the_rules_and_nobody_else(
    city: SmallCity, mended_rules: Rules
) -> None:
    hub, rules = city.database, load_rules(city.registry)
    for jurisdiction in JURISDICTIONS:
        walk(hub, rules, jurisdiction)
    with hub.begin() as normalizing:
        assert hold_to_normalize(normalizing, FIRST, rules).fingerprint == rules.fingerprint
        city.land(PERMITS, permit("N1"))  # in both jurisdictions
        with hub.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                take_up(other, jurisdictions.hold(other, FIRST), mended_rules)
            other.rollback()
        with hub.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            assert hold_to_normalize(other, SECOND, rules)
            with pytest.raises(OperationalError, match="lock timeout"):
                hold_to_normalize(other, FIRST, rules)
            other.rollback()


def test_who_normalizes_under_rules_that_changed_while_it_waited_is_refused(
    city: SmallCity, mended_rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, rules, hold = city.database, load_rules(city.registry), records.hold_progress
    walk(hub, rules, FIRST)

    def changing(connection: Connection, jurisdiction: int) -> None:
        monkeypatch.setattr(records, "hold_progress", hold)
        with hub.begin() as other:
            assert take_up(other, jurisdictions.hold(other, jurisdiction), mended_rules) == [PERMITS]
        hold(connection, jurisdiction)

    monkeypatch.setattr(records, "hold_progress", changing)
    with hub.begin() as connection, pytest.raises(RulesChanged, match="under other rules"):
        hold_to_normalize(connection, FIRST, rules)
    with hub.begin() as connection:
        assert hold_to_normalize(connection, FIRST, mended_rules)
