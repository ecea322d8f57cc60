"""Starting and stopping the server of a HUB_HOME, one caller at a time."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql

from app.postgres.account import named
from app.postgres.binaries import binaries, reachable
from app.postgres.errors import PostgresUnavailable
from app.postgres.postmaster import clear_traces, end, listening, working
from app.postgres.storage import PORT, ROOT_STATE, Storage, abandoned, create, locate, open_socket_dir

DATABASE = "hub"
START_SECONDS = 300  # crash recovery after a heavy load takes its time
ORPHAN_SECONDS = 30  # what the backends of a killed server may take to notice
SETTINGS = {"max_wal_size": "2GB", "unix_socket_permissions": "0700"}
NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Server:
    """A running server, and how to reach it."""

    data: Path
    socket_dir: Path
    port: int

    def url(self, database: str = DATABASE) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_dir}&port={self.port}"


def ensure(home: Path, bin_dir: Path | None = None, options: Mapping[str, str] = NO_OPTIONS) -> Server:
    """The server of this HUB_HOME: initialised, started, accepting connections, with the database "hub".

    Idempotent, and safe when several processes call at once. `bin_dir` takes another PostgreSQL (>= 15) than the bundled one;
    `options` are further settings for a start, they do not change a running server. Raises PostgresUnavailable.
    """
    if sys.platform != "linux":
        raise PostgresUnavailable(
            "The embedded PostgreSQL runs on Linux. Set HUB_DATABASE_URL to a PostgreSQL 15 or newer."
        )
    home = home.expanduser().resolve()
    with _turn(home):
        storage = locate(home)
        process = storage and working(storage.data)
        if storage is None or process is None or process != listening(storage):
            storage = storage or create(home)
            _start(home, storage, bin_dir or binaries(), options)
        _prepare(storage)
    return Server(storage.data, storage.socket_dir, PORT)


def running(home: Path) -> bool:
    """Whether the server of this HUB_HOME lives and listens on its socket; starts nothing and waits for nobody."""
    storage = locate(home.expanduser().resolve())
    process = storage and working(storage.data)
    return storage is not None and process is not None and process == listening(storage)


def stop(home: Path) -> None:
    """Stops the server of this HUB_HOME, fast and cleanly, and waits for its end; no error if it is not running."""
    home = home.expanduser().resolve()
    if not home.is_dir():
        return
    with _turn(home):
        storage = locate(home)
        if storage is None:
            return
        if process := working(storage.data):
            end(process, storage.log)
        # it may be missing, or not empty because the server was killed: the next start clears it
        with suppress(OSError):
            storage.socket_dir.rmdir()


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Waits until no other process starts or stops the server of this HUB_HOME, which is made if it is missing."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        # opened to read, because root and the owner may both come
        lock = os.open(home / "postgres.lock", os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError as error:
        raise PostgresUnavailable(
            f"{home} cannot be written ({error}). Set HUB_HOME to a directory of your own."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _start(home: Path, storage: Storage, bin_dir: Path, options: Mapping[str, str]) -> None:
    """Starts a server on this storage, after ending those in its way: one that works in its directory but does not listen on
    its socket, one that listens on its socket but works in a directory since removed or moved, one of a removed HUB_HOME.
    """
    programs = reachable(bin_dir, storage.account, ROOT_STATE)
    open_socket_dir(storage)
    for process in (working(storage.data), *map(working, abandoned(home))):
        if process:
            end(process, storage.log)
    if stranger := listening(storage):
        # without a last checkpoint: it would write that into this directory, which bears its directory's name
        end(stranger, storage.log, signal.SIGQUIT)
    clear_traces(storage)
    if not storage.data.is_dir():
        _initialise(storage, programs, durable=options.get("fsync") != "off")
    settings = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in {**SETTINGS, **options}.items())
    flags = f"-h '' -p {PORT} -k {storage.socket_dir} {settings}"
    # names relative to the directory: pg_ctl hands its words to a shell, and a HUB_HOME may contain anything
    command = f"start -w -t {START_SECONDS} -D data -l {storage.log.name} -o".split()
    command = [str(programs / "pg_ctl"), *command, flags]
    deadline = time.monotonic() + ORPHAN_SECONDS
    while True:
        before = storage.log.stat().st_size if storage.log.exists() else 0
        done = storage.account.run(command, cwd=storage.directory, timeout=START_SECONDS + 60)
        if done.returncode == 0:
            return
        said = _tail(storage.log, before) or done.stdout
        if "shared memory block" not in said or time.monotonic() > deadline:
            raise PostgresUnavailable(
                f"PostgreSQL did not start. Its last words in {storage.log}:\n{said}\n"
                "Repair what they name and start again, or set HUB_DATABASE_URL to a PostgreSQL 15 or newer."
            )
        time.sleep(0.2)


def _initialise(storage: Storage, programs: Path, *, durable: bool) -> None:
    """Makes the data directory, whole or not at all: it gets its name when it is complete."""
    half = storage.directory / "data.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account = named(storage.account)
    account.own(half)
    command = "-D data.new --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --data-checksums"
    sync = [] if durable else ["--no-sync"]
    done = account.run([str(programs / "initdb"), *command.split(), *sync], cwd=storage.directory)
    if done.returncode:
        raise PostgresUnavailable(
            f"PostgreSQL could not set up a database in {storage.directory}:\n{done.stdout}\n"
            "Repair what it names (free disk, permissions) and start again, or set HUB_DATABASE_URL."
        )
    storage.account.own(half)
    half.rename(storage.data)


def _prepare(storage: Storage) -> None:
    """Waits until the server answers a query, which is what running means, and makes the database "hub" if it is missing."""
    try:
        with _connect(storage) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error as error:
        raise PostgresUnavailable(
            f"PostgreSQL is started but does not serve ({str(error).strip()}). Its last words in {storage.log}:\n{_tail(storage.log)}"
        ) from error


def _connect(storage: Storage) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to the server, tried as long as it lives and may still be starting."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return psycopg.connect(
                host=str(storage.socket_dir),
                port=PORT,
                user="postgres",
                dbname="postgres",
                autocommit=True,
                connect_timeout=10,
            )
        except psycopg.OperationalError:
            if time.monotonic() > deadline or working(storage.data) is None:
                raise
        time.sleep(0.1)


def _tail(log: Path, start: int = 0, size: int = 4000) -> str:
    """The last lines of the log, none before byte `start`."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - size))
        return file.read().decode(errors="replace").strip()
