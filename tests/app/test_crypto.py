from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.crypto import BYTES, KeyUnknown, SecretKey, Tampered, given_keys, kept_audit_keys, new_key, read_keys

WORD = "QUFB" * 10 + "QUE="  # 32 bytes


@pytest.mark.parametrize("kind", ["aes", "sm4"])
def test_what_is_encrypted_opens_with_its_key_and_as_it_was_bound(kind: str) -> None:
    ring = read_keys(new_key(kind, "k1"), "seal")
    assert ring is not None
    for clear in (b"", b"x", "项目".encode() * 1000):
        sealed = ring.active.encrypt(clear, b"head")
        assert clear not in sealed or not clear
        assert ring.active.decrypt(sealed, b"head") == clear
        assert ring.active.encrypt(clear, b"head") != sealed
        for changed in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"\0" + sealed[1:], sealed[:5], b""):
            if changed != sealed:
                with pytest.raises(Tampered):
                    ring.active.decrypt(changed, b"head")
        with pytest.raises(Tampered):
            ring.active.decrypt(sealed, b"tail")


def test_the_national_algorithms_are_those_of_the_standards() -> None:
    # GB/T 32905-2016 example 1 through HMAC's own definition; GB/T 32907-2016 through RFC 8998, A.1
    key = SecretKey("k", "sm3", b"\x0b" * 32)
    assert len(key.mac(b"Hi There")) == 32
    assert key.mac(b"a") != SecretKey("k", "sha256", b"\x0b" * 32).mac(b"a")
    secret = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    clear = b"".join(bytes([byte]) * 8 for byte in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert SecretKey("k", "sm4", secret).decrypt(nonce + sealed, bound) == clear


@pytest.mark.parametrize(
    ("said", "purpose"),
    [
        ("k", "seal"),
        (f"k=sha256:{WORD}", "seal"),
        (f"k=aes:{WORD}", "audit"),
        ("k=aes:c2hvcnQ=", "seal"),
        ("k=aes:====", "seal"),
        (f"k=aes:{WORD},k=aes:{WORD}", "seal"),
    ],
)
def test_what_is_no_key_is_refused_without_telling_it(said: str, purpose: str) -> None:
    with pytest.raises(ValueError, match="key") as told:
        read_keys(said, purpose)  # type: ignore[arg-type]  # one of two words
    assert said.partition(":")[2] not in str(told.value) or ":" not in said


def test_keys_are_read_from_a_variable_or_a_file_and_never_shown(tmp_path: Path) -> None:
    first, second = new_key("aes", "new"), new_key("sm4", "old")
    file = tmp_path / "keys"
    file.write_text(f"{first}\n{second}\n")
    for environment in ({"HUB_X": f"{first},{second}"}, {"HUB_X_FILE": str(file)}):
        ring = given_keys("HUB_X", "seal", environment)
        assert ring is not None
        assert (ring.active.key_id, ring.key("old").kind) == ("new", "sm4")
        assert first.partition(":")[2] not in repr(ring) + repr(ring.active)
        with pytest.raises(KeyUnknown):
            ring.key("older")
    assert given_keys("HUB_X", "seal", {}) is None


def test_a_hub_that_is_given_no_key_for_its_audit_makes_one_that_only_it_reads(tmp_path: Path) -> None:
    made = kept_audit_keys(tmp_path / "home", {})
    assert kept_audit_keys(tmp_path / "home", {}).active == made.active
    assert stat.S_IMODE((tmp_path / "home" / "audit.key").stat().st_mode) == 0o600
    given = new_key("sm3")
    assert kept_audit_keys(tmp_path / "home", {"HUB_AUDIT_KEYS": given}).active.kind == "sm3"
    assert set(BYTES) == {"aes", "sm4", "sha256", "sm3"}


def test_of_several_who_need_the_key_at_once_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: kept_audit_keys(tmp_path, {}).active, range(4)))
    assert len({key.secret for key in made}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["audit.key"]
