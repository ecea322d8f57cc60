"""Posting a message to a receiver: one attempt, one deadline for all of it, nothing followed and next to nothing read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import h11
import httpx

from connectors.egress import EgressRefused, check_url
from connectors.transports.connections import Answer, Late, Place
from connectors.transports.http import CONNECTIONS, retry_after, trusted

_MOST_READ = 64 * 1024


class Sent(NamedTuple):
    """What became of an attempt: the status, or what stood in the way of one; how long it took."""

    status: int | None
    error: str | None
    milliseconds: int
    retry_after: float | None = None
    """Seconds for which the receiver asks to be left alone."""

    @property
    def well(self) -> bool:
        """Tell whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


def post(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Sent:
    """Post a body and tell what became of it; never raises for what the other side or the way there does."""
    begun = time.monotonic()
    status, wait, error = None, None, None
    try:
        check_url(url)
        address = httpx.URL(url)
        trust = trusted() if address.scheme == "https" else None
        place = Place(address.raw_host.decode("ascii"), address.port or (443 if trust else 80), trust)
        said = {
            "Host": address.netloc.decode("ascii"),
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }
        raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in said.items()]
        with CONNECTIONS.told(place, address.raw_path, raw, body, seconds) as answer:
            status, wait = answer.status, retry_after(answer)
            _let_finish(answer)
    except EgressRefused as refused:
        status, error = None, str(refused)
    except (Late, TimeoutError):
        status, error = None, f"the receiver did not finish its answer in {seconds:.0f} s"
    except (OSError, UnicodeError, httpx.InvalidURL, h11.ProtocolError) as failed:
        status, error = None, f"{type(failed).__name__}: {failed}"
    return Sent(status, error, round((time.monotonic() - begun) * 1000), wait)


def _let_finish(answer: Answer) -> None:
    """Hear the receiver out, for some break when nobody does; its status was its answer, whatever comes behind it."""
    size = 0
    with suppress(OSError, h11.RemoteProtocolError):
        for piece in answer.pieces():
            size += len(piece)
            if size > _MOST_READ:
                return
