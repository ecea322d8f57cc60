from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from connectors.errors import AuthFailed, ConnectorError, SourceChanged, SourceUnavailable
from connectors.testing.web import handled as serving
from connectors.transport_settings import HttpSettings
from connectors.transports.http import Client
from tests.connectors.transports.serving import answer

Query = dict[str, str]


def settings(**over: object) -> HttpSettings:
    given = {"kind": "http", "variable": "HUB_TEST_URL", "deadline_seconds": 2.0, "attempts": 1, **over}
    return HttpSettings.model_validate(given)


def get(
    reply: Callable[[BaseHTTPRequestHandler, Query], None],
    made: HttpSettings | None = None,
    sleep: Callable[[float], None] = lambda _: None,
    **variables: str,
) -> bytes:
    with serving(reply) as base:
        return Client(made or settings(), base, variables, sleep).get({"page": "1"})


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthFailed),
        (403, AuthFailed),
        (429, SourceUnavailable),
        (503, SourceUnavailable),
        (404, SourceChanged),
        (302, SourceChanged),
        (204, SourceChanged),
    ],
)
def test_a_status_is_named_by_what_to_do_and_redirects_are_not_followed(
    status: int, error: type[ConnectorError]
) -> None:
    with pytest.raises(error):
        get(lambda handler, _: answer(handler, b"", status, Location="http://127.0.0.1:1/"))


def test_credentials_are_sent_in_the_form_the_manifest_says_and_missing_ones_are_the_owners_business() -> (
    None
):
    seen: list[str | None] = []

    def reply(handler: BaseHTTPRequestHandler, _: Query) -> None:
        seen.append(handler.headers.get("Authorization") or handler.headers.get("X-Key"))
        answer(handler, {})

    for auth in (
        {"kind": "bearer", "variable": "T"},
        {"kind": "basic", "variable": "T"},
        {"kind": "header", "variable": "T", "header": "X-Key"},
    ):
        get(reply, settings(auth=auth), T="a:b")
    assert seen == ["Bearer a:b", "Basic YTpi", "a:b"]
    with pytest.raises(AuthFailed, match="T"):
        get(reply, settings(auth={"kind": "bearer", "variable": "T"}))


def _drip_head(handler: BaseHTTPRequestHandler, _: Query) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def _drip_body(handler: BaseHTTPRequestHandler, _: Query) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    _drip(handler)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    for _ in range(40):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def _silent(_: BaseHTTPRequestHandler, __: Query) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize("reply", [_drip_head, _drip_body, _silent])
def test_the_deadline_cuts_a_server_that_drips_or_keeps_silent(
    reply: Callable[[BaseHTTPRequestHandler, Query], None],
) -> None:
    with serving(reply) as base:
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable):
            Client(settings(deadline_seconds=0.3), base, {}).get({})
        assert 0.2 < time.monotonic() - begun < 1.0


def test_an_answer_beyond_measure_is_stopped_while_it_unpacks() -> None:
    bomb = gzip.compress(b"0" * 20_000_000)

    def reply(handler: BaseHTTPRequestHandler, _: Query) -> None:
        answer(handler, bomb, Content_Encoding="gzip")

    with pytest.raises(SourceChanged, match="larger than"):
        get(reply, settings(max_bytes=1_000_000))


def test_a_short_body_and_a_closed_door_are_tried_again_later() -> None:
    def short(handler: BaseHTTPRequestHandler, _: Query) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{}")

    with pytest.raises(SourceUnavailable):
        get(short)
    with pytest.raises(SourceUnavailable):
        Client(settings(), "http://127.0.0.1:1", {}).get({})
    with pytest.raises(SourceUnavailable):
        Client(settings(), "no address at all", {}).get({})


def test_passing_faults_are_waited_out_as_the_source_asks() -> None:
    waits: list[float] = []
    answers = [503, 429, 200]

    def reply(handler: BaseHTTPRequestHandler, _: Query) -> None:
        answer(handler, {"ok": True}, answers.pop(0), Retry_After="7")

    assert get(reply, settings(attempts=4), waits.append) == b'{"ok": true}'
    assert waits == [7.0, 7.0]


def test_patience_ends_and_the_wait_that_was_asked_for_is_told() -> None:
    waits: list[float] = []
    with pytest.raises(SourceUnavailable) as error:
        get(
            lambda h, _: answer(h, b"", 503, Retry_After="100"),
            settings(attempts=4, patience_seconds=60),
            waits.append,
        )
    assert (waits, error.value.retry_after) == ([], 100.0)


def test_refusals_are_not_repeated() -> None:
    asked: list[int] = []

    def reply(handler: BaseHTTPRequestHandler, _: Query) -> None:
        asked.append(1)
        answer(handler, b"", 401)

    with pytest.raises(AuthFailed):
        get(reply, settings(attempts=4))
    assert asked == [1]


def test_a_next_page_on_another_host_is_not_followed() -> None:
    with serving(lambda handler, _: answer(handler, {})) as base:
        client = Client(settings(), base, {})
        assert client.get({}, "/next?page=2") == b"{}"
        with pytest.raises(SourceChanged, match="another host"):
            client.get({}, "http://127.0.0.1:1/next")
