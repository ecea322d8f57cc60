from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from itertools import chain
from urllib.parse import urlsplit

import httpx
import pytest

from simulator.hostile import BEHAVIOURS, METADATA, HostileServer

ROWS = [{"BH": str(n), "MC": "项目", "GXSJ": f"2024-01-{n:02}"} for n in range(1, 6)]
WHERE = "430200/rows"


@pytest.fixture
def server() -> Iterator[HostileServer]:
    made = HostileServer(list(ROWS), updated="GXSJ", hold=0.3)
    yield made
    made.close()


def get(server: HostileServer, **query: str) -> httpx.Response:
    return httpx.get(f"{server.url}/{WHERE}", params=query, timeout=2.0)


def keys(answer: httpx.Response) -> list[str]:
    return [row["BH"] for row in answer.json()["data"]["rows"]]


def test_an_honest_list_is_paged_by_number_by_token_and_by_links(server: HostileServer) -> None:
    assert [keys(get(server, page=n, size="2")) for n in "1234"] == [["1", "2"], ["3", "4"], ["5"], []]
    assert keys(get(server, since="2024-01-04")) == ["4", "5"]
    first = get(server, size="2", links="1").json()["data"]
    assert (first["total"], len(first["rows"])) == (5, 2)
    assert [
        row["BH"] for row in httpx.get(f"{server.url}/{WHERE}{first['next']}").json()["data"]["rows"]
    ] == [
        "3",
        "4",
    ]
    assert get(server, token="4", size="2").json()["data"]["next"] is None


def test_a_behaviour_lasts_until_the_next_and_each_caller_is_counted_for_itself(
    server: HostileServer,
) -> None:
    server.behave("empty_page_inside")
    assert [len(keys(get(server))) for _ in range(3)] == [5, 0, 5]
    assert len(httpx.get(f"{server.url}/430300/rows").json()["data"]["rows"]) == 5
    assert server.asked == {"430200": 3, "430300": 1}
    server.behave(None)
    assert [len(keys(get(server))) for _ in range(2)] == [5, 5]
    with pytest.raises(KeyError):
        server.behave("smiles")


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_no_behaviour_is_honest_over_three_requests(server: HostileServer, name: str) -> None:
    queries = [{"page": str(n), "size": "2", "since": "2024-01-02"} for n in (1, 2, 3)]
    tokens = [{"token": str(n), "size": "2", "since": "2024-01-02"} for n in (0, 2, 2)]
    honest = [_raw(server, query) for query in [*queries, *tokens]]
    server.behave(name)
    first = [_raw(server, query) for query in queries]
    server.behave(name)
    assert first + [_raw(server, query) for query in tokens] != honest


def _raw(server: HostileServer, query: dict[str, str]) -> bytes:
    """Give all bytes of an answer but the date, as far as they came within a second."""
    place = urlsplit(server.url)
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    with socket.create_connection((place.hostname, place.port or 80), timeout=1.0) as connection:
        connection.sendall(f"GET /{WHERE}?{asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found = b""
        try:
            while piece := connection.recv(1 << 20):
                found += piece
        except OSError:
            pass
    return b"\r\n".join(line for line in found[:5000].split(b"\r\n") if not line.startswith(b"Date:"))


def test_a_redirect_and_a_next_link_lead_where_a_hub_must_never_go(server: HostileServer) -> None:
    server.behave("redirects_to_metadata")
    assert get(server).headers["location"] == METADATA
    server.behave("next_on_metadata")
    assert get(server).json()["data"]["next"] == METADATA


def test_the_bomb_is_small_on_the_wire(server: HostileServer) -> None:
    server.behave("gzip_bomb")
    with httpx.stream("GET", f"{server.url}/{WHERE}") as answer:
        assert int(answer.headers["content-length"]) < 2_000_000


def test_rows_that_move_hide_one_at_the_edge_of_a_page(server: HostileServer) -> None:
    server.behave("rows_move_once")
    pages = [keys(get(server, page=n, size="2")) for n in "123"]
    assert sorted(chain.from_iterable(pages)) == ["1", "1", "2", "4", "5"]
    assert json.loads(get(server).content)["data"]["total"] == 5
