from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from app import postgres
from tests.app.postgres.persons import Person, person
from tests.app.postgres.stories import (
    start,
    write,
)


@pytest.fixture(params=["root", "ordinary user"])
def somebody(request: pytest.FixtureRequest) -> Iterator[Person]:
    with person(root=request.param == "root") as one:
        yield one


@pytest.fixture
def ordinary() -> Iterator[Person]:
    with person(root=False) as one:
        yield one


@pytest.fixture
def root() -> Iterator[Person]:
    with person(root=True) as one:
        yield one


@pytest.fixture(scope="module")
def settlers() -> Iterator[Callable[[bool], Person]]:
    """Root or the ordinary user with a database at home: setting one up takes longer than what is tested on it."""
    with ExitStack() as rooms:

        @cache
        def settle(root: bool) -> Person:
            one = rooms.enter_context(person(root))
            one.does(lambda: write(start(one), 0))
            return one

        yield settle


@pytest.fixture(params=["root", "ordinary user"])
def settled(request: pytest.FixtureRequest, settlers: Callable[[bool], Person]) -> Iterator[Person]:
    one = settlers(request.param == "root")
    postgres.stop(one.home)
    (one.home / "postgres" / "server.log").write_text("")
    yield one
    postgres.stop(one.home)


@pytest.fixture
def settled_root(settlers: Callable[[bool], Person]) -> Person:
    return settlers(True)
