"""Fixtures of every room: real PostgreSQL databases, made for one test and dropped after it."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.support.database import migrate, running_server, throw_away_database
from tests.support.mariadb import Server, installed, running_mariadb

os.environ["HUB_EGRESS_LOOPBACK"] = "1"  # the departments of tests are on this machine


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL on which this session may make databases."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> Iterator[str]:
    """The address of a database at the newest revision; only copied, never connected to by a test."""
    with throw_away_database(postgres_server) as url:
        migrate(url)
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A MariaDB of this session's own, where the machine has its programs (apt-get install mariadb-server)."""
    if not installed():
        pytest.skip("this machine has no MariaDB: no mariadbd and mariadb-install-db on the PATH")
    with running_mariadb() as server:
        yield server


@pytest.fixture
def empty_database_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy address of an empty database of this test's own."""
    with throw_away_database(postgres_server) as url:
        yield url


@pytest.fixture
def database_url(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """The SQLAlchemy address of a database of this test's own, at the newest revision and without rows."""
    with throw_away_database(postgres_server, template=migrated_template) as url:
        yield url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Spells out half characters that a test has logged: a report goes from process to process as UTF-8."""
    report = yield
    report.sections = [
        (name, said.encode("utf-8", "backslashreplace").decode()) for name, said in report.sections
    ]
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what needs a server `database`, and leaves campaigns to `make test-campaign`."""
    for item in items:
        if isinstance(item, pytest.Function) and "postgres_server" in item.fixturenames:
            item.add_marker("database")
    if not os.environ.get("HUB_TEST_CAMPAIGN"):
        long = [item for item in items if item.get_closest_marker("campaign")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
