"""Commands about the hub's database."""

from __future__ import annotations

import argparse

from app import postgres
from app.address import database_url
from app.db import migrate
from app.settings import Settings


def upgrade(_options: argparse.Namespace) -> None:
    """Bring the database to this version."""
    migrate.upgrade(database_url(Settings()))


def check(_options: argparse.Namespace) -> None:
    """Fail when the tables in code and the migrated tables differ."""
    url = database_url(Settings())
    migrate.upgrade(url)
    migrate.check(url)


def url(_options: argparse.Namespace) -> None:
    """Print the database's address."""
    print(database_url(Settings()))


def stop(_options: argparse.Namespace) -> None:
    """Stop the embedded database; a running `hub up` or demo starts it again."""
    postgres.stop(Settings().home_folder)
