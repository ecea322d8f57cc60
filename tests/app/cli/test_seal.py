from __future__ import annotations

from collections.abc import Callable

import pytest

from app.crypto import read_keys


@pytest.mark.parametrize(
    ("kind", "purpose"), [("aes", "seal"), ("sm4", "seal"), ("sha256", "audit"), ("sm3", "audit")]
)
def test_a_fresh_key_is_of_the_form_that_is_read(says: Callable[..., str], kind: str, purpose: str) -> None:
    ring = read_keys(says("seal", "key", kind, "--id", "k1"), purpose)  # type: ignore[arg-type]  # one of two words
    assert ring is not None
    assert (ring.active.key_id, ring.active.kind) == ("k1", kind)


def test_without_a_key_nothing_is_sealed_anew_unless_it_is_meant(
    says: Callable[..., str], refuses: Callable[..., str]
) -> None:
    assert "HUB_SEAL_KEYS" in refuses("seal", "again")
    says("seal", "again", "--open")
