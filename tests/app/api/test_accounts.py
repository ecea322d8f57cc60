from __future__ import annotations

import pytest

from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS

HERE, THERE = JURISDICTIONS
CLERK = {"name": "李", "roles": ["reader"], "districts": ["430204"]}


@pytest.fixture
def guardian(client: Client, make_key: MakeKey) -> Client:
    return client.holding(make_key("security_admin", name="守门", departments=(), districts=()))


def test_an_account_is_made_followed_changed_and_shut(
    guardian: Client, client: Client, make_key: MakeKey
) -> None:
    first = guardian.post("/accounts", {**CLERK, "days": 30}).json()["key"]
    clerk = client.holding(first)
    assert clerk.get("/projects").status_code == 200
    second = guardian.post("/accounts/李/keys", {}).json()["key"]
    assert guardian.post("/accounts/李/keys", {}).status_code == 409
    [shown] = [one for one in guardian.get("/accounts").json()["items"] if one["name"] == "李"]
    assert (shown["roles"], shown["districts"], shown["created_by"]) == (["reader"], ["430204"], "守门")
    assert len(shown["keys"]) == 2
    assert first not in str(shown)
    assert guardian.request("DELETE", f"/keys/{first[4:12]}").status_code == 204
    assert clerk.get("/projects").status_code == 401
    clerk = client.holding(second)
    assert clerk.get("/projects").status_code == 200
    changed = guardian.request("PUT", "/accounts/李/rights", json={"roles": ["audit_admin"]})
    assert changed.status_code == 204
    assert clerk.get("/projects").status_code == 403
    assert guardian.request("DELETE", "/accounts/李").status_code == 204
    assert clerk.get("/audit").status_code == 401
    watcher = client.holding(make_key("audit_admin", departments=(), districts=()))
    told = watcher.get("/audit", account="守门").json()["items"]
    assert [row["operation"] for row in told if row["result"] == "done"] == [
        "shut_account",
        "change_rights",
        "revoke_key",
        "add_key",
        "add_account",
    ]
    assert "audit_admin" in told[1]["target"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"roles": ["system_admin", "audit_admin"]}, 400),
        ({"roles": ["emperor"]}, 400),
        ({"roles": []}, 400),
        ({"districts": []}, 400),
        ({"name": "守门"}, 409),
    ],
)
def test_what_nobody_can_be_is_refused(guardian: Client, more: dict[str, object], status: int) -> None:
    assert guardian.post("/accounts", {**CLERK, **more}).status_code == status


def test_nobody_else_lets_people_in_and_only_at_home(
    client: Client, make_key: MakeKey, guardian: Client
) -> None:
    for role in ("system_admin", "department_admin", "reviewer"):
        assert client.holding(make_key(role)).post("/accounts", CLERK).status_code == 403
    guardian.post("/accounts", CLERK)
    there = client.holding(make_key("security_admin", jurisdiction=THERE, departments=(), districts=()))
    assert "李" not in {one["name"] for one in there.get("/accounts").json()["items"]}
    assert there.request("DELETE", "/accounts/李").status_code == 404
