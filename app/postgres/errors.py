"""The one error of the embedded PostgreSQL: what stands in the way, and what a person does about it."""

from __future__ import annotations


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do next."""
