from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from app.api.cookies import SESSION
from app.api.logins import ATTEMPT
from app.db import accounts, logins
from app.db.accounts import rights
from app.main import create_app
from app.settings import Settings
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.identities import CLIENT, SECRET, Identities, identities
from tests.support.served import served
from tests.support.small_city import SmallCity

HERE, THERE = JURISDICTIONS


@pytest.fixture
def provider() -> Iterator[Identities]:
    with identities() as made:
        yield made


@pytest.fixture
def browser(city: SmallCity, provider: Identities) -> Iterator[httpx.Client]:
    with city.database.begin() as connection:
        for jurisdiction, sub in ((HERE, "sub-1"), (THERE, "sub-2")):
            accounts.add(connection, jurisdiction, "张", rights(["reader"], [], ["all"]), "test")
            logins.set_subject(connection, jurisdiction, "张", f"{provider.issuer}#{sub}")
    settings = Settings(
        jurisdiction=HERE,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_redirect="https://hub.example/api/v1/login/callback",
    )
    app = create_app(settings, city.database, city.registry, {"HUB_OIDC_CLIENT_SECRET": SECRET})
    with served(app) as url, httpx.Client(base_url=f"{url}/api/v1") as client:
        yield client


def begun(browser: httpx.Client) -> tuple[str, str]:
    """Begin a login: the address the browser is led to, and the cookie it keeps."""
    answer = browser.get("/login")
    assert answer.status_code == 303
    state = answer.cookies[ATTEMPT]
    browser.cookies.clear()
    return answer.headers["location"], state


def back(browser: httpx.Client, code: str, state: str, cookie: str) -> httpx.Response:
    answer = browser.get(
        "/login/callback", params={"code": code, "state": state}, headers={"Cookie": f"{ATTEMPT}={cookie}"}
    )
    browser.cookies.clear()
    return answer


def test_who_the_provider_names_is_logged_in_which_stands_in_the_audit(
    browser: httpx.Client, provider: Identities, city: SmallCity
) -> None:
    address, state = begun(browser)
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == ["https://hub.example/api/v1/login/callback"]
    assert asked["state"] == [state]
    answer = browser.get(
        "/login/callback",
        params={"code": provider.log_in(address), "state": state},
        headers={"Cookie": f"{ATTEMPT}={state}"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    session = {"Cookie": f"{SESSION}={answer.cookies[SESSION]}"}
    browser.cookies.clear()
    assert browser.get("/session", headers=session).json()["name"] == "张"
    with city.database.read() as connection:
        told = connection.execute(
            text("SELECT account, operation, target, result FROM ops.audit WHERE jurisdiction = ANY(:j)"),
            {"j": list(JURISDICTIONS)},
        ).all()
    assert told == [("张", "end_login", "GET /api/v1/login/callback", "done")]


def test_a_login_comes_back_once_and_to_the_browser_that_began_it(
    browser: httpx.Client, provider: Identities
) -> None:
    address, state = begun(browser)
    assert back(browser, provider.log_in(address), state, "another").status_code == 401
    assert back(browser, provider.log_in(address), "another", "another").status_code == 401
    assert back(browser, "made up", state, state).status_code == 401
    assert back(browser, provider.log_in(address), state, state).status_code == 401  # it was taken


def test_of_another_login_neither_code_nor_token_is_taken(
    browser: httpx.Client, provider: Identities
) -> None:
    (first, _), (_, state) = begun(browser), begun(browser)
    assert back(browser, provider.log_in(first), state, state).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another client"},
        {"nonce": "another"},
        {"exp": int(time.time()) - 3600},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_login_is_refused(
    browser: httpx.Client, provider: Identities, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    address, state = begun(browser)
    assert back(browser, provider.log_in(address), state, state).status_code in {401, 403}


def test_a_token_signed_by_another_key_is_refused_and_a_new_key_of_the_provider_is_learned(
    browser: httpx.Client, provider: Identities
) -> None:
    address, state = begun(browser)
    assert back(browser, provider.log_in(address), state, state).status_code == 303
    provider.signing = type(provider.key).generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    address, state = begun(browser)
    assert back(browser, provider.log_in(address), state, state).status_code == 401
    provider.key = provider.signing
    address, state = begun(browser)
    assert back(browser, provider.log_in(address), state, state).status_code == 303


def test_who_is_bound_to_no_account_here_is_told_so(browser: httpx.Client, provider: Identities) -> None:
    for sub in ("sub-2", "sub-3"):
        address, state = begun(browser)
        answer = back(browser, provider.log_in(address, sub), state, state)
        assert (answer.status_code, sub in answer.json()["detail"]) == (403, True)
        assert SESSION not in answer.cookies


def test_where_there_is_no_provider_or_it_is_away_that_is_said(client: Client, city: SmallCity) -> None:
    assert client.holding(None).get("/login").status_code == 404
    settings = Settings(
        jurisdiction=HERE,
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_id="x",
        oidc_redirect="https://x.example/",
    )
    app = create_app(settings, city.database, city.registry, {})
    with served(app) as url:
        assert httpx.get(f"{url}/api/v1/login").status_code == 503
