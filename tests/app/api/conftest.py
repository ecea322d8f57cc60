"""The hub of the small city by HTTP, empty or filled, with keys of both jurisdictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count

import pytest

from app.db import keys
from app.db.accounts import rights
from app.main import create_app
from app.settings import Settings
from tests.support.callers import trusted
from tests.support.client import Client, calling
from tests.support.database import JURISDICTIONS, throw_away_database
from tests.support.small_city import SECRET, SmallCity, small_city

MakeKey = Callable[..., str]


@pytest.fixture(scope="session")
def filled_template(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """The small city with its two projects; only copied."""
    with throw_away_database(postgres_server, template=migrated_template) as url:
        made = small_city(url)
        made.fill()
        made.database.close()
        yield url


@pytest.fixture(scope="session")
def reader(postgres_server: str, filled_template: str) -> Iterator[Client]:
    """A caller of the filled city for tests that change nothing."""
    with (
        throw_away_database(postgres_server, template=filled_template) as url,
        serving(small_city(url)) as caller,
    ):
        yield trusted(caller, url)


@pytest.fixture(scope="session")
def admin(postgres_server: str, filled_template: str) -> Iterator[Client]:
    """A caller with every right in the filled city, for what is refused and so changes nothing."""
    with throw_away_database(postgres_server, template=filled_template) as url:
        with serving(small_city(url)) as caller:
            yield trusted(caller, url)


@pytest.fixture
def city(postgres_server: str, filled_template: str) -> Iterator[SmallCity]:
    """A filled city of this test's own."""
    with throw_away_database(postgres_server, template=filled_template) as url:
        made = small_city(url)
        yield made
        made.database.close()


@pytest.fixture
def client(city: SmallCity) -> Iterator[Client]:
    """A caller of this test's own city who may do everything that one account may."""
    with serving(city) as caller:
        yield trusted(caller, city.database.url)


@contextmanager
def serving(city: SmallCity, *, raise_app_exceptions: bool = True) -> Iterator[Client]:
    """Give an anonymous caller of a city's hub."""
    settings = Settings(jurisdiction=JURISDICTIONS[0], push_limit=20_000)
    app = create_app(settings, city.database, city.registry, {"TEST_EVENTS_SECRET": SECRET})
    with calling(app, raise_app_exceptions=raise_app_exceptions) as caller:
        yield caller
    city.database.close()


@pytest.fixture
def make_key(city: SmallCity) -> MakeKey:
    names = chain(["reviewer"], map("reviewer {}".format, count(2)))

    def make(
        *roles: str,
        jurisdiction: int = JURISDICTIONS[0],
        name: str = "",
        departments: Sequence[str] = ("all",),
        districts: Sequence[str] = ("all",),
    ) -> str:
        given = rights(roles, departments, districts)
        with city.database.begin() as connection:
            return keys.add(connection, jurisdiction, name or next(names), given, by="test")

    return make
