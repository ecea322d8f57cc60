"""`hub`: the one command. Each group of commands has a file; nothing heavy is loaded before it is needed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from app.cli import commands
from app.errors import HubError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one `hub` command and give its exit code; what went wrong is said on standard error."""
    parser = argparse.ArgumentParser(prog="hub", description="项目全生命周期数据枢纽 · Lifecycle Hub")
    commands.add_to(parser)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except HubError as error:
        print(error.detail, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # who reads our output has enough of it
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        told = _mistaken(error) or _away(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return 1


def _mistaken(error: Exception) -> str | None:
    """Say which setting cannot be read, and why, but not what it holds; None for any other error."""
    from pydantic import ValidationError

    from app.settings import Settings

    if not isinstance(error, ValidationError) or error.title != Settings.__name__:
        return None
    said = (f"HUB_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
    return "\n".join(("环境变量有误 these variables cannot be read:", *said))


def _away(error: Exception) -> str | None:
    """Say that the database is away, and why; None for any other error."""
    from app.db import calls
    from app.logs import cause

    named = calls.unavailable(error)
    return f"数据库没有应答 {named.detail}: {cause(error)}\n请检查 check HUB_DATABASE_URL" if named else None
