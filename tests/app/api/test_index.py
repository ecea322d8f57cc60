from __future__ import annotations

from tests.support.client import Client


def test_the_first_page_names_every_address(reader: Client) -> None:
    answer = reader.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    for path in (
        "/api/v1/projects",
        "/api/v1/portfolio/coverage",
        "/api/v1/hooks/{source}",
        "/api/v1/openapi.json",
    ):
        assert path in answer.text
