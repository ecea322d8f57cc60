"""Commands about accounts and their keys."""

from __future__ import annotations

import argparse
import os
import secrets
from dataclasses import astuple
from datetime import UTC, datetime, timedelta

from app.access.audit import Entry
from app.cli.hub import opened
from app.db import accounts, audit, keys, logins
from app.db.accounts import rights
from app.db.session import Connection
from app.errors import BadRequest
from app.terminal import table

BY = "hub keys"
"""Who makes accounts by command: whoever may run it on this machine."""


def add(options: argparse.Namespace) -> None:
    """Make an account with its first key and print the key, once."""
    given = rights(options.role, options.department, options.district)
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        print(keys.add(connection, jurisdiction, options.name, given, by=BY, expires_at=_ends(options)))
        _note(connection, jurisdiction, options)


def follow(options: argparse.Namespace) -> None:
    """Make the key that follows an account's key in use, and print it, once."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        print(keys.follow(connection, jurisdiction, options.name, expires_at=_ends(options)))
        _note(connection, jurisdiction, options)


def grant(options: argparse.Namespace) -> None:
    """Give an account other rights."""
    given = rights(options.role, options.department, options.district)
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        accounts.change(connection, jurisdiction, options.name, given)
        _note(connection, jurisdiction, options)


def shut(options: argparse.Namespace) -> None:
    """Shut an account with all its keys."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        accounts.disable(connection, jurisdiction, options.name)
        _note(connection, jurisdiction, options)


def password(options: argparse.Namespace) -> None:
    """Let an account log in by a password that is made up here and printed, once."""
    runtime, jurisdiction = opened(options)
    made = secrets.token_urlsafe(15)
    with runtime.database.begin() as connection:
        logins.set_password(connection, jurisdiction, options.name, made)
        _note(connection, jurisdiction, options)
    print(made)


def subject(options: argparse.Namespace) -> None:
    """Let an account log in as whom the provider of identities calls so."""
    runtime, jurisdiction = opened(options)
    if not runtime.settings.oidc_issuer:
        raise BadRequest("HUB_OIDC_ISSUER names no provider of identities")
    with runtime.database.begin() as connection:
        named = f"{runtime.settings.oidc_issuer.rstrip('/')}#{options.subject}"
        logins.set_subject(connection, jurisdiction, options.name, named)
        _note(connection, jurisdiction, options)


def show(options: argparse.Namespace) -> None:
    """Print every key, never its secret."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        found = keys.list_keys(connection, jurisdiction)
    head = ("id", "name", "roles", "departments", "districts", "expires", "revoked", "used")
    rows = [
        (
            k.key_id,
            k.name,
            *(" ".join(sorted(words)) for words in (k.rights.roles, *astuple(k.rights.reach))),
            k.expires_at,
            k.revoked_at,
            k.used_at,
        )
        for k in found
    ]
    print(table(head, list(rows)))


def revoke(options: argparse.Namespace) -> None:
    """Take a key back."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        keys.revoke(connection, jurisdiction, options.key_id)
        _note(connection, jurisdiction, options)


def _note(connection: Connection, jurisdiction: int, options: argparse.Namespace) -> None:
    """Have it in the audit: who may run commands on this machine is asked as whom he is logged in."""
    rights_said = [*options.role, *options.department, *options.district] if "role" in options else []
    target = " ".join([getattr(options, "name", None) or options.key_id, *rights_said])
    entry = Entry(
        "", os.environ.get("USER") or f"uid {os.getuid()}", "command", f"hub keys {options.doing}", target, ""
    )
    audit.append(connection, jurisdiction, entry, "done")


def _ends(options: argparse.Namespace) -> datetime | None:
    return datetime.now(UTC) + timedelta(days=options.days) if options.days else None
