"""Who takes the messages: the server alone, the product's door, and the usual way with one INSERT and COMMIT each.

`python -m bench.door.contestants NAME PORT` serves one of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.engine import make_url
from starlette.types import Receive, Scope, Send

from app.db.session import Database
from app.main import create_app
from app.settings import Settings
from bench.door.driver import live, serve
from bench.door.messages import JURISDICTION, SECRET, SOURCE, registry

LIMIT, DOOR, EACH = "server-alone", "door", "fastapi-each"
ALL = (LIMIT, DOOR, EACH)
DATABASE = "BENCH_DATABASE_URL"
POOL = 16
_ANSWER = b'{"delivery":1234567,"sha256":"%b","status":"accepted"}' % (b"0" * 64)
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))]
INSERT = (
    "INSERT INTO memory.delivery (jurisdiction, delivery_no, source, channel, sender, received_at, sha256, message_id, body)"
    " VALUES (%s, nextval('public.bench'), %s, 'push', 'bench', now(), %s, %s, %s)"
)


async def server_alone(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer a constant 202: what the server itself costs."""
    if scope["type"] != "http":
        await live(receive, send)
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


def door() -> FastAPI:
    """The hub as it is served, with one source that is pushed."""
    settings = Settings(_env_file=None, jurisdiction=JURISDICTION)
    return create_app(settings, Database(os.environ[DATABASE]), registry(), {"BENCH_SECRET": SECRET})


def fastapi_each() -> FastAPI:
    """FastAPI, asynchronous, with a pool: each message is one INSERT and COMMIT; neither signature nor numbers."""
    address = make_url(os.environ[DATABASE]).set(drivername="postgresql")
    conninfo = address.render_as_string(hide_password=False)
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(conninfo, min_size=POOL, max_size=POOL, open=False)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=life)

    @app.post("/api/v1/hooks/{source}", status_code=202)
    async def push(source: str, request: Request) -> Response:
        body = await request.body()
        async with pool.connection() as connection:
            said = (JURISDICTION, source, b"", request.headers["webhook-id"], body)
            await connection.execute(INSERT, said, prepare=True)
        return Response(_ANSWER, 202, media_type="application/json")

    return app


def main() -> None:
    """Serve one of them until told to stop."""
    made = {LIMIT: lambda: server_alone, DOOR: door, EACH: fastapi_each}
    assert SOURCE in registry().sources
    serve(made[sys.argv[1]](), int(sys.argv[2]))


if __name__ == "__main__":
    main()
