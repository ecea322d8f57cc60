"""Signatures of pushes: Standard Webhooks 1.0.0, `v1` HMAC-SHA256 and our further entry `sm3` HMAC-SM3."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence

DIGESTS = {
    kind: name
    for kind, name in {b"v1": "sha256", b"sm3": "sm3"}.items()
    if name in hashlib.algorithms_available
}
_SECONDS = re.compile(rb"0|[1-9][0-9]{0,11}")


class SignatureRefused(Exception):
    """The message was not signed with a secret of this source, or not now: refuse it, and say no more than that."""


def signer(
    keys: Sequence[bytes],
    message_id: bytes,
    stamp: bytes,
    signature: bytes,
    body: bytes,
    now: float,
    tolerance: int = 300,
) -> int:
    """Give the place among `keys` of the one that signed `message_id.stamp.body` by an entry of `signature`.

    The timestamp is whole seconds and may be `tolerance` off `now`. Raises SignatureRefused and nothing else.
    """
    if not message_id or not _SECONDS.fullmatch(stamp) or abs(now - int(stamp)) > tolerance:
        raise SignatureRefused
    signed = b"%b.%b.%b" % (message_id, stamp, body)
    found = -1
    for kind, digest in DIGESTS.items():
        if kind not in signature:
            continue
        claims = [entry[len(kind) + 1 :] for entry in signature.split(b" ") if entry.startswith(kind + b",")]
        for place, key in enumerate(keys):
            right = _mac(key, signed, digest)
            for claimed in claims:
                if hmac.compare_digest(right, claimed) and key:
                    found = place
    if found < 0:
        raise SignatureRefused
    return found


def verify(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float, tolerance: int = 300
) -> None:
    """Return when one entry of `webhook-signature` is right for one of the secrets; header names in any case.

    Raises SignatureRefused and nothing else.
    """
    given = {name.lower(): value.encode("utf-8", "replace") for name, value in headers.items()}
    message_id, stamp, signature = (
        given.get(f"webhook-{name}", b"") for name in ("id", "timestamp", "signature")
    )
    keys = [secret_bytes(secret) for secret in secrets]
    signer(keys, message_id, stamp, signature, body, now, tolerance)


def sign(secret: str, message_id: str, timestamp: int, body: bytes, kind: str = "v1") -> str:
    """Give the entry of `webhook-signature` for a message, as a sender makes it."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"{kind},{_mac(secret_bytes(secret), signed, DIGESTS[kind.encode()]).decode('ascii')}"


def secret_bytes(secret: str) -> bytes:
    """Decode `whsec_<base64>`, padded or not; a text that is no base64 gives b'', which signs nothing."""
    bare = secret.strip().removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(key: bytes, signed: bytes, digest: str) -> bytes:
    return binascii.b2a_base64(hmac.digest(key, signed, digest), newline=False)
