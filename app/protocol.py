"""HTTP/1.1 as the server reads it, also from clients that would rather speak HTTP/2."""

from __future__ import annotations

import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_ASKS = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n)", re.IGNORECASE)


class Http1(HttpToolsProtocol):
    """Reads a request that offers an upgrade to HTTP/2 as if it did not, which RFC 9110 7.8 allows a server.

    Java's own client offers it with its first request, and the parser would take the body for the other protocol.
    """

    def data_received(self, data: bytes) -> None:
        """Take in bytes of a connection; where a request begins, its offer is left out."""
        if b"h2c" in data and getattr(self.cycle, "response_complete", True):
            head, end, body = data.partition(b"\r\n\r\n")
            data = _ASKS.sub(b"", head + end[:2], count=1) + end[2:] + body
        super().data_received(data)
