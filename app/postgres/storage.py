"""Where a hub's database lives: HUB_HOME/postgres, which is a directory, or a link where the server cannot reach HUB_HOME.

Root's home is usually closed (0700) to the account root lends the server, and is not ours to open. Then the files are
under /var/lib/lifecycle-hub and HUB_HOME/postgres is a link to them: HUB_HOME stays the one place to look at, and
whoever removes it starts anew. The socket is in a directory of its own under /tmp, because a socket's whole path may not
exceed 107 bytes; its name follows from the data directory, so every process finds it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from app.postgres.account import Account, account_for
from app.postgres.errors import PostgresUnavailable

ROOT_STATE = Path("/var/lib/lifecycle-hub")
PORT = 5432  # names the socket; nothing listens on the network
SOCKETS = Path("/tmp")  # noqa: S108  (short and the same for every process; the directory in it is private and checked)


@dataclass(frozen=True)
class Storage:
    """The files of one server, and the account that owns them."""

    directory: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """What the server said, appended to by every start."""
        return self.directory / "server.log"

    @property
    def socket_dir(self) -> Path:
        """The private directory of the server's socket: short, and always the same for the same data directory."""
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return SOCKETS / f"lifecycle-hub-{self.account.uid}-{name}"


def locate(home: Path) -> Storage | None:
    """The storage that HUB_HOME/postgres stands for, or None if there is none yet.

    Raises PostgresUnavailable if it is there and this process or the server's account cannot use it.
    """
    place = home / "postgres"
    if place.is_symlink() and not place.exists():
        raise PostgresUnavailable(
            f"{place} points to {place.readlink()}, which is gone. Bring the data back, or remove {place} to begin with an empty database."
        )
    storage = Storage(place.resolve(), account_for(place))
    if not storage.data.is_dir():
        return None
    if storage.account.lent and not storage.account.reaches(storage.directory):
        raise PostgresUnavailable(
            f"User id {storage.account.uid}, which runs the server, cannot enter {storage.directory}. Make the directories above it "
            f"enterable again (chmod o+x), or move {storage.directory} to one that is and put a link to it at {place}."
        )
    return storage


def create(home: Path) -> Storage:
    """A new empty storage for HUB_HOME, owned by the account the server will run under and closed to everybody else."""
    place = home / "postgres"
    account = account_for(place)
    if account.lent and not place.exists() and not account.reaches(home):
        place.symlink_to(_outside(home))
    directory = place.resolve()
    directory.mkdir(mode=0o700, exist_ok=True)
    if account.lent:
        os.chown(directory, account.uid, account.gid)
        directory.chmod(0o710)  # the private group may pass: initdb runs in it, under a name
    return Storage(directory, account)


def _outside(home: Path) -> Path:
    """A fresh directory under ROOT_STATE; its name is drawn, so that a removed and remade HUB_HOME never meets old data."""
    target = ROOT_STATE / secrets.token_hex(6)
    try:
        open_state(ROOT_STATE)
        target.mkdir(mode=0o700)
        (ROOT_STATE / f"{target.name}.home").write_text(
            _note(home), encoding="utf-8", errors="surrogateescape"
        )
    except OSError as error:
        raise PostgresUnavailable(
            f"PostgreSQL must not run as root, the account it runs under cannot enter {home}, and {ROOT_STATE} is not writable "
            f"({error}). Set HUB_HOME to a directory that others may enter (such as /srv/lifecycle-hub), or set HUB_DATABASE_URL."
        ) from error
    return target


def open_state(directory: Path) -> None:
    """Makes a directory that everybody may enter, whatever the umask."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)


def abandoned(home: Path) -> list[Path]:
    """Data directories once made for this HUB_HOME under ROOT_STATE that its link no longer leads to. They are kept: a link
    may be missing because a disk is; but their servers have no one left to stop them.
    """
    if os.geteuid() != 0:
        return []
    current = (home / "postgres").resolve()
    found = []
    for note in ROOT_STATE.glob("*.home"):
        directory = note.with_suffix("")
        if directory != current and note.read_text(encoding="utf-8", errors="surrogateescape") == _note(home):
            found.append(directory / "data")
    return found


def _note(home: Path) -> str:
    return f"{home}\n"


def open_socket_dir(storage: Storage) -> None:
    """Makes the socket directory, open to the server's account alone; refuses one that somebody else put there."""
    directory, account = storage.socket_dir, storage.account
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) != 0o700:
        raise PostgresUnavailable(
            f"{directory} should be a directory of user id {account.uid} that only it may enter, and is not: somebody else made it. "
            "Remove it and start again."
        )
