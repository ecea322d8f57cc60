"""A throw-away MariaDB of this machine's own programs, for tests of departments that run one; None where there is none."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql

NOBODY = 65534
_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


class Server:
    """A server of this session's: where it is, and its process, which a test may shoot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.process = self._start()

    def url(self, database: str = "", user: str = "root", password: str = "") -> str:
        """Give the SQLAlchemy address of a database on it."""
        login = f"{user}:{password}" if password else user
        return f"mysql+pymysql://{login}@127.0.0.1:{self.port}/{database}"

    def shoot(self) -> None:
        """End it as a fallen machine would."""
        self.process.kill()
        self.process.wait()

    def revive(self) -> None:
        """Start it again where it was."""
        self.process = self._start()

    def run(self, *statements: str, database: str = "") -> None:
        """Run statements as its owner, who may also write days that do not exist."""
        with pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database or None, autocommit=True
        ) as connection:
            for statement in ("SET SESSION sql_mode = 'ANSI_QUOTES'", *statements):
                connection.cursor().execute(statement)

    def _start(self) -> subprocess.Popen[bytes]:
        small = ("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M", "--performance-schema=off")
        # what was written outlives the process, not the machine
        careless = (
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
        )
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    str(_program("mariadbd")),
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.folder / 'socket'}",
                    f"--pid-file={self.folder / 'pid'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    *small,
                    *careless,
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                user=_account(),
                group=_account(),
            )
        until = time.monotonic() + 60
        while True:
            with socket.socket() as tried:
                tried.settimeout(10)
                if tried.connect_ex(("127.0.0.1", self.port)) == 0 and tried.recv(1):
                    return process
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"MariaDB did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)


def installed() -> bool:
    """Tell whether this machine has the programs of a MariaDB."""
    return _program("mariadbd") is not None and _program("mariadb-install-db") is not None


@contextmanager
def running_mariadb() -> Iterator[Server]:
    """Give a new server, run by nobody in a folder of its own; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hub-mariadb-"))
    try:
        folder.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        subprocess.run(
            [
                str(_program("mariadb-install-db")),
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ],
            check=True,
            capture_output=True,
            user=_account(),
            group=_account(),
        )
        server = Server(folder)
        try:
            yield server
        finally:
            server.shoot()
    finally:
        shutil.rmtree(folder)


@contextmanager
def throw_away(server: Server) -> Iterator[str]:
    """Give the name of a new database, dropped afterwards."""
    name = f"exchange_{secrets.token_hex(4)}"
    server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield name
    server.run(f"DROP DATABASE {name}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=_PLACES)


def _account() -> int | None:
    """Give whom it must run as: a server of root's refuses to start."""
    return NOBODY if os.geteuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
