from __future__ import annotations

import json
from typing import Any

import pytest

from app.api.openapi import FILE, description
from tests.support.client import Client

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_committed_description_is_that_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == description(), "run `python -m app.api.openapi`"


def test_nothing_is_described_twice() -> None:
    """Readers differ in which of two they take, and some take none: a generator of clients refuses the whole."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)

    json.loads(FILE.read_text(encoding="utf-8"), object_pairs_hook=once)


def test_it_is_served(reader: Client) -> None:
    assert reader.get("/openapi.json").json() == DOCUMENT


def test_no_page_loads_from_elsewhere(reader: Client) -> None:
    assert reader.request("GET", "/api/v1/docs").status_code == 404
    assert "http://" not in reader.get("/").text
    assert "https://" not in reader.get("/").text


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_promises_something_and_declares_its_problems(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["description"].endswith(".")
    assert operation["tags"]
    answers = operation["responses"]
    assert {"400", "413", "500", "503"} <= set(answers)
    assert "application/json" not in answers.get("422", {}).get("content", {})
    for status, answer in answers.items():
        if status.startswith(("4", "5")):
            schema = answer["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
    if method == "post" and "/hooks/" not in path and not path.endswith("/session"):
        assert operation["security"] == [{"key": []}]
        assert {"401", "403"} <= set(answers)


def test_operation_ids_are_our_own_and_single() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert all(len(name) < 30 for name in ids), "FastAPI's made-up ids are long"


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(schemas)
