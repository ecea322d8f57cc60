"""JSON APIs, page by page: what is asked, what an answer may be, and when to try again."""

from __future__ import annotations

import random
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urljoin

import h11
import httpx

from connectors.egress import EgressRefused
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.transport_settings import HttpSettings
from connectors.transports.connections import Answer, Connections, Late, Place
from connectors.transports.http_auth import headers_for

AGENT = "lifecycle-hub"
Mark = dict[str, str]
"""By which a source knows again what it has said: `etag`, `last-modified`, or neither."""
_ASKED_BY = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
_PIECE = 65536
CONNECTIONS = Connections()
_REDIRECTS = {301, 302, 303, 307, 308}


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
        self.url = urljoin(base.rstrip("/") + "/", settings.path.lstrip("/")) if settings.path else base
        own = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
        self._headers = own | headers_for(settings.auth, variables)
        self._sleep = sleep

    def get(self, parameters: Mapping[str, str], address: str | None = None) -> bytes:
        """Give the body of one answer; `address` (a next link) must stay on the same host.

        Raises SourceUnavailable, AuthFailed or SourceChanged.
        """
        body, _ = self._patiently(self._address(parameters, address), {})
        assert body is not None, "an answer without a body is asked for by a mark alone"
        return body

    def get_unless(self, parameters: Mapping[str, str], mark: Mapping[str, str]) -> tuple[bytes | None, Mark]:
        """Give a body and the mark its source gives it; None where the source says that it still is the one of `mark`.

        Raises as `get` does.
        """
        unless = {_ASKED_BY[name]: value for name, value in mark.items() if name in _ASKED_BY}
        return self._patiently(self._address(parameters, None), unless)

    def _patiently(self, url: httpx.URL, unless: Mapping[str, str]) -> tuple[bytes | None, Mark]:
        left, seconds = self._settings.patience_seconds, self._settings.deadline_seconds
        for attempt in range(1, self._settings.attempts + 1):
            begun = time.monotonic()
            try:
                return self._once(url, seconds, unless)
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

    def _address(self, parameters: Mapping[str, str], address: str | None) -> httpx.URL:
        try:
            url = httpx.URL(self.url)
            if address is not None:
                following = url.join(address)
                if (following.scheme, following.host, following.port) != (url.scheme, url.host, url.port):
                    raise SourceChanged(f"the next page leads to another host: {following.host}")
                url = following
            if parameters:
                url = url.copy_merge_params(parameters)
        except httpx.InvalidURL as error:
            raise SourceUnavailable(f"the address is not usable: {error}") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise SourceUnavailable("the address is not usable: it begins with neither http:// nor https://")
        if url.userinfo:
            raise SourceUnavailable("the address holds an account: name it by `auth` in the manifest instead")
        return url

    def _once(self, url: httpx.URL, seconds: float, unless: Mapping[str, str]) -> tuple[bytes | None, Mark]:
        trust = trusted() if url.scheme == "https" else None
        place = Place(url.raw_host.decode("ascii"), url.port or (443 if trust else 80), trust)
        try:
            with CONNECTIONS.asked(place, url.raw_path, self._said(url, unless), seconds) as answer:
                mark = {name: answer.headers[name] for name in _ASKED_BY if name in answer.headers}
                unchanged = bool(unless) and answer.status == 304
                if not unchanged:
                    _check_status(answer)
                body = self._read(answer)
                return None if unchanged else body, mark
        except (Late, TimeoutError) as error:
            raise SourceUnavailable("the source did not finish its answer in time") from error
        except h11.LocalProtocolError:
            # the error's own words would tell the secret
            raise AuthFailed("the credentials hold a sign that no header may bear") from None
        except EgressRefused as error:
            raise SourceUnavailable(str(error)) from error
        except (OSError, UnicodeError, h11.RemoteProtocolError) as error:
            raise SourceUnavailable(f"{type(error).__name__}: {error}") from error

    def _said(self, url: httpx.URL, unless: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        named = {"Host": url.netloc.decode("ascii"), **self._headers, **unless}
        return [(name.encode("ascii"), value.encode("utf-8")) for name, value in named.items()]

    def _read(self, answer: Answer) -> bytes:
        pieces, size = list[bytes](), 0
        for piece in _unpacked(answer):
            size += len(piece)
            if size > self._settings.max_bytes:
                raise SourceChanged(f"the answer is larger than {self._settings.max_bytes} bytes")
            pieces.append(piece)
        return b"".join(pieces)


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Read whom we trust, once: the bundle of authorities costs more than a page."""
    return httpx.create_ssl_context(trust_env=False)


def _unpacked(answer: Answer) -> Iterator[bytes]:
    """Give a body in pieces of bounded size: a chunk of the network may unpack to a thousandfold."""
    packing = answer.headers.get("content-encoding", "").strip().lower()
    if packing in {"", "identity"}:
        yield from answer.pieces()
        return
    if packing not in {"gzip", "x-gzip"}:
        raise SourceChanged(f"the answer is packed in a way nobody asked for: {packing[:40]}")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        for chunk in answer.pieces():
            piece = unpacker.decompress(chunk, _PIECE)
            while piece:
                yield piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
    except zlib.error as error:
        raise SourceChanged(f"the answer says it is gzip and is not: {error}") from error
    if not unpacker.eof:
        raise SourceUnavailable("the answer breaks off before its end")


def _check_status(answer: Answer) -> None:
    status = answer.status
    if status in (401, 403):
        raise AuthFailed(f"the source answers {status}: it does not accept our credentials")
    if status in (408, 425, 429) or status >= 500:
        raise SourceUnavailable(f"the source answers {status}", retry_after=retry_after(answer))
    if status in _REDIRECTS and "location" in answer.headers:
        place = answer.headers["location"].split("?")[0][:200]
        raise SourceChanged(
            f"the source answers {status} and sends us to {place}: redirects are not followed"
        )
    if status != 200:
        raise SourceChanged(f"the source answers {status} where it used to answer 200")


def retry_after(answer: Answer) -> float | None:
    """Read how long a source asks us to wait, in seconds or as a date; None where it says nothing readable."""
    said = answer.headers.get("retry-after", "")
    if said.isascii() and said.isdigit() and len(said) <= 9:
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
