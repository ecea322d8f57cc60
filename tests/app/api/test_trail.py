from __future__ import annotations

from sqlalchemy import text

from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, rid

HERE, THERE = JURISDICTIONS
WORD = {
    "a": rid("commerce.signed", "A-1"),
    "b": rid("housing.permits", "B-2"),
    "verdict": "different",
    "reason": "两回事",
}


def watched(client: Client, make_key: MakeKey, **asked: object) -> list[dict[str, str]]:
    caller = client.holding(make_key("audit_admin", name=f"watcher {asked}", departments=(), districts=()))
    items: list[dict[str, str]] = caller.get("/audit", **asked).json()["items"]
    return items


def test_a_write_stands_in_the_audit_with_who_what_where_and_when(client: Client, make_key: MakeKey) -> None:
    key = make_key("reviewer", name="李")
    assert client.holding(key).post("/judgements", WORD).status_code == 201
    [row] = watched(client, make_key)
    assert (row["account"], row["operation"], row["target"], row["result"]) == (
        "李",
        "judge",
        "POST /api/v1/judgements",
        "done",
    )
    assert row["credential"] == f"key:{key[4:12]}"
    assert row["at"].startswith("20")


def test_what_was_not_done_is_not_told_as_done_and_reading_is_not_told(
    client: Client, make_key: MakeKey
) -> None:
    caller = client.holding(make_key("reviewer"))
    assert caller.post("/judgements", {**WORD, "hash_a": "0" * 32}).status_code == 409
    assert caller.get("/projects").status_code == 200
    assert watched(client, make_key) == []


def test_who_was_refused_stands_there_known_or_not(client: Client, make_key: MakeKey) -> None:
    key = make_key("reader", name="王")
    assert client.holding(key).post("/judgements", WORD).status_code == 403
    assert client.holding("hub_12345678_" + "x" * 43).get("/rejections").status_code == 401
    assert client.holding(None).get("/issues").status_code == 401
    rows = watched(client, make_key, refused=True)
    assert [(row["account"], row["credential"], row["operation"], row["result"]) for row in rows] == [
        ("", "", "list_issues", "401"),
        ("", "key:12345678", "list_rejections", "401"),
        ("王", f"key:{key[4:12]}", "judge", "403"),
    ]
    assert watched(client, make_key, refused=False) == []


def test_no_secret_is_written_down(client: Client, make_key: MakeKey, city: SmallCity) -> None:
    secret = "hub_12345678_" + "S3cret" * 7 + "x"
    client.holding(secret).get("/rejections", source="housing.permits")
    with city.database.begin() as connection:
        kept = str(
            connection.execute(text("SELECT * FROM ops.audit WHERE jurisdiction = :j"), {"j": HERE}).all()
        )
    assert "12345678" in kept
    assert "S3cret" not in kept


def test_a_flood_of_refusals_is_answered_and_written_down_in_part(client: Client, city: SmallCity) -> None:
    nobody = client.holding(None)
    for _ in range(130):
        assert nobody.get("/rejections").status_code == 401
    with city.database.begin() as connection:
        kept = connection.scalars(
            text("SELECT count(*) FROM ops.audit WHERE jurisdiction = :j"), {"j": HERE}
        ).one()
    assert 100 <= kept < 130


def test_each_jurisdiction_has_an_audit_of_its_own(client: Client, make_key: MakeKey) -> None:
    assert client.holding(make_key("reader", jurisdiction=THERE)).get("/audit").status_code == 403
    assert watched(client, make_key) == []
    there = make_key("audit_admin", jurisdiction=THERE, departments=(), districts=())
    [row] = client.holding(there).get("/audit").json()["items"]
    assert row["operation"] == "list_audit"
