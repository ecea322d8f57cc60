"""Vectors: Standard Webhooks, libraries' own tests, github.com/standard-webhooks/standard-webhooks at b2fa7b8, MIT licence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable
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


def _verdicts(dice: random.Random, now: int) -> tuple[str, bool, str]:
    """A message, half of them one mutation away from a valid one: our verdict, and the library's."""
    secret = "whsec_" + base64.b64encode(dice.randbytes(dice.randint(24, 64))).decode()
    said = {
        "body": json.dumps({"n": dice.random(), "text": "株洲" * dice.randint(0, 9)}),
        "id": f"msg_{dice.random()}",
    }
    said |= {"stamp": str(now - dice.randint(-290, 290)), "entry": ""}
    said["entry"] = sign(secret, said["id"], int(said["stamp"]), said["body"].encode())
    how = dice.choice(MUTATIONS) if dice.random() < 0.5 else "none"
    said |= MUTATE[how](said, dice)
    ours = not refused(
        said["entry"],
        secrets=(secret,),
        body=said["body"].encode(),
        now=now,
        stamp=said["stamp"],
        message=said["id"],
    )
    headers = {
        "webhook-id": said["id"],
        "webhook-timestamp": said["stamp"],
        "webhook-signature": said["entry"],
    }
    try:
        Webhook(secret).verify(said["body"], headers, json_parse=False)
    except Exception:  # noqa: BLE001 — an exception of the library counts as refusal, whichever it is
        return how, ours, "refused"
    return how, ours, "taken"


def _flip(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]


MUTATE: dict[str, Callable[[dict[str, str], random.Random], dict[str, str]]] = {
    "none": lambda said, dice: {},
    "body": lambda said, dice: {"body": said["body"] + " "},
    "id": lambda said, dice: {"id": _flip(said["id"], dice)},
    "time": lambda said, dice: {"stamp": str(int(said["stamp"]) + 1)},
    "old": lambda said, dice: {"stamp": str(int(said["stamp"]) - 700)},
    "signature": lambda said, dice: {"entry": "v1," + _flip(said["entry"][3:20], dice) + said["entry"][20:]},
    "kind": lambda said, dice: {"entry": "v2" + said["entry"][2:]},
    "cut": lambda said, dice: {"entry": said["entry"][: dice.randint(0, 40)]},
    "nothing": lambda said, dice: {"entry": ""},
    "no id": lambda said, dice: {"id": ""},
    "beside a wrong one": lambda said, dice: {"entry": f"{WRONG} {said['entry']}"},
    # what follows is told apart on purpose: see DIFFERENT
    "float timestamp": lambda said, dice: {"stamp": said["stamp"] + ".0"},
    "malformed entry": lambda said, dice: {"entry": f"v1,, {said['entry']}"},
}
MUTATIONS = [how for how in MUTATE if how != "none"]
DIFFERENT = {"float timestamp": (False, "taken"), "malformed entry": (True, "refused")}
"""Where we differ from the library, and how: it reads 1.0 as a second and stumbles over an entry it cannot split."""


def _differ(pairs: int) -> None:
    dice, now = random.Random(20), int(datetime.now(UTC).timestamp())
    counts: Counter[str] = Counter()
    for _ in range(pairs):
        how, ours, theirs = _verdicts(dice, now)
        counts[how] += 1
        if how in DIFFERENT:
            assert (ours, theirs) == DIFFERENT[how], how
        else:
            assert ours == (theirs == "taken"), how
            assert ours == (how in {"none", "beside a wrong one"}), how
    assert counts["none"] > pairs / 3
    assert set(counts) == set(MUTATE)


def test_of_many_messages_half_of_them_spoilt_the_library_says_the_same() -> None:
    _differ(2_000)


@pytest.mark.campaign
def test_of_a_hundred_thousand_messages_the_library_says_the_same() -> None:
    _differ(100_000)


def test_what_the_library_cannot_read_is_verified_by_its_bytes() -> None:
    body = b"\xff\xfe"
    assert not refused(sign(SECRET, ID, AT, body), body=body)


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=30)
    ),
    st.binary(max_size=30),
)
def test_no_headers_and_no_body_make_an_error(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify((SECRET,), headers, body, AT)
