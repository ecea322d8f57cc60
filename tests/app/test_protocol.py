from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.main import server_settings
from app.settings import Settings
from tests.app.house import free_port

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
BODY = b'{"said": "\r\nUpgrade: h2c\r\n"}'


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port() -> Iterator[int]:
    """Where a server that echoes listens, run as the hub's is."""
    port = free_port()
    settings = server_settings(Settings()) | {"host": "127.0.0.1", "port": port, "log_level": "error"}
    server = uvicorn.Server(uvicorn.Config(_echo, **settings, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join()


def _head(more: bytes = OFFER) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: hub\r\n" + more + f"Content-Length: {len(BODY)}\r\n\r\n".encode()


@pytest.mark.parametrize(
    "pieces",
    [
        [_head() + BODY],
        [_head(), BODY],
        [_head()[:20], _head()[20:], BODY[:5], BODY[5:]],
        [_head(OFFER.replace(b"Upgrade: h2c", b"upgrade:h2c")) + BODY],
        [_head(b"") + BODY],
    ],
    ids=["at once", "body apart", "in pieces", "small letters", "no offer"],
)
def test_the_body_of_a_request_that_offers_http_2_arrives_whole_and_the_connection_lives_on(
    port: int, pieces: list[bytes]
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for _ in range(2):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02)
            answer = b""
            while not answer.endswith(BODY):
                got = connection.recv(65536)
                assert got, answer
                answer += got
            assert answer.startswith(b"HTTP/1.1 200")
