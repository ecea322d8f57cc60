"""Signatures of pushes: Standard Webhooks 1.0.0, `v1` HMAC-SHA256 and our further entry `sm3` HMAC-SM3."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

DIGESTS = {b"v1": "sha256", b"sm3": "sm3"}
_SECONDS = re.compile(r"[0-9]{1,12}")


class SignatureRefused(Exception):
    """The message was not signed with a secret of this source, or not now: refuse it, and say no more than that."""


def verify(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float, tolerance: int = 300
) -> None:
    """Return when one entry of `webhook-signature` is right for one of the secrets; header names in lower case.

    Signed are the bytes `webhook-id.webhook-timestamp.body`; the timestamp may be `tolerance` seconds off `now`.
    Raises SignatureRefused and nothing else.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or not _SECONDS.fullmatch(stamp) or abs(now - int(stamp)) > tolerance:
        raise SignatureRefused
    signed = f"{message_id}.{stamp}.".encode("utf-8", "replace") + body
    entries = given.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    right = False
    for secret in secrets:
        key = secret_bytes(secret)
        for entry in entries:
            kind, _, claimed = entry.partition(b",")
            if key and kind in DIGESTS and DIGESTS[kind] in hashlib.algorithms_available:
                right |= hmac.compare_digest(_mac(key, signed, DIGESTS[kind]), claimed)
    if not right:
        raise SignatureRefused


def sign(secret: str, message_id: str, timestamp: int, body: bytes, kind: str = "v1") -> str:
    """Give the entry of `webhook-signature` for a message, as a sender makes it."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"{kind},{_mac(secret_bytes(secret), signed, DIGESTS[kind.encode()]).decode('ascii')}"


def secret_bytes(secret: str) -> bytes:
    """Decode `whsec_<base64>`; a text that is no base64 gives b'', which signs nothing."""
    try:
        return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(key: bytes, signed: bytes, digest: str) -> bytes:
    return base64.b64encode(hmac.new(key, signed, digest).digest())
