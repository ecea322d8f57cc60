"""The one pair every raw byte passes on its way into memory and out: identity until encryption is switched on."""

from __future__ import annotations


def seal(body: bytes) -> bytes:
    """Give the bytes memory keeps for `body`."""
    return body


def unseal(kept: bytes) -> bytes:
    """Give back the body that was sealed."""
    return kept
