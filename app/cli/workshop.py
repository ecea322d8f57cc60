"""Commands for who teaches the hub a department's feed."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.errors import BadRequest
from app.terminal import table
from connectors import registry, testing
from connectors.manifest import ManifestError
from connectors.scaffold import new as make


def show(_options: argparse.Namespace) -> None:
    """Print every connector found, and the broken ones with their reason."""
    found = registry.discover()
    rows: list[tuple[object, ...]] = [
        (m.key, m.transport.kind, m.tier, m.title.zh, m.owner) for m in found.manifests()
    ]
    print(table(("source", "transport", "tier", "title", "owner"), rows))
    for broken in found.unavailable:
        print(f"unavailable: {broken.origin}: {broken.reason}")


def new(options: argparse.Namespace) -> None:
    """Make a feed's folder from the template."""
    try:
        print(make(Path(options.into), options.key))
    except (ManifestError, FileExistsError) as error:
        raise BadRequest(str(error)) from error


def check(options: argparse.Namespace) -> int:
    """Check feeds against the contract, rule by rule; 1 when a rule is broken."""
    broken = 0
    for feed in options.feed or testing.feeds():
        print(feed)
        for result in testing.check(Path(feed) if Path(feed).is_dir() else feed, update=options.update):
            print(f"  {result.rule:<4} {result.state:<7} {result.message}")
            broken += result.state == "broken"
    return 1 if broken else 0
