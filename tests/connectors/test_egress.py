from __future__ import annotations

import socket
import time
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import egress
from connectors.egress import Egress, EgressRefused, check_url, connect
from connectors.errors import SourceUnavailable
from connectors.transport_settings import HttpSettings
from connectors.transports.http import Client

NEVER = (
    *(
        "169.254.169.254",
        "169.254.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "168.63.129.16",
    ),
    *(
        "::",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ),
)
OURS = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that has said nothing."""
    monkeypatch.delenv(egress.LOOPBACK, raising=False)
    monkeypatch.delenv(egress.ALLOW, raising=False)


@pytest.mark.parametrize("address", [*NEVER, *OURS])
def test_what_is_never_a_departments_is_refused_and_no_list_permits_it(address: str) -> None:
    for variables in ({}, {egress.ALLOW: "0.0.0.0/0, ::/0, good.example"}):
        with pytest.raises(EgressRefused):
            Egress.of(variables).check("good.example", ip_address(address))


@pytest.mark.parametrize("address", OURS)
def test_this_machine_may_be_permitted_and_nothing_else_with_it(address: str) -> None:
    policy = Egress.of({egress.LOOPBACK: "1"})
    policy.check("localhost", ip_address(address))
    with pytest.raises(EgressRefused):
        policy.check("x", ip_address("169.254.169.254"))


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="192.168.0.0/16"))
def test_without_a_list_private_networks_are_departments(address: Any) -> None:
    Egress.of({}).check("api.example.gov", address)


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("a.example", "10.20.3.4", True),
        ("a.example", "10.21.3.4", False),
        ("api.land.example", "8.8.8.8", True),
        ("API.land.example.", "8.8.8.8", True),
        ("other.land.example", "8.8.8.8", False),
        ("deep.gov.example", "8.8.8.8", True),
        ("gov.example", "8.8.8.8", False),
        ("evilgov.example", "8.8.8.8", False),
        ("a.example", "2001:db8::5", True),
    ],
)
def test_a_list_permits_its_networks_hosts_and_domains_alone(host: str, address: str, allowed: bool) -> None:
    policy = Egress.of({egress.ALLOW: "10.20.0.0/16, 2001:db8::/32, api.land.example, .gov.example"})
    if allowed:
        policy.check(host, ip_address(address))
    else:
        with pytest.raises(EgressRefused, match=egress.ALLOW):
            policy.check(host, ip_address(address))


def test_a_network_that_is_none_permits_nothing_until_it_is_mended() -> None:
    with pytest.raises(EgressRefused, match="names no network"):
        Egress.of({egress.ALLOW: "10.0.0.0/33"})


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://a.example/x",
            "file:///etc/passwd",
            "http://",
            "https://u:p@a.example/",
            "http://u@a.example",
        ),
        *(
            "http://169.254.169.254/latest",
            "http://metadata.google.internal/x",
            "http://METADATA./",
            "http://[::1]/",
        ),
        *(
            "http://127.0.0.1:8020/api/v1/hooks",
            "http://2130706433/",
            "http://[fe80::1]/",
            "http://a.example:99999/",
        ),
        *("http://[::ffff:7f00:1]/", "http://[bad/", "//a.example/x", "gopher://a.example"),
    ],
)
def test_an_address_that_can_be_no_receivers_is_refused(url: str) -> None:
    with pytest.raises(EgressRefused):
        check_url(url)


def test_a_receivers_address_passes() -> None:
    check_url("https://hub.dept.example:8443/in?x=1")
    check_url("http://10.1.2.3/in")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1"])
def test_whatever_a_name_looks_like_the_address_it_leads_to_is_looked_at(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(EgressRefused):
        connect(host, listening.getsockname()[1], 5)


def test_a_name_is_resolved_once_and_all_its_addresses_must_be_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("10.0.0.1", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(EgressRefused, match="this machine"):
        connect("rebinding.example", 80, 1)
    assert asked == ["rebinding.example"]


def test_a_name_of_many_addresses_that_are_away_takes_no_longer_than_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"10.0.0.{n}", 80)) for n in range(1, 6)]

    def silent(_: object, seconds: float) -> socket.socket:
        given.append(seconds)
        time.sleep(min(seconds, 0.08))
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    monkeypatch.setattr(socket, "create_connection", silent)
    with pytest.raises(TimeoutError, match="was not reached"):
        connect("away.example", 80, 0.2)
    assert given == sorted(given, reverse=True)
    assert 0 < given[-1] <= 0.2 - 0.08 * (len(given) - 1)


def test_who_pulls_is_held_by_the_same_guard() -> None:
    settings = HttpSettings.model_validate({"kind": "http", "variable": "X", "attempts": 1})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(SourceUnavailable, match="this machine"):
            Client(settings, f"http://127.0.0.1:{port}", {}).get({})
    with pytest.raises(SourceUnavailable, match="account"):
        Client(settings, "http://u:p@a.example/", {}).get({})
    with egress.this_machine():
        check_url("http://127.0.0.1/")
