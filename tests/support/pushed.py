"""Messages as the push door keeps them, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from app.api.receiving import receipt
from app.db import pushes
from app.db.pushes import Push
from schemas.api.deliveries import Receipt


def accept_push(
    connection: Connection,
    jurisdiction: int,
    source: str,
    message_id: str,
    headers: Mapping[str, str],
    body: bytes,
    sender: str,
) -> Receipt:
    """Keep a message as one that was verified."""
    kept = json.dumps(dict(headers)).encode()
    push = Push(source, message_id, kept, body, pushes.digest(body), sender)
    return receipt(push, pushes.accept(connection, jurisdiction, push))
