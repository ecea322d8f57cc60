"""Rule C10: only what the department signed is taken, and a message that comes again says nothing new."""

from __future__ import annotations

import base64
import time
from pathlib import Path

from connectors.signatures import SignatureRefused, sign, verify
from connectors.testing.feed import Feed, NotConcerned
from schemas.records import RawRecord

_SECRET = base64.b64encode(b"of the kit, and of nobody else").decode()
_OTHER = base64.b64encode(b"of somebody who is not the department").decode()


def takes_signed_pushes(feed: Feed) -> str | None:
    """A push with a wrong signature is refused, and one that comes again gives the same records once more."""
    push = feed.manifest.push
    if push is None:
        raise NotConcerned("nobody pushes this feed")
    feed.some_raws()
    now, tolerance = time.time(), push.tolerance_seconds
    for body in _messages(feed.folder):
        headers = _signed(_SECRET, int(now), body)
        try:
            verify([_OTHER, _SECRET], headers, body, now, tolerance)
        except SignatureRefused:
            return "a message signed with one of its secrets is refused"
        forgeries = {
            "a message without a signature": ([_SECRET], {}, body),
            "a message signed with another secret": ([_OTHER], headers, body),
            "a message that was changed on the way": ([_SECRET], headers, body + b" "),
            "an old message": ([_SECRET], _signed(_SECRET, int(now) - tolerance - 2, body), body),
        }
        for what, (secrets, said, bytes_) in forgeries.items():
            try:
                verify(secrets, said, bytes_, now, tolerance)
            except SignatureRefused:
                continue
            return f"{what} is taken"
        first, again = (list(feed.connector.unpack(headers, body)) for _ in range(2))
        if first != again:
            return "a message that comes again gives other records"
        names = [(row.key, row.version) for row in first if isinstance(row, RawRecord)]
        if len(set(names)) != len(names):
            return "a message says one version of a record twice: which of them counts cannot be told"
    return None


def _messages(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted((folder / "sample").glob("*.json"))]


def _signed(secret: str, at: int, body: bytes) -> dict[str, str]:
    entry = sign(secret, "msg_of_the_kit", at, body)
    return {"webhook-id": "msg_of_the_kit", "webhook-timestamp": str(at), "webhook-signature": entry}
