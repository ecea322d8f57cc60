"""Acting as root or as an ordinary user: the database must work for both."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import postgres
from app.postgres.account import Account
from app.postgres.binaries import reachable


@dataclass(frozen=True)
class Person:
    """Somebody who uses the hub, with a directory of their own to keep it in."""

    uid: int
    gid: int
    room: Path
    bin_dir: Path

    @property
    def home(self) -> Path:
        return self.room / "hub"

    def does(self, story: Callable[[], None]) -> None:
        """Runs the story in a child process as this person; what fails in it fails here."""
        self.begins(story)()

    def begins(self, story: Callable[[], None]) -> Callable[[], None]:
        """Starts the story in a child process as this person; the answer waits for its end."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            code = 1
            try:
                if os.geteuid() != self.uid:
                    os.setgroups([])
                    os.setgid(self.gid)
                    os.setuid(self.uid)
                story()
                code = 0
            except BaseException:  # noqa: BLE001  (a child must not go on as a second pytest)
                os.write(writing, traceback.format_exc()[-60_000:].encode())
            finally:
                os._exit(code)
        os.close(writing)

        def wait() -> None:
            with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
                said = pipe.read()
            _, status = os.waitpid(child, 0)
            if status:
                pytest.fail(said or f"the story ended with status {status}", pytrace=False)

        return wait


@contextmanager
def person(root: bool) -> Iterator[Person]:
    """Root, or an ordinary user (an unprivileged one if the tests run as root), whose traces are removed afterwards."""
    if root and os.geteuid() != 0:
        pytest.skip("acting as root needs root")
    entry = pwd.getpwnam("nobody") if os.geteuid() == 0 and not root else pwd.getpwuid(os.geteuid())
    room = Path(tempfile.mkdtemp(prefix="hub-person-", dir="/tmp"))
    room.chmod(0o755 if root else 0o700)
    os.chown(room, entry.pw_uid, entry.pw_gid)
    try:
        yield Person(entry.pw_uid, entry.pw_gid, room, _programs_for(entry.pw_uid, entry.pw_gid, room))
    finally:
        for home in {path.parent for path in room.rglob("postgres.lock")}:
            remove(home)
        shutil.rmtree(room)


def remove(home: Path) -> None:
    """Stops the server of a home and removes its data, also those outside of it."""
    place = home / "postgres"
    postgres.stop(home)
    if place.is_symlink():
        target = place.resolve()
        shutil.rmtree(target)
        target.with_name(f"{target.name}.home").unlink()
        place.unlink()


def _programs_for(uid: int, gid: int, room: Path) -> Path:
    """The bundled programs, copied if the person cannot reach this virtual environment."""
    account = Account(uid, gid)
    return reachable(postgres.binaries(), account, room / "programs")
