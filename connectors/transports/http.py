"""JSON APIs, page by page. The only place that imports httpx, and the only place that opens a connection."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import httpx

from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.transport_settings import HttpSettings
from connectors.transports.http_auth import headers_for

AGENT = "lifecycle-hub"
_PIECE = 65536


@dataclass(slots=True)
class _Cutter:
    """Shuts the sockets of a client, so that a server that drips bytes cannot hold us beyond the deadline."""

    sockets: list[socket.socket]
    cut: bool = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self.sockets.append(info["return_value"].get_extra_info("socket"))
            if self.cut:  # the deadline came while this one was opened
                self.shut()

    def shut(self) -> None:
        self.cut = True
        for each in self.sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)


class Client:
    """Asks one API: GET only, no redirects, a hard deadline and a byte cap per answer, patient with passing faults."""

    def __init__(
        self,
        settings: HttpSettings,
        base: str,
        variables: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._url = urljoin(base.rstrip("/") + "/", settings.path.lstrip("/")) if settings.path else base
        own = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._headers = own | headers_for(settings.auth, variables)
        self._sleep = sleep
        # read once: the bundle of authorities costs more than a page
        self._trust = (
            httpx.create_ssl_context(trust_env=False) if self._url.lower().startswith("https") else False
        )

    def get(self, parameters: Mapping[str, str], address: str | None = None) -> bytes:
        """Give the body of one answer; `address` (a next link) must stay on the same host.

        Raises SourceUnavailable, AuthFailed or SourceChanged.
        """
        url = httpx.URL(self._url)
        if address is not None:
            following = url.join(address)
            if (following.scheme, following.host, following.port) != (url.scheme, url.host, url.port):
                raise SourceChanged(f"the next page leads to another host: {following.host}")
            url = following
        left, seconds = self._settings.patience_seconds, self._settings.deadline_seconds
        for attempt in range(1, self._settings.attempts + 1):
            begun = time.monotonic()
            try:
                return self._once(url, parameters, seconds)
            except SourceUnavailable as error:
                left -= time.monotonic() - begun
                wait = error.retry_after
                if wait is None:
                    wait = 0.5 * 2**attempt * random.uniform(0.5, 1)  # noqa: S311 - spreads retries, hides nothing
                if attempt == self._settings.attempts or wait >= left:
                    raise
                left -= wait
                seconds = min(seconds, left)
                self._sleep(wait)
        raise AssertionError("attempts is at least one")

    def _once(self, url: httpx.URL, parameters: Mapping[str, str], seconds: float) -> bytes:
        cutter = _Cutter([])
        timer = threading.Timer(seconds, cutter.shut)
        timer.daemon = True
        timer.start()
        try:
            with (
                httpx.Client(
                    timeout=seconds,
                    follow_redirects=False,
                    headers=self._headers,
                    trust_env=False,
                    verify=self._trust,
                ) as client,
                client.stream(
                    "GET", url, params=parameters or None, extensions={"trace": cutter.trace}
                ) as answer,
            ):
                _check_status(answer)
                body = self._read(answer)
            if cutter.cut:
                raise SourceUnavailable("the source did not finish its answer in time")
            return body
        except httpx.InvalidURL as error:
            raise SourceUnavailable(f"the address is not usable: {error}") from error
        except httpx.HTTPError as error:
            late = cutter.cut or isinstance(error, httpx.TimeoutException)
            said = (
                "the source did not finish its answer in time" if late else f"{type(error).__name__}: {error}"
            )
            raise SourceUnavailable(said) from error
        finally:
            timer.cancel()

    def _read(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        for chunk in _unpacked(answer):
            body += chunk
            if len(body) > self._settings.max_bytes:
                raise SourceChanged(f"the answer is larger than {self._settings.max_bytes} bytes")
        return bytes(body)


def _unpacked(answer: httpx.Response) -> Iterator[bytes]:
    """Give a body in pieces of bounded size: httpx would unpack a whole network chunk, a thousandfold, at once."""
    packing = answer.headers.get("content-encoding", "").strip().lower()
    if packing in {"", "identity"}:
        yield from answer.iter_raw(_PIECE)
        return
    if packing not in {"gzip", "x-gzip"}:
        raise SourceChanged(f"the answer is packed in a way nobody asked for: {packing[:40]}")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for chunk in answer.iter_raw(_PIECE):
            piece = unpacker.decompress(chunk, _PIECE)
            while piece:
                yield piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
    except zlib.error as error:
        raise SourceChanged(f"the answer says it is gzip and is not: {error}") from error
    if not unpacker.eof:
        raise SourceUnavailable("the answer breaks off before its end")


def _check_status(answer: httpx.Response) -> None:
    status = answer.status_code
    if status in (401, 403):
        raise AuthFailed(f"the source answers {status}: it does not accept our credentials")
    if status in (408, 425, 429) or status >= 500:
        raise SourceUnavailable(f"the source answers {status}", retry_after=_retry_after(answer))
    if answer.has_redirect_location:
        place = answer.headers["location"].split("?")[0][:200]
        raise SourceChanged(
            f"the source answers {status} and sends us to {place}: redirects are not followed"
        )
    if status != 200:
        raise SourceChanged(f"the source answers {status} where it used to answer 200")


def _retry_after(answer: httpx.Response) -> float | None:
    """Read how long a source asks us to wait, in seconds or as a date; None where it says nothing readable."""
    said = answer.headers.get("retry-after", "")
    if said.isascii() and said.isdigit() and len(said) <= 9:
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
