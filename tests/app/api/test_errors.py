from __future__ import annotations

import pytest

from app.api import catalog, errors
from app.db.session import Database
from schemas.api.shapes import Problem
from tests.app.api.conftest import serving
from tests.support.callers import trusted
from tests.support.client import Client
from tests.support.small_city import SmallCity, message, small_registry


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/projects/", 404, "not-found"),
        ("GET", "/api/v2", 404, "not-found"),
        ("DELETE", "/projects", 405, "method-not-allowed"),
        ("PUT", "/hooks/housing.events", 405, "method-not-allowed"),
        ("GET", "/projects?limit=x", 400, "bad-request"),
        ("GET", "/projects/430200-nothing", 404, "not-found"),
        ("GET", "/rejections?jurisdiction=7", 403, "not-permitted"),
    ],
)
def test_every_error_is_a_problem_of_a_stable_type(
    reader: Client, method: str, path: str, status: int, kind: str
) -> None:
    answer = reader.request(method, path)
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.status) == (status, status)
    assert problem.type == f"urn:lifecycle-hub:problem:{kind}"
    assert problem.title
    assert problem.title_zh
    assert problem.instance == answer.request.url.path


def test_a_wrong_method_says_which_are_right(reader: Client) -> None:
    assert reader.request("DELETE", "/projects").headers["allow"] == "GET"
    assert reader.request("DELETE", "/judgements").headers["allow"] == "GET, POST"


def test_a_problem_never_repeats_what_was_sent(reader: Client) -> None:
    assert "s3cret" not in reader.get("/projects", cursor="s3cret!").text


def test_many_faults_are_told_in_part(admin: Client) -> None:
    answer = admin.post("/reconciliations", {"source": "commerce.signed", "keys": [""] * 5000})
    assert answer.status_code == 400
    assert len(answer.json()["faults"]) == 20


def test_a_database_that_is_away_is_unavailable_and_says_when_to_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = SmallCity(Database("postgresql://nobody@127.0.0.1:1/none"), small_registry())
    body, headers = message([])
    with serving(away) as caller:
        for answer in (
            caller.holding("hub_12345678_" + "x" * 43).get("/rejections"),
            caller.request("POST", "/hooks/housing.events", content=body, headers=headers),
        ):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "127.0.0.1" not in answer.text
    [line] = [record for record in caplog.records if record.name == errors.__name__]
    assert line.levelname == "WARNING"
    assert line.exc_info is None, "one line, however many ask"
    assert "refused" in line.getMessage()


def test_a_mistake_of_ours_tells_nothing_of_itself(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password is s3cret")

    monkeypatch.setattr(catalog, "health", fail)
    with serving(city, raise_app_exceptions=False) as caller:
        answer = trusted(caller, city.database.url).get("/health/sources")
    assert answer.status_code == 500
    assert "s3cret" not in answer.text
