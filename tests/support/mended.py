"""Rule sets with other manifests than the installed ones, and replays walked without a worker."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.db import jurisdictions, replays
from app.db.replays import Claimed
from app.db.session import Database
from app.pipeline.replay import LEASE_SECONDS, run
from app.pipeline.rules import Rules, load_rules
from app.pipeline.standing import take_up
from connectors.manifest import Manifest, load
from connectors.manifest_mapping import PartRule, TextRule
from connectors.registry import Registry, Source
from schemas.api.replays import ReplayView, Step
from tests.support.small_city import PERMITS, SIGNED, SmallCity, permit, signed, small_city


def with_manifests(rules: Rules, manifests: Mapping[str, Manifest], name: str) -> Rules:
    """Give the same rules with other manifests of some sources, whose fingerprints bear `name`."""
    sources = {
        key: Source(manifests.get(key, source.manifest), source.folder)
        for key, source in rules.registry.sources.items()
    }
    named = {key: f"{name} of {key}" for key in manifests}
    return replace(
        rules,
        registry=Registry(sources, rules.registry.unavailable),
        sources={**rules.sources, **named},
    )


def mended(manifest: Manifest, dice: random.Random) -> Manifest:
    """Give a manifest that reads the same rows otherwise: less of them, in other units, stricter, or as parts."""
    known = tuple(sorted(manifest.known_columns()))
    change = dice.choice(("fewer", "units", "stricter", "kind", "unnamed", "unknown"))
    update: dict[str, Any] = {"ignore": known}
    if change == "unknown":
        update = {"ignore": tuple(name for name in manifest.ignore if dice.random() < 0.5)}
    elif change == "fewer":
        for name in ("identifiers", "citations", "parties", "evidence", "planned"):
            update[name] = tuple(one for one in getattr(manifest, name) if dice.random() < 0.7)
    elif change == "units":
        update["money"] = {
            name: rule.model_copy(update={"unit": dice.choice(("元", "万元", "亿元"))})
            for name, rule in manifest.money.items()
        }
    elif change == "unnamed":
        update |= {"fields": {}, "place": {}}
    elif change == "kind":
        said = {"part": "event", "source": "housing.projects", "key": dice.choice(known)}
        parent = None if manifest.parent else PartRule.model_validate(said)
        update |= {"parent": parent, "fields": {}, "place": {}, "parties": ()}
    else:
        column = dice.choice(sorted(set(manifest.mapped_columns())))
        needed = TextRule.model_validate({"from": column, "required": True})
        update["texts"] = {**manifest.texts, "needed": needed}
    return manifest.model_copy(update=update)


def claimed(
    database: Database, rules: Rules, jurisdiction: int, sources: Sequence[str], step: Step = "run"
) -> Claimed:
    """Queue a replay and take it as a worker does."""
    with database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        made = replays.create(connection, held, sources, step, "engineer")
        found = replays.claim(connection, jurisdiction, rules.fingerprint, LEASE_SECONDS, made.replay_id)
    assert found is not None
    return found


def replayed(
    database: Database,
    rules: Rules,
    jurisdiction: int,
    sources: Sequence[str],
    stopping: Callable[[], bool] = lambda: False,
) -> ReplayView:
    """Replay sources and give how it ended."""
    one = claimed(database, rules, jurisdiction, sources)
    run(database, rules, one, stopping=stopping)
    return told(database, one)


def told(database: Database, one: Claimed) -> ReplayView:
    """Give a replay as it stands."""
    with database.read() as connection:
        return replays.replay(connection, one.jurisdiction, one.replay_id)


def taken_up(database: Database, rules: Rules, jurisdiction: int) -> list[str]:
    """Take up rules as a starting worker does; gives the sources whose replay is due."""
    with database.begin() as connection:
        return take_up(connection, jurisdictions.hold(connection, jurisdiction), rules)


def mended_city(city: SmallCity, key: str, old: str, new: str, folder: Path) -> Rules:
    """Give the rules of a small city one of whose manifests was mended: a text in it became another."""
    place = folder.joinpath(*key.split("."))
    place.mkdir(parents=True)
    text = {"housing.permits": PERMITS, "commerce.signed": SIGNED}[key]
    assert old in text
    (place / "manifest.toml").write_text(text.replace(old, new), encoding="utf-8")
    found = city.registry.sources | {key: Source(load(place), place)}
    return load_rules(Registry(found, []))


def refusing_city(url: str) -> SmallCity:
    """Give a city of forty permits, every fourth of them a sample, which the manifest refuses, and a signed project."""
    city = small_city(url)
    names = ("样例" if n % 4 == 0 else f"第{n}号厂房" for n in range(40))
    city.land("housing.permits", *(permit(f"P{n:02}", name, code="") for n, name in enumerate(names)))
    city.land("commerce.signed", signed("A-1", "第1号厂房", code=""))
    city.drain()
    return city
