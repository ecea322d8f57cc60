"""The pairs of records from which matching learns most, drawn anew each time somebody has judged."""

from __future__ import annotations

from hashlib import blake2b

from app.db import reviews, words
from app.db.session import Connection
from app.pipeline.matching.cluster import Scored
from app.pipeline.matching.teaching import chance, draw
from schemas.api.reviews import ReviewView
from schemas.ids import record_id

WINDOW = 2_000
"""Pairs among which is drawn; ids are hashes, so those behind any one of them are a fair sample."""


MOST = 200
"""Pairs that are drawn at once."""


def drawn(connection: Connection, jurisdiction: int, n: int) -> list[ReviewView]:
    """Draw up to `n` pairs nobody has judged; the same ones as long as nobody says a word."""
    found = _drawn(connection, jurisdiction, words.last(connection, jurisdiction))[:n]
    views = reviews.views(connection, jurisdiction, [(a, b) for a, b, _ in found])
    return [
        ReviewView(
            a=a,
            b=b,
            kind="teaching",
            score=score,
            stake=0,
            departments=(),
            districts=(),
            alike="",
            contents="",
            cause="",
            said=None,
            assignee=None,
            name_a=name_a,
            name_b=name_b,
            seen=view,
        )
        for a, b, score in found
        for view, name_a, name_b in (views[a, b],)
        if view is not None
    ]


def chances(connection: Connection, jurisdiction: int, upto: int) -> dict[tuple[str, str], int]:
    """Give the pairs that were drawn while judgement `upto` was the last, each with the chance it was drawn with."""
    return {(a, b): chance(score) for a, b, score in _drawn(connection, jurisdiction, upto)}


def _drawn(connection: Connection, jurisdiction: int, upto: int) -> list[Scored]:
    salt = str(upto)
    begin = record_id(jurisdiction, "teaching", blake2b(salt.encode(), digest_size=8).hexdigest())
    return draw(reviews.sample(connection, jurisdiction, begin, WINDOW), MOST, salt)
