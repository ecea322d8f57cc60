"""A filled small city of two jurisdictions, with sources that push under every rule the receiver knows."""

from __future__ import annotations

from pathlib import Path

from connectors.manifest import parse
from connectors.registry import Registry, Source
from tests.app.api.conftest import city as city  # noqa: PLC0414 — a fixture is found by its name here
from tests.app.api.conftest import filled_template as filled_template  # noqa: PLC0414 — a fixture is found by its name here
from tests.support.small_city import EVENTS, small_registry

STRICT, FEW, SMALL = "housing.strict", "housing.few", "housing.small"


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
