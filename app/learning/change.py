"""What another model would change, told before it is published: clusters that merge or split, and people's words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from app.learning.hub import Hub
from app.learning.linking import Linked, Places, Points, link
from app.pipeline.matching.model import Model
from app.pipeline.matching.score import REVIEW_CUT, SAFE_CUT
from schemas.judgements import Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """Counts of what differs between two models on the records of one hub.

    `split` and `merged` count projects of the one that are in several of the other; `against` counts words the
    model's own score speaks against, before and after: a person is still followed, but was needed.
    """

    records: int
    projects: tuple[int, int]
    questions: tuple[int, int]
    moved: int
    split: int
    merged: int
    words: int
    against: tuple[int, int]


def change(hub: Hub, before: Model, after: Model) -> Change:
    """Cluster a hub's records by both models, under the words people spoke."""
    old_scores, new_scores = hub.scores(before), hub.scores(after)
    was, now = _linked(hub, old_scores), _linked(hub, new_scores)
    return Change(
        records=len(hub.ids),
        projects=(_many(was.safe), _many(now.safe)),
        questions=(was.reviews, now.reviews),
        moved=_moved(was.safe, now.safe),
        split=_torn(was.safe, now.safe),
        merged=_torn(now.safe, was.safe),
        words=len(hub.words),
        against=(_against(hub, old_scores), _against(hub, new_scores)),
    )


def _linked(hub: Hub, scores: Points) -> Linked:
    return link(hub.ids, hub.normal, hub.pairs, scores, words=hub.words).linked()


def _many(groups: Places) -> int:
    return len(np.unique(groups))


def _torn(groups: Places, others: Places) -> int:
    """Count the groups whose records are in several of the others."""
    cells = set(zip(groups.tolist(), others.tolist(), strict=True))
    return sum(n > 1 for n in Counter(group for group, _ in cells).values())


def _moved(groups: Places, others: Places) -> int:
    """Count the records that are in another company than before."""
    sizes, other_sizes = Counter(groups.tolist()), Counter(others.tolist())
    cells = Counter(zip(groups.tolist(), others.tolist(), strict=True))
    return sum(n for (a, b), n in cells.items() if not n == sizes[a] == other_sizes[b])


def _against(hub: Hub, scores: Points) -> int:
    """Count words `same` on pairs below the review cut, and `different` on pairs above the safe cut."""
    place = {rid: i for i, rid in enumerate(hub.ids)}
    score = dict(zip(map(tuple, hub.pairs.tolist()), scores.tolist(), strict=True))
    found = 0
    for word in hub.words:
        if word.a in place and word.b in place:
            a, b = sorted((place[word.a], place[word.b]))
            points = score.get((a, b), 0)
            found += (word.verdict is Verdict.SAME and points < REVIEW_CUT) or (
                word.verdict is Verdict.DIFFERENT and points >= SAFE_CUT
            )
    return found
