"""Which process is the server? postmaster.pid only says which process id it once had.

An id may have been given to another process since, or belong to a dead process nobody has waited for. A server is a
living process that works in the data directory, or that listens on its socket; nothing else is signalled or waited for.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from app.postgres.errors import PostgresUnavailable
from app.postgres.storage import PORT, Storage

NO_PROCESS = 2**31 - 1  # above every system's largest process id
FAST_SECONDS = 300  # a fast shutdown ends with a checkpoint
SOCKET = f".s.PGSQL.{PORT}"


def working(data: Path) -> int | None:
    """The process id of the server that works in this data directory; None if postmaster.pid names no such living process."""
    pid = _noted(data)
    with suppress(OSError):
        if pid and Path(f"/proc/{pid}/cwd").samefile(data):
            return pid
    return None


def listening(storage: Storage) -> int | None:
    """The process id of the server that accepts connections on this storage's socket, whatever directory it works in."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(str(storage.socket_dir / SOCKET))
        pid, _, _ = struct.unpack(
            "3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        )
        return int(pid) or None
    return None


def end(pid: int, log: Path, how: signal.Signals = signal.SIGINT) -> None:
    """Ends a server as `pg_ctl stop -m fast` does (SIGQUIT: immediate) and waits until it is gone. Raises PostgresUnavailable."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)
    deadline = time.monotonic() + FAST_SECONDS
    while _alive(pid):
        if time.monotonic() > deadline:
            raise PostgresUnavailable(
                f"PostgreSQL (process {pid}) does not shut down; see {log}, and try again when it has ended."
            )
        time.sleep(0.02)


def clear_traces(storage: Storage) -> None:
    """Makes what a dead server left impossible to take for a living one; call only when none is alive.

    postmaster.pid keeps its line about shared memory, by which PostgreSQL still sees orphaned backends; only the id is replaced.
    """
    for name in (SOCKET, f"{SOCKET}.lock"):
        (storage.socket_dir / name).unlink(missing_ok=True)
    lock = storage.data / "postmaster.pid"
    # in place, so that owner and mode stay; never through a link, which root would follow anywhere
    with suppress(OSError), os.fdopen(os.open(lock, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
        _, *rest = file.read().split(b"\n")
        file.seek(0)
        file.write(b"\n".join((str(NO_PROCESS).encode(), *rest)))
        file.truncate()


def _noted(data: Path) -> int | None:
    with suppress(OSError, ValueError):
        return abs(
            int((data / "postmaster.pid").read_bytes().split(b"\n", 1)[0])
        )  # a stand-alone backend's is negative
    return None


def _alive(pid: int) -> bool:
    """Whether the process lives; a zombie has no working directory any more."""
    try:
        Path(f"/proc/{pid}/cwd").stat()
    except OSError:
        return False
    return True
