"""A manifest read leniently: with one of its demands at a time, so that a refused row can be told everything it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.manifest import Manifest

_NAMED = ("fields", "place", "texts", "money", "areas")
_LISTED = ("identifiers", "citations")


def with_one_demand(manifest: Manifest) -> Iterator[Manifest]:
    """Give the manifest with none of its demands on a row, then with each of them alone.

    A row that breaks several demands is refused by each of the latter; what the first gives is what else is odd in it.
    """
    lenient = manifest.model_copy(
        update={
            "require": (),
            **{
                name: {key: _unasked(rule) for key, rule in getattr(manifest, name).items()}
                for name in _NAMED
            },
            **{name: tuple(_unasked(rule) for rule in getattr(manifest, name)) for name in _LISTED},
        }
    )
    yield lenient
    for rule in manifest.require:
        yield lenient.model_copy(update={"require": (rule,)})
    for name in _NAMED:
        for key, rule in getattr(manifest, name).items():
            if rule.required:
                yield lenient.model_copy(update={name: {**getattr(lenient, name), key: rule}})
    for name in _LISTED:
        for place, rule in enumerate(getattr(manifest, name)):
            if rule.required:
                rules = getattr(lenient, name)
                yield lenient.model_copy(update={name: (*rules[:place], rule, *rules[place + 1 :])})


def _unasked(rule: Any) -> Any:
    return rule.model_copy(update={"required": False}) if rule.required else rule
