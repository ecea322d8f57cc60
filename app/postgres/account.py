"""Who the server runs as: PostgreSQL refuses root, so root lends it an unprivileged account.

That account is a number without an entry in the user database (nothing to create, nothing to share): 65530 lies outside
the ranges that distributions and systemd give to people and services, and below 65536, so it also exists in a user
namespace of usual size. Only `initdb` insists on a name; it is run once under a named account inside a directory that
only the private group can enter.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.postgres.errors import PostgresUnavailable

PRIVATE_ID = 65530


@dataclass(frozen=True)
class Account:
    """A user and group id that programs of PostgreSQL are run under."""

    uid: int
    gid: int

    @property
    def lent(self) -> bool:
        """Whether this is another user than the one this process runs as."""
        return self.uid != os.geteuid()

    def run(
        self, command: list[str], *, cwd: Path = Path("/"), timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """The finished command, run as this account in `cwd`, without the caller's PG* variables and with private files.

        Raises PostgresUnavailable if this process may not become the account or the program does not end in time.
        """
        try:
            return subprocess.run(
                command,
                cwd=cwd,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                umask=0o077,
                timeout=timeout,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                user=self.uid if self.lent else None,
                group=self.gid if self.lent else None,
                extra_groups=[] if self.lent else None,
            )
        except OSError as error:
            raise PostgresUnavailable(
                f"This process cannot run {command[0]} as user id {self.uid} ({error}), and PostgreSQL must not run as root. "
                f"Start the hub as an ordinary user, or set HUB_DATABASE_URL to a PostgreSQL 15 or newer."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise PostgresUnavailable(
                f"{' '.join(command)} did not end within {timeout:.0f} s; end it and try again."
            ) from error

    def reaches(self, directory: Path) -> bool:
        """Whether the account can enter the directory, asked of the system and not guessed from mode bits."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]).returncode == 0

    def runs(self, program: Path) -> bool:
        """Whether the account can run the program, asked of the system like `reaches`."""
        return self.run(["/bin/sh", "-c", '"$1" --version', "sh", str(program)]).returncode == 0

    def own(self, path: Path) -> None:
        """Gives the path, and everything under it, to the account; does nothing for the process's own account."""
        if not self.lent:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for folder, directories, files in os.walk(path):
            for name in (*directories, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)


def account_for(directory: Path) -> Account:
    """The account a server with this storage runs under: the owner of an existing directory, else this process's own,
    and for root the private one. Raises PostgresUnavailable if it belongs to somebody this process cannot become.
    """
    owner = directory.stat() if directory.is_dir() else None
    if os.geteuid() == 0:
        private = Account(PRIVATE_ID, PRIVATE_ID)
        return Account(owner.st_uid, owner.st_gid) if owner and owner.st_uid else private
    if owner and owner.st_uid != os.geteuid():
        raise PostgresUnavailable(
            f"The database in {directory} belongs to user id {owner.st_uid}, not to you ({os.geteuid()}). Run the hub as that "
            "user or as root, or set HUB_HOME to a directory of your own."
        )
    return Account(os.geteuid(), os.getegid())


def named(account: Account) -> Account:
    """An account that has a name, as `initdb` demands, in the same group: `nobody` or the first ordinary user."""
    try:
        pwd.getpwuid(account.uid)
    except KeyError:
        if account.lent:
            names = sorted((u for u in pwd.getpwall() if u.pw_uid != 0), key=lambda u: u.pw_name != "nobody")
            if names:
                return Account(names[0].pw_uid, account.gid)
        raise PostgresUnavailable(
            f"PostgreSQL needs a name for user id {account.uid}, and there is none. Add the user to /etc/passwd, or set HUB_DATABASE_URL."
        ) from None
    return account
