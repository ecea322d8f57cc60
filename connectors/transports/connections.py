"""Connections to departments that stay open between requests; nothing is kept of what was said on them, no cookie either.

One is used by one caller at a time, and ever with the same headers, so that no source speaks under another's name. Each
request has one deadline for all of it: connecting, TLS, head and body.
"""

from __future__ import annotations

import atexit
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import h11

from connectors import egress

IDLE_SECONDS = 15.0
"""How long a connection nobody uses is kept."""
MOST_IDLE = 16
_MOST_HEAD = 100 * 1024
_PIECE = 65536
Headers = list[tuple[bytes, bytes]]


class Late(OSError):
    """The deadline has passed before the answer was whole."""


class Place(NamedTuple):
    """Where a connection leads; `trust` are the authorities of a https one."""

    host: str
    port: int
    trust: ssl.SSLContext | None = None


class Answer:
    """What is said back to one request: status, headers by lower-case name, and the body in pieces."""

    def __init__(self, connection: _Connection, head: h11.Response) -> None:
        self._connection = connection
        self.status = head.status_code
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    def pieces(self) -> Iterator[bytes]:
        """Give the body as it comes; raises Late, another OSError or h11.RemoteProtocolError where it breaks off."""
        while isinstance(event := self._connection.next_event(), h11.Data):
            yield event.data


class _Connection:
    """One socket and what HTTP/1.1 has to remember of it."""

    def __init__(self, place: Place, until: float) -> None:
        self.until = until
        self.idle_since = 0.0
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)
        self._socket = egress.connect(place.host, place.port, self._left())
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.trust is not None:
                self._socket.settimeout(self._left())
                self._socket = place.trust.wrap_socket(self._socket, server_hostname=place.host)
        except BaseException:
            self._socket.close()
            raise

    def _left(self) -> float:
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise Late
        return seconds

    def ask(self, target: bytes, headers: Headers, body: bytes | None = None) -> Answer:
        """Send a request, a POST where there is a body, and read on to the head of its answer."""
        request = h11.Request(method="GET" if body is None else "POST", target=target, headers=headers)
        said = self._state.send(request) or b""
        if body is not None:
            said += self._state.send(h11.Data(data=body)) or b""
        said += self._state.send(h11.EndOfMessage()) or b""
        self._socket.settimeout(self._left())
        self._socket.sendall(said)
        while not isinstance(event := self.next_event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise h11.RemoteProtocolError("the answer is none")
        return Answer(self, event)

    def next_event(self) -> object:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            self._socket.settimeout(self._left())  # for each piece less: who drips gains nothing
            self._state.receive_data(self._socket.recv(_PIECE))
        return event

    def may_be_kept(self) -> bool:
        """Tell whether the next answer on it can be none but that to the next request; be ready for that one then."""
        done = self._state.our_state is h11.DONE and self._state.their_state is h11.DONE
        if not done or self._state.trailing_data != (b"", False):
            return False
        self._state.start_next_cycle()
        self.idle_since = time.monotonic()
        return True

    def is_stale(self) -> bool:
        """Tell whether it is idle for long, or the other side says what nobody asked for, most often its farewell."""
        return time.monotonic() - self.idle_since > IDLE_SECONDS or self._has_bytes()

    def _has_bytes(self) -> bool:
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._socket.close()


class Connections:
    """The open connections of one process; a process forked from it begins with none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[object, _Connection]] = []
        os.register_at_fork(after_in_child=self._begin_anew)
        atexit.register(self.close)

    @contextmanager
    def asked(self, place: Place, target: bytes, headers: Headers, seconds: float) -> Iterator[Answer]:
        """Ask for `target` and give the answer, whose body must be read inside.

        Raises Late after so many seconds in all, OSError or h11.ProtocolError.
        """
        until = time.monotonic() + seconds
        kind = (place, tuple(headers))
        answer, connection = self._again(kind, target, headers, until) or _afresh(
            place, target, headers, until
        )
        try:
            yield answer
        except BaseException:
            connection.close()
            raise
        self._give_back(kind, connection)

    @contextmanager
    def told(
        self, place: Place, target: bytes, headers: Headers, body: bytes, seconds: float
    ) -> Iterator[Answer]:
        """Post a body over a connection of its own and give the answer; raises as `asked` does.

        One that was kept might be left by the other side unseen, and what is posted is not posted twice here.
        """
        connection = _Connection(place, time.monotonic() + seconds)
        try:
            yield connection.ask(target, headers, body)
        finally:
            connection.close()

    def _again(
        self, kind: object, target: bytes, headers: Headers, until: float
    ) -> tuple[Answer, _Connection] | None:
        """Ask over a connection that is open; None where there is none, or where the other side had left it."""
        if (connection := self._take(kind)) is None:
            return None
        connection.until = until
        try:
            return connection.ask(target, headers), connection
        except (ConnectionError, h11.RemoteProtocolError):
            connection.close()  # which says nothing about the source
            return None
        except BaseException:
            connection.close()
            raise

    def _take(self, kind: object) -> _Connection | None:
        with self._lock:
            stale = [pair for pair in self._idle if pair[1].is_stale()]
            self._idle = [pair for pair in self._idle if pair not in stale]
            place = next((n for n, (its, _) in enumerate(self._idle) if its == kind), None)
            found = None if place is None else self._idle.pop(place)[1]
        for _, connection in stale:
            connection.close()
        return found

    def _give_back(self, kind: object, connection: _Connection) -> None:
        if not connection.may_be_kept():
            connection.close()
            return
        with self._lock:
            self._idle.insert(0, (kind, connection))
            surplus = self._idle[MOST_IDLE:]
            del self._idle[MOST_IDLE:]
        for _, each in surplus:
            each.close()

    def close(self) -> None:
        """Close those that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, each in idle:
            each.close()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()  # somebody may have held it at the moment of the fork
        self.close()  # our end of them only: the other process speaks on


def _afresh(place: Place, target: bytes, headers: Headers, until: float) -> tuple[Answer, _Connection]:
    connection = _Connection(place, until)
    try:
        return connection.ask(target, headers), connection
    except BaseException:
        connection.close()
        raise
