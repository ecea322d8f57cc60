from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.crypto import new_key
from app.db import deliveries, pushes, subscriptions
from app.db import reseal as resealing
from app.db.pushes import Push, Status
from app.db.reseal import EVERY, reseal
from app.db.seal import MARK, ring, unseal
from app.db.tables.base import metadata
from schemas.api.subscriptions import NewSubscription
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
    assert len(list(reseal(city.database.url, HERE))) == len(EVERY)
    keyed(monkeypatch, second)
    with city.database.read() as connection:
        assert "某组件智造基地" in deliveries.said_row(connection, HERE, 1, 1).said
    keyed(monkeypatch, first)
    with city.database.read() as connection:
        assert "某组件智造基地" in deliveries.said_row(connection, THERE, 1, 1).said


def test_what_contradicted_and_the_secrets_of_subscribers_outlive_a_former_key(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = new_key("aes", "first"), new_key("sm4", "second")
    keyed(monkeypatch, first)
    wanted = NewSubscription(name="大屏", url="https://screen.example/hook")
    secrets = dict[int, set[bytes]]()
    for jurisdiction in JURISDICTIONS:
        with city.database.begin() as connection:
            for body in (b"said first", b"said otherwise", b"said a third time"):
                push = Push("housing.events", "m-1", b"{}", body, pushes.digest(body), "127.0.0.1")
                kept = pushes.accept(connection, jurisdiction, push)
            assert kept.status is Status.CONTRADICTS
            made, former = subscriptions.add(connection, jurisdiction, wanted, "test")
            _, secret = subscriptions.rotate(connection, jurisdiction, made.subscription_id)
            secrets[jurisdiction] = {former.encode(), secret.encode()}
    keyed(monkeypatch, f"{second},{first}")
    monkeypatch.setattr(resealing, "CHUNK", 1)
    written = [table for table, _, n in reseal(city.database.url, HERE) for _ in range(n)]
    assert sorted(written) == ["memory.anomaly"] * 2 + ["memory.delivery"] + ["ops.subscription"] * 2
    keyed(monkeypatch, second)
    with city.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT body FROM memory.anomaly WHERE jurisdiction = :j UNION ALL"
                " SELECT unnest(ARRAY[secret, former_secret]) FROM ops.subscription WHERE jurisdiction = :j"
            ),
            {"j": HERE},
        )
        opened = {unseal(bytes(row[0])) for row in rows}
    assert opened == {b"said otherwise", b"said a third time"} | secrets[HERE]
    keyed(monkeypatch, first)
    with city.database.read() as connection:
        there = connection.scalars(
            text("SELECT secret FROM ops.subscription WHERE jurisdiction = :j"), {"j": THERE}
        ).one()
    assert unseal(bytes(there)) in secrets[THERE]


def test_every_column_that_says_it_is_sealed_is_sealed_anew() -> None:
    said = {
        (str(table), column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if (column.comment or "").startswith("sealed")
    }
    assert said
    assert said <= {(one.table, one.column) for one in EVERY}
