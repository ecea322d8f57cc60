"""A filled small city of two jurisdictions, with sources that push under every rule the receiver knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.manifest import parse
from connectors.registry import Registry, Source
from tests.app.api.conftest import filled_template as filled_template  # noqa: PLC0414 — a fixture is found by its name here
from tests.support.database import throw_away_database
from tests.support.small_city import EVENTS, SmallCity, small_city, small_registry

STRICT, FEW, SMALL = "housing.strict", "housing.few", "housing.small"


@pytest.fixture
def city(postgres_server: str, filled_template: str) -> Iterator[SmallCity]:
    """A filled city of this test's own."""
    with throw_away_database(postgres_server, template=filled_template) as url:
        made = small_city(url)
        yield made
        made.database.close()


def pushed_registry() -> Registry:
    """The city's sources, and its events once more: strict, few a minute, small."""
    rules = {STRICT: "strict = true", FEW: "per_minute = 2", SMALL: "max_bytes = 1024"}
    more = [
        parse(
            EVENTS.replace("housing.events", key).replace(
                '["TEST_EVENTS_SECRET"]', f'["TEST_EVENTS_SECRET"], {rule}'
            )
        )
        for key, rule in rules.items()
    ]
    return Registry({**small_registry().sources, **{m.key: Source(m, Path("/nowhere")) for m in more}}, [])
