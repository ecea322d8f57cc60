from __future__ import annotations

import time

import pytest

from connectors import egress
from connectors.transports.sending import post
from tests.connectors.transports.test_connections import listening


def answer(status: str, *headers: str, body: bytes = b"ok") -> list[bytes]:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return [f"{head}\r\n".encode() + body]


def test_an_attempt_tells_the_status_and_how_long_it_took() -> None:
    with listening(answer("204 No Content", body=b"")) as server:
        sent = post(f"{server.url}/in?x=1", {"webhook-id": "m1"}, b"", 5)
        assert (sent.status, sent.error, sent.well) == (204, None, True)
        assert 0 <= sent.milliseconds < 5000
        assert server.asked[0][0].startswith(b"POST /in?x=1 HTTP/1.1\r\n")
        assert b"webhook-id: m1\r\n" in server.asked[0][0]


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        ("429 Slow", "Retry-After: 7", 7.0),
        ("503 Away", "Retry-After: soon", None),
        ("410 Gone", "X: y", None),
    ],
)
def test_a_refusal_is_told_with_how_long_to_wait(status: str, header: str, wait: float | None) -> None:
    with listening(answer(status, header)) as server:
        sent = post(server.url, {}, b"", 5)
        assert (sent.status, sent.well, sent.retry_after) == (int(status[:3]), False, wait)


def test_a_redirect_is_a_refusal_and_is_not_followed() -> None:
    with listening(answer("302 Found", "Location: http://169.254.169.254/")) as server:
        assert post(server.url, {}, b"", 5).status == 302
        assert len(server.asked) == 1


def test_who_never_answers_costs_no_more_than_the_deadline() -> None:
    with listening([b"HTTP/1.1 100 Continue\r\n\r\n", b""]) as server:
        begun = time.monotonic()
        sent = post(server.url, {}, b"", 0.5)
        assert time.monotonic() - begun < 3
        assert sent.status is None
        assert sent.error is not None
        assert "finish" in sent.error


def test_a_body_that_never_ends_or_breaks_off_does_not_change_the_answer() -> None:
    endless = [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000]
    for script in (endless, [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx"]):
        with listening(script) as server:
            assert post(server.url, {}, b"", 0.5).well


@pytest.mark.parametrize("said", [b"SSH-2.0\r\n\r\n", b"HTTP/1.1 banana\r\n\r\n"])
def test_what_is_no_answer_is_told(said: bytes) -> None:
    with listening([said]) as server:
        sent = post(server.url, {}, b"", 2)
        assert sent.status is None
        assert sent.error is not None


def test_where_the_hub_may_not_connect_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(egress.LOOPBACK)
    with listening(answer("200 OK")) as server:
        sent = post(server.url, {}, b"", 2)
        assert sent.error is not None
        assert "this machine" in sent.error
        assert server.asked == []
    for url in ("ftp://a.example", "https://u:p@a.example", "not an address"):
        assert post(url, {}, b"", 2).error
