"""A department's exchange database made of rows: a file of SQLite, and a server that refuses everybody."""

from __future__ import annotations

import socket
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_REFUSAL = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user\0\0"


def write(file: Path, table: str, rows: Sequence[dict[str, Any]], leave_out: str | None = None) -> str:
    """Add rows to a table, made with their columns where there is none; give the database's url."""
    heads = [head for head in dict.fromkeys(head for row in rows for head in row) if head != leave_out]
    names = ", ".join(map(_quoted, heads))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_quoted(table)} ({names})")
        marks = ", ".join("?" * len(heads))
        values = [[_stored(row.get(head)) for head in heads] for row in rows]
        connection.executemany(f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})", values)
    return f"sqlite:///{file}"


@contextmanager
def refusing() -> Iterator[str]:
    """Give the url of a PostgreSQL server that accepts no password."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_refuse, args=[server], daemon=True)
        thread.start()
        yield f"postgresql+psycopg://hub@127.0.0.1:{server.getsockname()[1]}/exchange?{_PLAIN}"
        socket.create_connection(server.getsockname()).close()  # wakes the thread, should nobody have come
        thread.join()


@contextmanager
def silent_port() -> Iterator[int]:
    """Give a port of this machine that nobody listens on, and nobody will as long as it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


_PLAIN = "sslmode=disable&gssencmode=disable"


def dead(port: int) -> str:
    """Give the url of a PostgreSQL server that is not there."""
    return f"postgresql+psycopg://hub@127.0.0.1:{port}/exchange?{_PLAIN}"


def _refuse(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        if connection.recv(4096):
            connection.sendall(b"E" + struct.pack(">i", len(_REFUSAL) + 4) + _REFUSAL)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else str(value)
