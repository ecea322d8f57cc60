from __future__ import annotations

import pytest

from app.api.headers import SAID
from tests.support.client import Client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/projects", 200),
        ("GET", "/", 200),
        ("GET", "/docs", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/projects", 405),
        ("GET", "/projects?limit=x", 400),
    ],
)
def test_every_answer_tells_a_browser_what_it_may(
    reader: Client, method: str, path: str, status: int
) -> None:
    answer = reader.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SAID} == SAID
    assert answer.headers["cache-control"] == "no-store"


def test_no_policy_lets_a_script_stand_in_a_page_or_come_from_elsewhere() -> None:
    scripts = SAID["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert scripts.split() == ["'self'"]


def test_what_is_too_large_or_not_for_the_caller_tells_it_too(reader: Client) -> None:
    large = reader.post("/judgements", headers={"content-length": "999999999"})
    assert large.status_code == 413
    nobody = reader.holding(None).get("/projects")
    assert nobody.status_code == 401
    for answer in (large, nobody):
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_says_itself_how_it_is_kept_is_left_alone(reader: Client) -> None:
    [project, *_] = reader.get("/projects").json()["items"]
    assert reader.get(f"/projects/{project['project_id']}").headers["cache-control"] == "no-cache"
