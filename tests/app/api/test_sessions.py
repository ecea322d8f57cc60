from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from app.api.cookies import SESSION
from app.db import accounts, logins
from app.db.accounts import rights
from app.main import create_app
from app.settings import Settings
from tests.app.api.conftest import MakeKey
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.served import served
from tests.support.small_city import SmallCity

HERE, THERE = JURISDICTIONS
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def known(city: SmallCity) -> None:
    with city.database.begin() as connection:
        for jurisdiction in JURISDICTIONS:
            accounts.add(connection, jurisdiction, "张", rights(["reviewer"], ["all"], ["all"]), "test")
            logins.set_password(connection, jurisdiction, "张", "right")


@pytest.fixture
def browser(city: SmallCity, known: None) -> Iterator[httpx.Client]:
    """A browser at the really served hub; it is told by hand to keep a cookie that asks for TLS."""
    app = create_app(Settings(jurisdiction=HERE), city.database, city.registry, {})
    with served(app) as url, httpx.Client(base_url=f"{url}/api/v1") as client:
        yield client


def log_in(browser: httpx.Client, password: str = "right") -> httpx.Response:
    answer = browser.post("/session", json={"name": "张", "password": password})
    if SESSION in answer.cookies:
        browser.headers["Cookie"] = f"{SESSION}={answer.cookies[SESSION]}"
    browser.cookies.clear()
    return answer


def test_who_logs_in_reads_and_changes_as_himself_until_he_logs_out(browser: httpx.Client) -> None:
    answer = log_in(browser)
    assert answer.status_code == 201
    assert answer.json()["roles"] == ["reviewer"]
    assert browser.get("/projects").status_code == 200
    assert browser.get("/session").json()["name"] == "张"
    assert browser.delete("/session", headers=OWN).status_code == 204
    assert browser.get("/projects").status_code == 401


def test_who_came_in_and_went_stands_in_the_audit(browser: httpx.Client, make_key: MakeKey) -> None:
    log_in(browser)
    session = browser.headers["Cookie"].partition("=")[2]
    assert log_in(browser, "wrong").status_code == 401
    browser.delete("/session", headers=OWN)
    del browser.headers["Cookie"]
    for jurisdiction, told in (
        (HERE, [("log_out", "done"), ("log_in", "401"), ("log_in", "done")]),
        (THERE, []),
    ):
        watcher = make_key("audit_admin", name="看", jurisdiction=jurisdiction, departments=(), districts=())
        rows = browser.get("/audit", headers={"Authorization": f"Bearer {watcher}"}).json()["items"]
        assert [(row["operation"], row["result"]) for row in rows] == told
        for row in rows:
            if row["result"] == "done":
                assert (row["account"], row["credential"]) == ("张", f"session:{session[5:13]}")
                assert row["target"].endswith("/api/v1/session")
        assert session[14:] not in str(rows)


def test_the_cookie_is_kept_to_this_host_and_away_from_scripts(browser: httpx.Client) -> None:
    [said] = log_in(browser).headers.get_list("set-cookie")
    assert said.startswith("__Host-")
    assert {part.strip().lower() for part in said.split(";")[1:]} == {
        "path=/",
        "secure",
        "httponly",
        "samesite=lax",
    }


def test_a_login_gives_a_session_nobody_has_seen_and_ends_the_one_before(browser: httpx.Client) -> None:
    log_in(browser)
    first = browser.headers["Cookie"]
    assert log_in(browser).status_code == 201
    assert browser.headers["Cookie"] != first
    assert browser.get("/session").status_code == 200
    assert browser.get("/session", headers={"Cookie": first}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.example"}, 403),
        (OWN, 400),
        ({"Origin": "own"}, 400),
    ],
)
def test_a_page_of_another_site_changes_nothing_by_a_browsers_session(
    browser: httpx.Client, headers: dict[str, str], status: int
) -> None:
    log_in(browser)
    if headers.get("Origin") == "own":
        headers = {"Origin": str(browser.base_url).removesuffix("/api/v1/")}
    assert browser.post("/judgements", json={}, headers=headers).status_code == status
    assert browser.get("/projects", headers=headers).status_code == 200


def test_a_key_is_no_cookie_and_a_session_no_key(browser: httpx.Client, make_key: MakeKey) -> None:
    log_in(browser)
    session = browser.headers.pop("Cookie").partition("=")[2]
    key = make_key("reader")
    known = {"Cookie": f"{SESSION}={session}"}
    [project, *_] = browser.get("/projects", headers=known).json()["items"]
    for path in ("/projects", f"/projects/{project['project_id']}/lifecycle"):
        assert browser.get(path, headers=known).status_code == 200
        assert browser.get(path, headers={"Authorization": f"Bearer {session}"}).status_code == 401
    assert browser.get("/projects", headers={"Cookie": f"{SESSION}={key}"}).status_code == 401
    assert browser.get("/projects", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_wrong_words_say_nothing_of_what_is_wrong_and_lock_after_five(client: Client, known: None) -> None:
    nobody = client.holding(None)
    tried = [{"name": "张", "password": "wrong"}, {"name": "李", "password": "right"}]
    told = [nobody.post("/session", said) for said in tried]
    assert [answer.status_code for answer in told] == [401, 401]
    assert told[0].json()["detail"] == told[1].json()["detail"]
    for _ in range(4):
        nobody.post("/session", tried[0])
    assert nobody.post("/session", {"name": "张", "password": "right"}).status_code == 401
    there = {"name": "张", "password": "right", "jurisdiction": THERE}
    assert nobody.post("/session", there).status_code == 201


def test_a_key_too_tells_whose_it_is(client: Client, make_key: MakeKey) -> None:
    told = (
        client.holding(make_key("reader", name="王", departments=(), districts=["430204"]))
        .get("/session")
        .json()
    )
    assert told == {
        "jurisdiction": HERE,
        "name": "王",
        "roles": ["reader"],
        "scopes": ["read"],
        "departments": [],
        "districts": ["430204"],
    }
