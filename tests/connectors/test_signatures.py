"""Vectors: Standard Webhooks, libraries' own tests, github.com/standard-webhooks/standard-webhooks at b2fa7b8, MIT licence."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from connectors.signatures import SignatureRefused, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 characters!").decode()
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
RIGHT = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
WRONG = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def refused(
    signature: str | None = RIGHT,
    *,
    secrets: tuple[str, ...] = (SECRET,),
    body: bytes = BODY,
    now: float = AT,
    stamp: str = str(AT),
    message: str = ID,
    tolerance: int = 300,
) -> bool:
    headers = {"Webhook-Id": message, "webhook-timestamp": stamp}
    if signature is not None:
        headers["webhook-signature"] = signature
    try:
        verify(secrets, headers, body, now, tolerance)
    except SignatureRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("signature", "right"),
    [(RIGHT, True), (RIGHT[:-2] + "A=", False), ("v1,", False), (f"{WRONG} v2,{WRONG[3:]} {RIGHT}", True)],
)
def test_the_published_vectors_hold(signature: str, right: bool) -> None:
    assert refused(signature) is not right


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        " ",
        "v1",
        "v1,,",
        f"v1,,{RIGHT[3:]}",
        RIGHT[3:],
        f"v1a,{RIGHT[3:]}",
        "v1,\u4e2d",
        "v1," + "=" * 9,
    ],
)
def test_signatures_of_no_form_are_refused_and_never_an_error(signature: str | None) -> None:
    assert refused(signature)
    assert not refused(f"{signature or ''}  {RIGHT}")


def test_every_byte_of_what_was_signed_counts() -> None:
    assert refused(body=BODY + b" ")
    assert refused(message=ID + "x")
    assert refused(stamp=str(AT + 1))
    assert refused(secrets=(OTHER,))
    assert refused(secrets=())
    assert refused(secrets=("whsec_", "not base64!"))
    assert not refused(secrets=(OTHER, SECRET))


@pytest.mark.parametrize(
    "stamp", ["", "soon", "1614265330.0", "-1614265330", " 1614265330", "9" * 30, "１６１４２６５３３０"]
)
def test_a_timestamp_is_whole_seconds(stamp: str) -> None:
    assert refused(sign(SECRET, ID, AT, BODY), stamp=stamp)


def test_the_timestamp_may_be_off_by_the_tolerance_and_no_more() -> None:
    assert not refused(now=AT + 300)
    assert not refused(now=AT - 300)
    assert refused(now=AT + 301)
    assert refused(now=AT - 301)
    assert not refused(now=AT + 900, tolerance=900)


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3")
def test_sm3_signs_beside_sha256() -> None:
    entry = sign(SECRET, ID, AT, BODY, "sm3")
    assert entry.startswith("sm3,")
    assert entry[4:] != RIGHT[3:]
    assert not refused(entry)
    assert not refused(f"{WRONG} {entry}")
    assert refused("v1," + entry[4:])
    assert hmac.new(b"k", b"abc", "sm3").digest_size == 32


@given(st.binary(max_size=200), st.text("abcXYZ012_.", min_size=1, max_size=20), st.booleans())
def test_our_verdict_is_the_reference_librarys(body: bytes, message: str, spoil: bool) -> None:
    now = int(datetime.now(UTC).timestamp())
    text = body.decode("utf-8", "ignore")
    entry = Webhook(SECRET).sign(message, datetime.fromtimestamp(now, UTC), text)
    assert entry == sign(SECRET, message, now, text.encode())
    shown = text + "x" if spoil else text
    assert refused(entry, body=shown.encode(), message=message, stamp=str(now), now=now) is spoil


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=30)
    ),
    st.binary(max_size=30),
)
def test_no_headers_and_no_body_make_an_error(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify((SECRET,), headers, body, AT)
