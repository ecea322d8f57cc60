from __future__ import annotations

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.api.paging import listed, place
from app.errors import BadRequest
from schemas.api.shapes import Number

PLACE: TypeAdapter[tuple[int, str]] = TypeAdapter(tuple[Number, str])


def _request(query: str = "") -> Request:
    scope = {
        "type": "http",
        "path": "/api/v1/things",
        "query_string": query.encode(),
        "headers": [(b"host", b"hub")],
        "scheme": "http",
        "server": ("hub", 80),
    }
    return Request(scope)


@given(st.integers(1, 2**63 - 1), st.text())
def test_a_cursor_leads_back_to_its_place(number: int, word: str) -> None:
    page = listed(_request(), [(number, word), (1, "")], 1, PLACE, lambda item: item)
    assert page.next is not None
    assert place(PLACE, page.next.partition("cursor=")[2]) == (number, word)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True))
def test_whatever_is_sent_is_a_place_or_refused(cursor: str) -> None:
    try:
        found = place(PLACE, cursor)
    except BadRequest:
        return
    assert found is not None
    assert found[0] >= 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_last_page_leads_nowhere(n: int) -> None:
    page = listed(_request(), [(1, "")] * n, 2, PLACE, lambda item: item)
    assert (len(page.items), page.next) == (n, None)


def test_next_keeps_what_was_asked_and_replaces_the_cursor() -> None:
    page = listed(_request("text=%E5%9F%BA%E5%9C%B0&cursor=old"), [(1, "")] * 2, 1, PLACE, lambda item: item)
    assert page.next is not None
    assert page.next.startswith("/api/v1/things?text=%E5%9F%BA%E5%9C%B0&cursor=")
    assert "old" not in page.next
