"""The commands of `hub` on the filled small city."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.app.house import hub
from tests.support.database import throw_away_database
from tests.support.small_city import small_city

Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def city(postgres_server: str, migrated_template: str) -> Iterator[Hub]:
    """Give a `hub` that works on a small city of this module's own."""
    with throw_away_database(postgres_server, template=migrated_template) as url:
        made = small_city(url)
        made.fill()
        made.database.close()
        yield lambda *arguments: hub(*arguments, HUB_DATABASE_URL=url)


@pytest.fixture
def says(city: Hub) -> Callable[..., str]:
    """Give what a command prints; it must end well."""

    def said(*arguments: str) -> str:
        done = city(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return said


@pytest.fixture
def refuses(city: Hub) -> Callable[..., str]:
    """Give the message of a command that must be refused, without a traceback."""

    def said(*arguments: str) -> str:
        done = city(*arguments)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    return said
