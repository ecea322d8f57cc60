"""Encryption and MACs behind one provider each: international (AES-256-GCM, SHA-256) or national (SM4-GCM, SM3) algorithms, by key.

Keys stand in a variable or a file, never in the database: `<id>=<algorithm>:<base64>`, several separated by commas or
lines. The first is used, the others still open and verify what they made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

_KEY = re.compile(r"(?P<id>[a-z0-9]{1,16})=(?P<kind>[a-z0-9]+):(?P<secret>[A-Za-z0-9+/=]+)")
_NONCE, _TAG = 12, 16
BYTES: Final = {"aes": 32, "sm4": 16, "sha256": 32, "sm3": 32}
"""The algorithms, and how many bytes a key of each has."""


class KeyUnknown(Exception):
    """A key that was used once is not given; add it to the variable again."""


class Tampered(Exception):
    """What was sealed is not what is there."""


@dataclass(frozen=True, repr=False)
class SecretKey:
    """One key: its name, its algorithm, its bytes; never printed."""

    key_id: str
    kind: str
    secret: bytes

    @cached_property
    def _aes(self) -> AESGCM:
        return AESGCM(self.secret)

    def encrypt(self, clear: bytes, bound: bytes) -> bytes:
        """Give nonce, ciphertext and tag; `bound` must be the same when it is opened."""
        nonce = os.urandom(_NONCE)
        if self.kind == "aes":
            return nonce + self._aes.encrypt(nonce, clear, bound)
        cipher = Cipher(algorithms.SM4(self.secret), modes.GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(bound)
        return nonce + cipher.update(clear) + cipher.finalize() + cipher.tag

    def decrypt(self, sealed: bytes, bound: bytes) -> bytes:
        """Give what was encrypted; raise Tampered."""
        nonce, rest = sealed[:_NONCE], sealed[_NONCE:]
        try:
            if self.kind == "aes":
                return self._aes.decrypt(nonce, rest, bound)
            cipher = Cipher(algorithms.SM4(self.secret), modes.GCM(nonce, rest[-_TAG:])).decryptor()
            cipher.authenticate_additional_data(bound)
            return cipher.update(rest[:-_TAG]) + cipher.finalize()
        except (InvalidTag, ValueError) as error:
            raise Tampered("what was sealed does not open: it was changed, or the key is another") from error

    def mac(self, said: bytes) -> bytes:
        """Give the MAC of a message."""
        if self.kind == "sm3":
            code = HMAC(self.secret, hashes.SM3())
            code.update(said)
            return code.finalize()
        return hmac.digest(self.secret, said, hashlib.sha256)


@dataclass(frozen=True, repr=False)
class KeyRing:
    """The keys of one purpose; the first is the one in use."""

    keys: Mapping[str, SecretKey]

    @property
    def active(self) -> SecretKey:
        """Give the key in use."""
        return next(iter(self.keys.values()))

    def key(self, key_id: str) -> SecretKey:
        """Give a key by name; raise KeyUnknown."""
        if key_id not in self.keys:
            raise KeyUnknown(f"the key {key_id!r} is not given; there are {', '.join(self.keys)}")
        return self.keys[key_id]


def read_keys(said: str, purpose: Literal["seal", "audit"]) -> KeyRing | None:
    """Read keys as a variable says them, None where it says none; raise ValueError, which tells no secret."""
    kinds = {"seal": {"aes", "sm4"}, "audit": {"sha256", "sm3"}}[purpose]
    found: dict[str, SecretKey] = {}
    for number, one in enumerate(re.split(r"[,\s]+", said.strip()) if said.strip() else (), 1):
        shape = _KEY.fullmatch(one)
        if shape is None or shape["kind"] not in kinds:
            form = f"<id>=<{'|'.join(sorted(kinds))}>:<base64>"
            raise ValueError(
                f"{purpose} key {number} is not of the form {form}; `hub seal key {min(kinds)}` makes one"
            )
        try:
            secret = base64.b64decode(shape["secret"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"{purpose} key {number} ({shape['id']}) is no base64") from error
        if len(secret) != BYTES[shape["kind"]]:
            raise ValueError(
                f"{purpose} key {shape['id']} has {len(secret)} bytes, not {BYTES[shape['kind']]}"
            )
        if shape["id"] in found:
            raise ValueError(f"two {purpose} keys are called {shape['id']}")
        found[shape["id"]] = SecretKey(shape["id"], shape["kind"], secret)
    return KeyRing(found) if found else None


def new_key(kind: str, key_id: str = "") -> str:
    """Give a fresh key in the form of the variable."""
    secret = base64.b64encode(secrets.token_bytes(BYTES[kind])).decode()
    return f"{key_id or secrets.token_hex(4)}={kind}:{secret}"


def given_keys(
    variable: str, purpose: Literal["seal", "audit"], environment: Mapping[str, str]
) -> KeyRing | None:
    """Give the keys of a variable, or of the file that `<variable>_FILE` names; None where there are none."""
    said = environment.get(variable, "")
    if not said and (named := environment.get(f"{variable}_FILE")):
        said = Path(named).read_text(encoding="ascii")
    return read_keys(said, purpose)


def kept_audit_keys(home: Path, environment: Mapping[str, str] = os.environ) -> KeyRing:
    """Give the keys that seal the audit: of `HUB_AUDIT_KEYS`, else of a file below `home`, made when there is none."""
    given = given_keys("HUB_AUDIT_KEYS", "audit", environment)
    if given is not None:
        return given
    file = home / "audit.key"
    home.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        # whole or not at all: another process may read it at this moment
        fresh = home / f"audit.key.{secrets.token_hex(4)}"
        made = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.write(made, f"{new_key('sha256')}\n".encode("ascii"))
        os.close(made)
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    ring = read_keys(file.read_text(encoding="ascii"), "audit")
    if ring is None:
        raise ValueError(f"{file} holds no key: remove it, or write one into it")
    return ring
