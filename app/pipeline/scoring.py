"""Which model scores: the one that the derived drawer stands under, so that what is told is what was computed.

A published model is memory. A drawer names the one it was derived under, whoever reads it scores by that one, and a
rebuild takes up the one published last: no process can hold another than the drawer it reads.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from app.db import rule_sets
from app.db.rule_sets import Published
from app.db.session import Connection
from app.pipeline.matching.published import FEATURES, laid_out
from app.pipeline.matching.score import shipped
from app.pipeline.matching.scorer import Scorer

log = logging.getLogger(__name__)


def scorer(connection: Connection, jurisdiction: int) -> Scorer:
    """Give the model of the drawer this connection means; it is read once a process."""
    published = rule_sets.standing(connection, jurisdiction)
    return shipped() if published is None else scorer_of(published)


def scorer_of(published: Published) -> Scorer:
    """Give a published model laid out; the shipped one where this version no longer compares what it was learned on."""
    if published.model is None:
        return shipped()
    return laid_out(published.model) if fits(published) else _set_aside(published.number)


def fits(published: Published) -> bool:
    """Say whether this version of the hub compares what a published model was learned on."""
    return published.model is None or published.features == FEATURES


@lru_cache(maxsize=16)
def _set_aside(number: int) -> Scorer:
    log.warning(
        "the published model was learned on what another version compared: the shipped one scores, train anew",
        extra={"facts": {"rule_set": number}},
    )
    return shipped()
