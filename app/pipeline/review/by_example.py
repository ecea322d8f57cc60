"""Who fits what is known of a project: its traits, the records that share a rare one, and how they score; read only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from app.db import resolution
from app.db.session import Connection
from app.pipeline.matching.common import common_of, heard
from app.pipeline.matching.explain import Explanation, explain_pair
from app.pipeline.matching.keys import CAP, is_number, number_keys
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.packed import heard_bytes, pack_all, unpack_one, vectors_of
from app.pipeline.matching.rules import forbidden
from app.pipeline.matching.score import score_pairs, tell_all
from app.pipeline.scoring import scorer


@dataclass(frozen=True, slots=True)
class Found:
    """The best of those compared, each as matching sees it and explained against the example, the best first.

    `few` are the example's keys that somebody holds and not too many do, `common` those that too many hold.
    """

    best: tuple[tuple[Normal, Explanation], ...]
    compared: int
    few: frozenset[int]
    common: frozenset[int]


def fitting(
    connection: Connection,
    jurisdiction: int,
    example: Normal,
    keys: Collection[int],
    limit: int,
    least: int = 0,
) -> Found:
    """Give up to `limit` living records that hold one of these keys of an example and score at least `least`.

    A key with more than `CAP` living holders tells nothing, so at most `CAP` records a key are compared. Of those that
    score alike, who bears the example's very name comes first.
    """
    holders = resolution.holders_of(connection, jurisdiction, dict.fromkeys(keys, CAP))
    few = {key: live for key, (live, _) in holders.items() if live is not None}
    rows = resolution.read_normals(connection, jurisdiction, {rid for live in few.values() for rid in live})
    rows.sort(key=lambda row: row.record_id)
    beyond = (key for key, (live, _) in holders.items() if live is None and is_number(key))
    named = number_keys((example,))
    common = frozenset(named[key] for key in beyond).union(*(row.common or () for row in rows))
    example = heard(example, common_of(example, common))
    packed = [*pack_all([example]), *(heard_bytes(row.packed, row.common or ()) for row in rows)]
    right = np.arange(1, len(packed), dtype=np.intp)
    model = scorer(connection, jurisdiction)
    scores = score_pairs(model, vectors_of(packed), np.zeros_like(right), right)
    order = np.argsort(-scores, kind="stable")[:limit]
    close = [(-int(scores[i]), unpack_one(packed[i + 1])) for i in order.tolist() if scores[i] >= least]
    close.sort(key=lambda one: (one[0], one[1].core != example.core))
    best = [one for _, one in close]
    told = (
        explain_pair(pair, forbidden(example, one))
        for one, pair in zip(best, tell_all([(example, one) for one in best], model), strict=True)
    )
    held = frozenset(key for key, live in few.items() if live)
    return Found(tuple(zip(best, told, strict=True)), len(rows), held, frozenset(holders.keys() - few.keys()))
