from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connectors.errors import AuthFailed, SourceUnavailable
from connectors.transport_settings import HttpSettings
from connectors.transports.http import Client

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """A server that answers by a script: for each connection the answers to its requests; what it was sent is kept."""

    def __init__(self, *scripts: list[bytes]) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.scripts = list(scripts)
        self.asked: list[list[bytes]] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def _serve(self) -> None:
        for script in self.scripts:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            self.asked.append([])
            threading.Thread(
                target=self._speak, args=(connection, script, self.asked[-1]), daemon=True
            ).start()

    def _speak(self, connection: socket.socket, script: list[bytes], asked: list[bytes]) -> None:
        with connection:
            for answer in script:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    if not (piece := connection.recv(65536)):
                        return
                    request += piece
                asked.append(request)
                connection.sendall(answer)

    def close(self) -> None:
        for each in (*self._open, self._listening):
            with contextlib.suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@contextmanager
def listening(*scripts: list[bytes]) -> Iterator[Listener]:
    made = Listener(*scripts)
    try:
        yield made
    finally:
        made.close()


def client(server: Listener, **variables: str) -> Client:
    auth = {"kind": "bearer", "variable": "T"} if variables else {}
    given = {"kind": "http", "variable": "X", "deadline_seconds": 3.0, "attempts": 1, "auth": auth}
    return Client(HttpSettings.model_validate({k: v for k, v in given.items() if v}), server.url, variables)


def test_requests_with_the_same_headers_share_a_connection_also_from_run_to_run() -> None:
    with listening([GOOD] * 3) as server:
        first, second = client(server), client(server)
        assert [first.get({"page": "1"}), first.get({"page": "2"}), second.get({})] == [b"{}"] * 3
    assert len(server.asked) == 1
    assert len(server.asked[0]) == 3


def test_no_source_speaks_over_a_connection_that_bore_anothers_credentials() -> None:
    with listening([GOOD] * 2, [GOOD] * 2) as server:
        mine, theirs = client(server, T="mine"), client(server, T="theirs")
        for each in (mine, theirs, mine):
            each.get({})
    told = [[b"mine" in request for request in requests] for requests in server.asked]
    assert told == [[True, True], [False]]


def test_no_cookie_is_kept() -> None:
    setting = GOOD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
    with listening([setting] * 2) as server:
        one = client(server)
        one.get({})
        one.get({})
    assert [b"ookie" in request for request in server.asked[0]] == [False, False]


@pytest.mark.parametrize("farewell", [[GOOD], [GOOD, b""], [GOOD, b"HTP/1.1 nonsense\r\n\r\n"]])
def test_a_connection_the_other_side_has_left_costs_nothing_but_a_new_one(farewell: list[bytes]) -> None:
    with listening(farewell, [GOOD]) as server:
        one = client(server)
        assert one.get({}) == b"{}"
        assert one.get({}) == b"{}"
    assert len(server.asked) == 2


def test_a_new_connection_that_breaks_is_the_sources_fault() -> None:
    with listening([b""]) as server, pytest.raises(SourceUnavailable):
        client(server).get({})


FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


@pytest.mark.parametrize("said", [GOOD + FORGED, GOOD + FORGED[:20], GOOD + b"\r\n"])
def test_what_follows_an_answer_is_never_the_answer_to_the_next_request(said: bytes) -> None:
    with listening([said, GOOD], [GOOD]) as server:
        one = client(server)
        assert [one.get({}), one.get({})] == [b"{}", b"{}"]
    assert [len(requests) for requests in server.asked] == [1, 1]


def test_an_answer_that_was_not_read_to_its_end_ends_its_connection() -> None:
    refused = b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}"
    with listening([refused], [GOOD]) as server:
        one = client(server)
        with pytest.raises(AuthFailed):
            one.get({})
        assert one.get({}) == b"{}"


def test_the_deadline_holds_on_a_connection_that_is_open() -> None:
    with listening([GOOD, b"HTTP/1.1 200 OK\r\nX-Slow:"]) as server:
        given = {"kind": "http", "variable": "X", "deadline_seconds": 0.2, "attempts": 1}
        one = Client(HttpSettings.model_validate(given), server.url, {})
        assert one.get({}) == b"{}"
        server.scripts.clear()
        with pytest.raises(SourceUnavailable):
            one.get({})


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_opens_its_own_connections() -> None:
    with listening([GOOD, GOOD], [GOOD]) as server:
        one = client(server)
        one.get({})
        child = os.fork()
        if not child:
            os._exit(0 if one.get({}) == b"{}" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert one.get({}) == b"{}"
    assert [len(requests) for requests in server.asked] == [2, 1]


def test_credentials_with_a_line_break_are_refused_without_telling_them() -> None:
    with listening([GOOD]) as server, pytest.raises(AuthFailed) as refused:
        client(server, T="secret\nword").get({})
    assert "secret" not in f"{refused.value!r} {refused.value.__cause__!r}"
