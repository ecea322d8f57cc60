"""A held deletion carried out or dropped by an admin's word, in one transaction with the word."""

from __future__ import annotations

from app.db import sources
from app.db.session import Connection
from app.errors import Conflict
from app.pipeline.land import delete_records
from schemas.api.sources import HeldDeletionView


def decide(
    connection: Connection, jurisdiction: int, source: str, run_id: str, decision: str, by: str
) -> HeldDeletionView:
    """Keep the word, and on `confirm` land tombstones for the vanished records.

    Raises NotFound, and Conflict when a word was said before or a newer listing has landed, which may name the
    records again.
    """
    held = sources.decide_deletion(connection, jurisdiction, source, run_id, decision, by)
    if decision == "confirm":
        if sources.pulled_since(connection, jurisdiction, source, held.at):
            raise Conflict(f"{source} has been listed again since; decide what its newest listing holds back")
        delete_records(connection, jurisdiction, source, held.vanished, by)
    return held
