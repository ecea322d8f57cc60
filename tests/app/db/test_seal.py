from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import KeyUnknown, Tampered, new_key
from app.db import seal as sealing
from app.db.seal import MARK, ring, seal, stale, unseal

BODIES = st.one_of(st.binary(max_size=200), st.binary(max_size=20).map(MARK.__add__))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    ring.cache_clear()
    yield
    ring.cache_clear()


def given_keys(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    monkeypatch.setenv("HUB_SEAL_KEYS", ",".join(keys))
    ring.cache_clear()


@given(BODIES)
def test_without_keys_bodies_stay_as_they_are_and_always_come_back(body: bytes) -> None:
    assert unseal(seal(body)) == body
    assert seal(body) == body or body.startswith(MARK)
    assert not stale(seal(body))


@pytest.mark.parametrize("kind", ["aes", "sm4"])
def test_with_a_key_nothing_is_kept_readable_and_everything_comes_back(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_keys(monkeypatch, new_key(kind))
    for body in (b"", b"x", MARK, MARK + b"0rest", "住建局".encode() * 100):
        kept = seal(body)
        assert unseal(kept) == body
        assert kept.startswith(MARK) or not body
        assert len(body) < 5 or body not in kept


def test_what_was_kept_before_or_under_a_former_key_opens_and_is_told_to_be_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, odd = seal(b"plain"), seal(MARK + b"plain")
    former, later = new_key("aes", "former"), new_key("sm4", "later")
    given_keys(monkeypatch, former)
    sealed = seal(b"sealed")
    given_keys(monkeypatch, later, former)
    assert [unseal(kept) for kept in (plain, odd, sealed)] == [b"plain", MARK + b"plain", b"sealed"]
    assert all(stale(kept) for kept in (plain, odd, sealed))
    assert not stale(seal(b"sealed"))
    assert not stale(b"")
    given_keys(monkeypatch, later)
    with pytest.raises(KeyUnknown, match="former"):
        unseal(sealed)
    monkeypatch.delenv("HUB_SEAL_KEYS")
    ring.cache_clear()
    with pytest.raises(KeyUnknown):
        unseal(sealed)
    assert stale(sealed)


def test_every_changed_byte_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given_keys(monkeypatch, new_key("aes", "k"))
    kept = seal(b"some body")
    for i in range(len(MARK), len(kept)):
        changed = kept[:i] + bytes([kept[i] ^ 1]) + kept[i + 1 :]
        with pytest.raises((Tampered, KeyUnknown)):
            assert sealing.unseal(changed) != b"some body"
