"""Odd questions to every GET of the API: whatever is asked, the answer is declared and never a 500."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.app.api.test_openapi import OPERATIONS
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import rid

WORDS = (
    "",
    "\0",
    "%",
    "'",
    '"',
    "\\",
    "0",
    "-1",
    "1e400",
    "NaN",
    "null",
    "🏗",
    "基地",
    "../..",
    "a" * 5000,
    "2" * 40,
)
PLACES = ("W10", "WzEsMV0", "eyJhIjoxfQ", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
GOOD = ("LEAD", "open", "housing.permits", "430200", rid("commerce.signed", "A-1"), "2024-01-01T00:00:00Z")
ODD = st.one_of(
    st.sampled_from((*WORDS, *PLACES, *GOOD)), st.text(max_size=12), st.integers(-(2**70), 2**70).map(str)
)
STREAMS = {"follow_changes"}  # an answer without an end is asked for in its own test
READS = [
    (path, operation)
    for method, path, operation in OPERATIONS
    if method == "get" and operation["operationId"] not in STREAMS
]


@pytest.mark.parametrize(
    ("path", "operation"), READS, ids=[operation["operationId"] for _, operation in READS]
)
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_breaks_the_hub(
    admin: Client, path: str, operation: dict[str, Any], data: st.DataObject
) -> None:
    address, query = path, {}
    for parameter in operation.get("parameters", ()):
        known = st.sampled_from([rid("commerce.signed", "A-1"), "housing.permits", "1", "name"])
        if parameter["in"] == "path":
            address = address.replace("{" + parameter["name"] + "}", _quoted(data.draw(known | ODD)))
        elif data.draw(st.booleans()):
            query[parameter["name"]] = data.draw(ODD).encode("utf-8", "surrogatepass")
    answer = admin.request("GET", address, params=query or None)
    assert answer.status_code < 500


def _quoted(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass")) or "%20"


def test_another_jurisdiction_is_refused_whether_there_is_one_or_not(reader: Client) -> None:
    assert JURISDICTIONS[0] != 7
    for path in ("/projects", "/sources", "/runs", "/deliveries", "/changes", "/portfolio/funnel"):
        assert reader.get(path, jurisdiction=7).status_code == 403
