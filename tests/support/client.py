"""A caller of the app without sockets, which also checks that every status answered is declared."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.types import Message

ROOT = Path(__file__).resolve().parents[2]


class Client:
    """Calls an app; `key` signs every call, every answer is held against the committed description."""

    def __init__(
        self,
        portal: BlockingPortal,
        http: httpx.AsyncClient,
        key: str | None = None,
        keys: Mapping[int, str] | None = None,
    ) -> None:
        self._portal, self._http, self._key, self._keys = portal, http, key, keys or {}

    def holding(self, key: str | None, keys: Mapping[int, str] | None = None) -> Client:
        """Give the same caller with another key; `keys` are used where the question is about their jurisdiction."""
        return Client(self._portal, self._http, key, keys)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request under /api/v1 (or an absolute address given as `next`)."""
        url = path if path.startswith(("/api/", "/docs")) or path == "/" else f"/api/v1{path}"
        headers = httpx.Headers(options.pop("headers", None))
        key = self._keys.get(_about(url, options.get("params") or {}), self._key)
        if key is not None:
            headers.setdefault("authorization", f"Bearer {key}")
        answer: httpx.Response = self._portal.call(
            lambda: self._http.request(method, url, headers=headers, **options)
        )
        self._check(method, answer)
        return answer

    def get(self, path: str, /, **params: Any) -> httpx.Response:
        """Ask, with `params` as the query."""
        return self.request("GET", path, params=params or None)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """Send JSON."""
        return self.request("POST", path, json=json, **options)

    def _check(self, method: str, answer: httpx.Response) -> None:
        known: dict[str, Any] = next(
            (ops for path, ops in _declared() if path.match(answer.request.url.path)), {}
        )
        operation = known.get(method.lower())
        if operation is not None:
            assert str(answer.status_code) in operation["responses"], (
                method,
                answer.status_code,
                answer.text,
            )
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            assert answer.json()["status"] == answer.status_code


def _about(url: str, params: Mapping[str, Any]) -> int:
    """The jurisdiction a question names, in its parameters or by an id; 0 where it names none."""
    asked = str(params.get("jurisdiction", ""))
    named = re.search(r"jurisdiction=(\d+)|/([1-9]\d{0,8})-[a-z0-9]+", url)
    return int(asked) if asked.isdecimal() else int(named[1] or named[2]) if named else 0


@lru_cache(maxsize=1)
def _declared() -> list[tuple[re.Pattern[str], Any]]:
    """Every address with its operations, by the committed description."""
    paths = json.loads((ROOT / "schemas" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$"), operations)
        for path, operations in paths.items()
    ]


@contextmanager
def calling(app: FastAPI, *, raise_app_exceptions: bool = True) -> Iterator[Client]:
    """Give an anonymous caller of the app; what the app raises reaches the test unless it wants the answer."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raise_app_exceptions)
    with start_blocking_portal() as portal:
        http = httpx.AsyncClient(transport=transport, base_url="http://hub")
        with portal.wrap_async_context_manager(_living(app)):
            try:
                yield Client(portal, http)
            finally:
                portal.call(http.aclose)


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    """Start the app as a server does, and let it end what it has begun."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, told.get, said.put))
    told.put_nowait({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    yield
    told.put_nowait({"type": "lifespan.shutdown"})
    assert (await said.get())["type"] == "lifespan.shutdown.complete"
    await life
