from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.crypto import new_key
from app.db import deliveries
from app.db.reseal import reseal
from app.db.seal import MARK, ring
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, permit, signed, small_city

HERE, THERE = JURISDICTIONS


@pytest.fixture
def city(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCity]:
    monkeypatch.delenv("HUB_SEAL_KEYS", raising=False)
    ring.cache_clear()
    made = small_city(database_url)
    yield made
    made.database.close()
    ring.cache_clear()


def keyed(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("HUB_SEAL_KEYS", said)
    ring.cache_clear()


def bodies(city: SmallCity, jurisdiction: int) -> list[bytes]:
    with city.database.read() as connection:
        found = connection.execute(
            text(
                "SELECT body FROM memory.raw_record WHERE jurisdiction = :j AND length(body) > 0"
                " UNION ALL SELECT body FROM memory.unreadable WHERE jurisdiction = :j"
            ),
            {"j": jurisdiction},
        )
        return [bytes(row[0]) for row in found]


def test_memory_is_encrypted_from_the_key_on_and_wholly_once_it_is_sealed_anew(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.land("commerce.signed", signed("A-1"), signed("", "没有编号"))
    first = new_key("aes", "first")
    keyed(monkeypatch, first)
    city.land("housing.permits", permit("A-1"))
    city.drain()
    kept = bodies(city, HERE)
    assert [body.startswith(MARK) for body in kept].count(True) == 1
    assert not any("组件".encode() in body for body in kept if body.startswith(MARK))
    for jurisdiction in JURISDICTIONS:
        counts = list(reseal(city.database.url, jurisdiction))
        assert sum(written for _, _, written in counts) == len(kept) - 1
        assert all(body.startswith(MARK) for body in bodies(city, jurisdiction))
        assert sum(written for _, _, written in reseal(city.database.url, jurisdiction)) == 0


def test_a_key_is_changed_while_all_that_was_said_stays_readable(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = new_key("aes", "first"), new_key("sm4", "second")
    keyed(monkeypatch, first)
    city.land("commerce.signed", signed("A-1"))
    keyed(monkeypatch, f"{second},{first}")
    assert len(list(reseal(city.database.url, HERE))) == 3
    keyed(monkeypatch, second)
    with city.database.read() as connection:
        assert "某组件智造基地" in deliveries.said_row(connection, HERE, 1, 1).said
    keyed(monkeypatch, first)
    with city.database.read() as connection:
        assert "某组件智造基地" in deliveries.said_row(connection, THERE, 1, 1).said
