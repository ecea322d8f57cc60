from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from app.access.audit import Entry
from app.crypto import KeyRing, new_key, read_keys
from app.db import audit
from app.db.session import Database
from schemas.api.audit import AuditQuery
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
WHO = Entry("a1", "张", "key:12345678", "judge", "POST /api/v1/judgements", "10.0.0.1")


def _ring(kind: str = "sha256") -> KeyRing:
    ring = read_keys(new_key(kind), "audit")
    assert ring is not None
    return ring


KEYS = _ring()


@pytest.fixture
def sealed(database: Database) -> Database:
    """Eight seals of five rows each, in both jurisdictions, alike."""
    for number in range(8):
        for jurisdiction in JURISDICTIONS:
            with database.begin() as connection:
                for i in range(5):
                    audit.append(connection, jurisdiction, WHO, "done" if i else str(400 + number))
                made = audit.seal(connection, jurisdiction, KEYS)
                assert made is not None
                assert (made.seal_no, len(made.audit_ids)) == (number + 1, 5)
    return database


@pytest.mark.parametrize("kind", ["sha256", "sm3"])
def test_what_is_written_down_is_sealed_and_stands(database: Database, kind: str) -> None:
    keys = _ring(kind)
    with database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            audit.append(connection, jurisdiction, WHO, "done")
            assert audit.seal(connection, jurisdiction, keys) is not None
            assert audit.seal(connection, jurisdiction, keys) is None
            assert audit.verify(connection, jurisdiction, keys) == []
        assert audit.verify(connection, HERE, KEYS)  # another key's


def test_the_hub_itself_can_change_and_take_away_nothing(sealed: Database) -> None:
    for table in ("audit", "audit_seal"):
        for said in (
            f"UPDATE ops.{table} SET at = now()",
            f"DELETE FROM ops.{table}",
            f"TRUNCATE ops.{table}",
        ):
            where = "" if said.startswith("TRUNCATE") else " WHERE jurisdiction = :j"
            with pytest.raises(ProgrammingError, match="permission"), sealed.begin() as connection:
                connection.execute(text(said + where), {"j": HERE} if where else {})


def test_of_two_who_seal_at_once_one_does_and_nothing_is_sealed_twice(sealed: Database) -> None:
    with sealed.begin() as connection:
        for _ in range(3):
            audit.append(connection, HERE, WHO, "done")
    with sealed.begin() as one, sealed.begin() as other:
        first = audit.seal(one, HERE, KEYS)
        assert audit.seal(other, HERE, KEYS) is None
        assert first is not None
        assert first.seal_no == 9
    audit.seal_waiting(sealed, HERE, KEYS)
    with sealed.read() as connection:
        assert audit.verify(connection, HERE, KEYS) == []


def test_rows_are_listed_by_what_they_say(sealed: Database) -> None:
    with sealed.read() as connection:
        first = audit.rows_of(connection, HERE, AuditQuery(), None, 3)
        rest = audit.rows_of(connection, HERE, AuditQuery(), first[-1].audit_id, 100)
        assert (len(first), len(rest)) == (3, 37)
        refused = audit.rows_of(connection, HERE, AuditQuery(refused=True), None, 100)
        assert sorted(row.result for row in refused) == [str(400 + n) for n in range(8)]
        assert audit.rows_of(connection, HERE, AuditQuery(account="李"), None, 9) == []


def test_what_a_caller_says_cannot_keep_its_refusal_from_being_written_down(database: Database) -> None:
    odd = Entry("", "", "", "x", "GET /\x00" + "y" * 9000, "\ud800")
    with database.begin() as connection:
        audit.append(connection, HERE, odd, "401")
        audit.seal(connection, HERE, KEYS)
        assert audit.verify(connection, HERE, KEYS) == []


Tamper = Callable[[Connection, random.Random], None]


def _pick(connection: Connection, dice: random.Random) -> str:
    ids = connection.scalars(
        text("SELECT audit_id FROM ops.audit WHERE jurisdiction = :j ORDER BY audit_id"), {"j": HERE}
    )
    return str(dice.choice(ids.all()))


def _edit(connection: Connection, dice: random.Random) -> None:
    column = dice.choice(["account_id", "account", "credential", "operation", "target", "address", "result"])
    name = _pick(connection, dice)
    connection.execute(
        text(f"UPDATE ops.audit SET {column} = {column} || 'x' WHERE jurisdiction = :j AND audit_id = :id"),
        {"j": HERE, "id": name},
    )


def _delete(connection: Connection, dice: random.Random) -> None:
    name = _pick(connection, dice)
    connection.execute(
        text("DELETE FROM ops.audit WHERE jurisdiction = :j AND audit_id = :id"), {"j": HERE, "id": name}
    )


def _insert(connection: Connection, dice: random.Random) -> None:
    name = _pick(connection, dice)[:-1] + "z"
    connection.execute(
        text(
            "INSERT INTO ops.audit SELECT jurisdiction, :id, at, account_id, account, credential, operation, target,"
            " address, result FROM ops.audit WHERE jurisdiction = :j ORDER BY audit_id LIMIT 1"
        ),
        {"j": HERE, "id": name},
    )


def _swap(connection: Connection, dice: random.Random) -> None:
    one, other = dice.randint(1, 8), dice.randint(1, 7)
    other += other >= one
    table, key = "ops.audit_seal", "seal_no"
    for a, b in ((one, -1), (other, one), (-1, other)):
        connection.execute(
            text(f"UPDATE {table} SET {key} = :b WHERE jurisdiction = :j AND {key} = :a"),
            {"j": HERE, "a": a, "b": b},
        )


def _cut(connection: Connection, dice: random.Random) -> None:
    last = dice.randint(1, 8)
    at = {"j": HERE, "last": last}
    connection.execute(
        text(
            "DELETE FROM ops.audit a WHERE jurisdiction = :j AND EXISTS (SELECT FROM ops.audit_seal s"
            " WHERE s.jurisdiction = a.jurisdiction AND s.seal_no >= :last AND a.audit_id = ANY(s.audit_ids))"
        ),
        at,
    )
    connection.execute(text("DELETE FROM ops.audit_seal WHERE jurisdiction = :j AND seal_no >= :last"), at)


TAMPERINGS: tuple[Tamper, ...] = (_edit, _delete, _insert, _swap, _cut)


def found_of(database: Database, tamper: Tamper, times: int) -> int:
    """How many of so many tamperings of a kind are found, each undone before the next."""
    engine = create_engine(make_url(database.url).set(drivername="postgresql+psycopg"))
    found = 0
    with engine.connect() as connection:
        last = audit.last_head(connection, HERE)
        assert last is not None
        connection.rollback()
        for seed in range(times):
            tamper(connection, random.Random(seed))
            found += bool(audit.verify(connection, HERE, KEYS, dict([last])))
            assert audit.verify(connection, THERE, KEYS) == []
            connection.rollback()
        assert audit.verify(connection, HERE, KEYS, dict([last])) == []
    engine.dispose()
    return found


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_who_owns_the_database_cannot_tamper_unseen(sealed: Database, tamper: Tamper) -> None:
    assert found_of(sealed, tamper, 5) == 5


@pytest.mark.campaign
@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_hundred_tamperings_of_each_kind_are_found(sealed: Database, tamper: Tamper) -> None:
    assert found_of(sealed, tamper, 100) == 100
