"""Who answers: the server alone with a constant document, the door, and the declared route without it.

`python -m bench.document.contestants NAME PORT` serves one of them.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from starlette.types import Receive, Scope, Send

from app.db.session import Database
from app.main import create_app
from app.settings import Settings
from bench.document.city import JURISDICTION, SIZE
from bench.door.driver import live, serve
from connectors.registry import Registry

LIMIT, UNCACHED, HOT, ROUTE = "server-alone", "door-uncached", "door-hot", "route-alone"
ALL = (LIMIT, UNCACHED, HOT, ROUTE)
DATABASE = "BENCH_DATABASE_URL"
_ANSWER = b"x" * SIZE
_HEADERS = [
    (b"etag", b'"%b"' % (b"0" * 32)),
    (b"content-length", b"%d" % SIZE),
    (b"content-type", b"application/json"),
]


async def server_alone(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a constant document: what the server itself costs."""
    if scope["type"] != "http":
        await live(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


def hub(*, front: bool) -> Any:
    """The hub as it is served, for keys that may ask as often as they like."""
    settings = Settings(_env_file=None, jurisdiction=JURISDICTION, rate_per_key=0)
    app = create_app(settings, Database(os.environ[DATABASE]), Registry({}, []), {})
    if not front:
        app.front = None
    return app


def main() -> None:
    """Serve one of them until told to stop."""
    name, port = sys.argv[1], int(sys.argv[2])
    serve(server_alone if name == LIMIT else hub(front=name != ROUTE), port)


if __name__ == "__main__":
    main()
