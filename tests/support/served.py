"""An app behind a real socket, for what a caller without sockets cannot see: streams, and clients that are not ours."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Give the address of a server of the app; whoever still follows the changes at the end is let go."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        host, port = listening.getsockname()[:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            app.state.follower.close()
            server.should_exit = True
            thread.join()
