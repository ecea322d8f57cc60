"""Commands about API keys."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from app.cli.hub import opened
from app.db import keys
from app.terminal import table


def add(options: argparse.Namespace) -> None:
    """Make a named key and print it, once."""
    runtime, jurisdiction = opened(options)
    ends = datetime.now(UTC) + timedelta(days=options.days) if options.days else None
    with runtime.database.begin() as connection:
        print(keys.add(connection, jurisdiction, options.name, options.scope, ends))


def show(options: argparse.Namespace) -> None:
    """Print every key, never its secret."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        found = keys.list_keys(connection, jurisdiction)
    head = ("id", "name", "scopes", "expires", "revoked", "used")
    rows = [(k.key_id, k.name, " ".join(k.scopes), k.expires_at, k.revoked_at, k.used_at) for k in found]
    print(table(head, list(rows)))


def revoke(options: argparse.Namespace) -> None:
    """Take a key back."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        keys.revoke(connection, jurisdiction, options.key_id)
