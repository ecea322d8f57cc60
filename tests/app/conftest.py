"""Fixtures of a hub that pulls one permits table of housing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.db.session import Database
from app.pipeline.rules import Rules, load_rules
from tests.support.corridor import opened
from tests.support.pulled import paged_registry, permits_table


@pytest.fixture
def rules() -> Rules:
    """The rules of the registry whose only table is pulled in small pages."""
    return load_rules(paged_registry())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, with room for a few at once."""
    made = Database(database_url, pool_size=3)
    yield made
    made.close()


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    """A database in which both jurisdictions are known, with room for several workers."""
    with opened(database_url, pool_size=8) as database:
        yield database


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Housing's exchange database with an empty table, to which the environment leads."""
    with permits_table(tmp_path) as (url, engine):
        monkeypatch.setenv("TEST_PERMITS_URL", url)
        yield engine
