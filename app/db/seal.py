"""The one pair every raw byte passes on its way into memory and out: identity unless `HUB_SEAL_KEYS` says by which key to encrypt.

Sealed is: a mark, the algorithm, the key's name, nonce, ciphertext, tag. What was kept before encryption was switched
on, or under a former key that is still given, opens as before.
"""

from __future__ import annotations

import os
from functools import cache

from app.crypto import KeyRing, KeyUnknown, Tampered, given_keys

MARK = b"\x00LHs"
"""How what is sealed begins; a body that happens to begin so is marked as plain."""
_PLAIN = MARK + b"0"
_KINDS = {"aes": b"a", "sm4": b"s"}


@cache
def ring() -> KeyRing | None:
    """Give the keys of this process, read once: a process that forks or is started anew reads the same variable."""
    return given_keys("HUB_SEAL_KEYS", "seal", os.environ)


def seal(body: bytes) -> bytes:
    """Give the bytes memory keeps for `body`; nothing stays nothing."""
    keys = ring()
    if keys is None or not body:
        return _PLAIN + body if body.startswith(MARK) else body
    return _sealed(keys, body)


def unseal(kept: bytes) -> bytes:
    """Give back the body that was sealed; raise Tampered or KeyUnknown."""
    if not kept.startswith(MARK):
        return kept
    if kept.startswith(_PLAIN):
        return kept[len(_PLAIN) :]
    head = len(MARK) + 2
    end = head + kept[head - 1]
    keys = ring()
    if keys is None:
        raise KeyUnknown("memory is encrypted, and HUB_SEAL_KEYS gives no key")
    key = keys.key(kept[head:end].decode("ascii", "replace"))
    if _KINDS[key.kind] != kept[head - 2 : head - 1]:
        raise Tampered("what was sealed says it was sealed otherwise")
    return key.decrypt(kept[end:], kept[:end])


def stale(kept: bytes) -> bool:
    """Say whether kept bytes would be sealed otherwise today."""
    keys = ring()
    if keys is None or not kept:
        return kept.startswith(MARK) and not kept.startswith(_PLAIN)
    return not kept.startswith(_head(keys))


def _sealed(keys: KeyRing, body: bytes) -> bytes:
    head = _head(keys)
    return head + keys.active.encrypt(body, head)


def _head(keys: KeyRing) -> bytes:
    key = keys.active
    return MARK + _KINDS[key.kind] + bytes([len(key.key_id)]) + key.key_id.encode("ascii")
