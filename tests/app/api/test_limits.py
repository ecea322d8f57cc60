from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.client import Client

LIMIT = 20_000  # as the tests' hub is set


@pytest.mark.parametrize(
    "address",
    [
        "/projects?stage=LAND&stage=SIGNED",
        "/portfolio/funnel?path=granted&path=leased",
        "/sources?jurisdiction=430200&jurisdiction=430300",
        "/health/live?x=1&x=1",
    ],
)
def test_a_parameter_said_twice_is_refused_and_not_taken_by_its_last(reader: Client, address: str) -> None:
    answer = reader.request("GET", address)
    assert answer.status_code == 400
    said_twice = address.partition("?")[2].partition("=")[0]
    assert answer.json()["faults"][0]["where"] == f"query.{said_twice}"


@pytest.mark.parametrize("path", ["/judgements", "/sources/housing.permits/sync", "/hooks/housing.events"])
def test_no_post_reads_beyond_the_limit(admin: Client, path: str) -> None:
    headers = {"content-type": "application/json"}
    announced = admin.request("POST", path, content=b" " * (LIMIT + 1), headers=headers)
    assert announced.status_code == 413
    assert str(LIMIT) in announced.json()["detail"]


def test_a_stream_without_a_length_is_cut_off_at_the_limit(admin: Client) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 50 * LIMIT:
            given += 1000
            yield b" " * 1000

    answer = admin.request(
        "POST", "/judgements", content=endless(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
    assert given <= LIMIT + 5000


@pytest.mark.parametrize("length", ["-1", "x", "1" * 400, "²"])
def test_a_length_that_is_none_is_too_large(admin: Client, length: str) -> None:
    answer = admin.request(
        "POST", "/judgements", content=b"{}", headers={"content-length": length.encode("latin-1")}
    )
    assert answer.status_code == 413


def test_an_inventory_may_be_larger(admin: Client) -> None:
    keys = [f"key-{n:020}" for n in range(2000)]
    assert admin.post("/reconciliations", {"source": "commerce.signed", "keys": keys}).status_code == 200


def test_a_body_at_the_limit_is_read(admin: Client) -> None:
    answer = admin.request(
        "POST", "/judgements", content=b" " * LIMIT, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
