from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api import limits
from app.api.limits import BodyLimit
from tests.support.client import Client

LIMIT = 20_000  # as the tests' hub is set


@pytest.mark.parametrize(
    "address",
    [
        "/projects?stage=LAND&stage=SIGNED",
        "/portfolio/funnel?path=granted&path=leased",
        "/sources?jurisdiction=430200&jurisdiction=430300",
        "/health/live?x=1&x=1",
    ],
)
def test_a_parameter_said_twice_is_refused_and_not_taken_by_its_last(reader: Client, address: str) -> None:
    answer = reader.request("GET", address)
    assert answer.status_code == 400
    said_twice = address.partition("?")[2].partition("=")[0]
    assert answer.json()["faults"][0]["where"] == f"query.{said_twice}"


@pytest.mark.parametrize("path", ["/judgements", "/sources/housing.permits/sync", "/hooks/housing.events"])
def test_no_post_reads_beyond_the_limit(admin: Client, path: str) -> None:
    headers = {"content-type": "application/json"}
    announced = admin.request("POST", path, content=b" " * (LIMIT + 1), headers=headers)
    assert announced.status_code == 413
    assert str(LIMIT) in announced.json()["detail"]


def test_a_stream_without_a_length_is_cut_off_at_the_limit(admin: Client) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 50 * LIMIT:
            given += 1000
            yield b" " * 1000

    answer = admin.request(
        "POST", "/judgements", content=endless(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert given <= LIMIT + 5000


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """Where a server listens that refuses bodies beyond the limit."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("read")(scope, receive, send)

    limited = BodyLimit(app, LIMIT, {})
    server = uvicorn.Server(uvicorn.Config(limited, log_level="error", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()
    server.should_exit = True
    thread.join()
    listening.close()


def test_a_client_that_sends_all_before_it_reads_is_told_what_was_too_large(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("POST", "/", body=bytes(12_900_000), headers={"connection": "close"})  # as urllib does
    answer = connection.getresponse()
    assert answer.status == 413
    assert str(LIMIT) in json.loads(answer.read())["detail"]
    connection.close()


def test_a_body_far_too_large_or_one_that_waits_for_a_word_is_refused_unread(
    address: tuple[str, int],
) -> None:
    for more in ("Content-Length: 99999999999", f"Content-Length: {LIMIT + 1}\r\nExpect: 100-continue"):
        with socket.create_connection(address, timeout=20) as sent:
            sent.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{more}\r\n\r\n".encode())
            assert sent.recv(20).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_come_is_waited_for_a_while(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DROPPING_SECONDS", 0.2)
    with socket.create_connection(address, timeout=20) as sent:
        sent.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode())
        assert sent.recv(20).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", ["-1", "x", "1" * 400, "²"])
def test_a_length_that_is_none_is_too_large(admin: Client, length: str) -> None:
    answer = admin.request(
        "POST", "/judgements", content=b"{}", headers={"content-length": length.encode("latin-1")}
    )
    assert answer.status_code == 413


def test_an_inventory_may_be_larger(admin: Client) -> None:
    keys = [f"key-{n:020}" for n in range(2000)]
    assert admin.post("/reconciliations", {"source": "commerce.signed", "keys": keys}).status_code == 200


def test_a_body_at_the_limit_is_read(admin: Client) -> None:
    answer = admin.request(
        "POST", "/judgements", content=b" " * LIMIT, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
