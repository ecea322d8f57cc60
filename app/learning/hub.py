"""What a hub has to learn from: its living records as matching sees them, and people's answers about pairs drawn to teach."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.db import learning
from app.db.session import Connection
from app.learning.blocking import candidate_pairs
from app.learning.isotonic import Floats
from app.learning.linking import Places, Points
from app.pipeline.matching.cluster import Word
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.levels import Levels, compare
from app.pipeline.matching.model import WHOLE, Model
from app.pipeline.matching.normal import Normal
from app.pipeline.matching.packed import heard_bytes, unpack_one, vectors_of
from app.pipeline.matching.project import PROJECT
from app.pipeline.matching.published import beside_shipped
from app.pipeline.matching.score import score_pairs
from app.pipeline.matching.vector import Vectors
from schemas.judgements import Verdict

_PORTION = 16_384
MOST = 2_000_000
"""Pairs that are looked at to learn from."""


class Answers(NamedTuple):
    """Pairs people judged: their levels, 1 for `same` and 0 for `different`, the chance each was drawn with, and the word's number."""

    levels: Levels
    labels: Floats
    chances: Floats
    numbers: NDArray[np.int64]


class Hub:
    """One jurisdiction's living records in memory, in order of their ids."""

    def __init__(self, connection: Connection, jurisdiction: int) -> None:
        """Read all records and words; nothing is written."""
        rows = learning.living(connection, jurisdiction)
        self.ids = [record_id for record_id, *_ in rows]
        self.pairs: Places = candidate_pairs(block_keys_of(unpack_one(packed) for _, packed, _ in rows))
        self.packed = [heard_bytes(packed, common or ()) for _, packed, common in rows]
        self.vectors: Vectors = vectors_of(self.packed)
        said = learning.words(connection, jurisdiction)
        self.words = [Word(w.a, w.b, Verdict(w.verdict), w.number) for w in said]
        # what was said of a pair last
        self._asked = {frozenset((w.a, w.b)): w for w in said if w.asked and w.verdict in _LABEL}

    def normal(self, place: int) -> Normal:
        """Give a record as matching sees it."""
        return unpack_one(self.packed[place])

    def levels(self) -> Levels:
        """Give the levels of its candidate pairs, of every so manieth where there are very many."""
        some = np.arange(0, len(self.pairs), max(1, -(-len(self.pairs) // MOST)))
        return self._levels(self.pairs[some])

    def answers(self) -> Answers:
        """Give what people judged of two of its records, `same` or `different`, the last word on each two."""
        place = {rid: i for i, rid in enumerate(self.ids)}
        known = [w for w in self._asked.values() if w.a in place and w.b in place]
        pairs = np.array([sorted((place[w.a], place[w.b])) for w in known], np.int32).reshape(-1, 2)
        labels = np.array([_LABEL[w.verdict] for w in known], np.float64)
        # who judged a pair nobody drew picked it for its weight, like the surest draw
        chances = np.array([(w.drawn or WHOLE) / WHOLE for w in known], np.float64)
        return Answers(self._levels(pairs), labels, chances, np.array([w.number for w in known], np.int64))

    def scores(self, model: Model) -> Points:
        """Give the probability (10⁻⁶) of every candidate pair by a model, laid on the cuts the hub clusters by."""
        left, right = _sides(self.pairs)
        return score_pairs(beside_shipped(model), self.vectors, left, right).astype(np.int64)

    def _levels(self, pairs: Places) -> Levels:
        left, right = _sides(pairs)
        parts = [slice(at, at + _PORTION) for at in range(0, max(1, len(pairs)), _PORTION)]
        return np.concatenate(
            [compare(PROJECT, self.vectors, left[part], right[part]) for part in parts], axis=1
        )


_LABEL = {Verdict.SAME.value: 1.0, Verdict.DIFFERENT.value: 0.0}


def _sides(pairs: Places) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return pairs[:, 0].astype(np.intp), pairs[:, 1].astype(np.intp)
