"""Records drawn by hypothesis, and components: eight records, their pairs, people's words on them, and who died."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from app.pipeline.matching.cluster import Clustering, Scored, Word, cluster
from app.pipeline.matching.normal import Normal
from schemas.judgements import Verdict
from tests.app.pipeline.matching.build import norm, pair

IDS = "abcdefgh"
TWO = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda t: t[0] < t[1])
COMPONENT = st.fixed_dictionaries(
    {
        "phases": st.lists(st.sampled_from([(), (1,), (2,), (1, 2)]), min_size=len(IDS), max_size=len(IDS)),
        "codes": st.lists(
            st.sampled_from([(), ("1" * 20,), ("2" * 20,)]), min_size=len(IDS), max_size=len(IDS)
        ),
        "numbers": st.lists(
            st.sets(st.sampled_from("nmk"), max_size=2), min_size=len(IDS), max_size=len(IDS)
        ),
        "scores": st.dictionaries(TWO, st.integers(20_000, 1_000_000), max_size=28),
        "same": st.lists(TWO, max_size=3),
        "different": st.lists(TWO, max_size=3),
        "dead": st.sets(st.sampled_from(IDS), max_size=2),
    }
)


CODE, NEAR, FAR, OLD = (
    "24034302110401123456",
    "24034302110401123457",
    "24034302110401654321",
    "20194302110401123456",
)
TEXT = st.text(alphabet="恒某园甲乙丙基地", max_size=6)
RECORD = st.builds(
    lambda core, owners, codes, usccs, numbers, phase, source: norm(
        "x",
        core=core,
        rest=core[2:],
        owner_cores=tuple(owners),
        codes=tuple(sorted(codes)),
        usccs=tuple(sorted(usccs)),
        bears=numbers,
        phase=phase,
        source=source,
    ),
    TEXT,
    st.lists(TEXT.filter(bool), max_size=2),
    st.sets(st.sampled_from([CODE, NEAR, FAR, OLD]), max_size=2),
    st.sets(st.sampled_from(["91430211MA4D00111A", "91430204MA4D00180A"]), max_size=1),
    st.sets(st.sampled_from(["works_code:A-1", "promotion_no:1", "promotion_no:2"]), max_size=2),
    st.sets(st.integers(1, 3), max_size=2),
    st.sampled_from(["commerce.x", "land.x"]),
)


def component(
    drawn: dict[str, Any], seed: int = 0, named: str = ""
) -> tuple[dict[str, Normal], dict[str, Normal], list[Scored], list[Word]]:
    """Give live and dead records, pairs and words of what was drawn, in an order of its own; ids begin with `named`.

    Words `same` were said in the order drawn.
    """
    shuffle = random.Random(seed).shuffle
    everyone = [
        (
            i,
            norm(
                named + i, source=f"some.{ord(i) % 3}", phase=p, codes=c, cites={f"{named}x:{n}" for n in ns}
            ),
        )
        for i, p, c, ns in zip(IDS, drawn["phases"], drawn["codes"], drawn["numbers"], strict=True)
    ]
    found = [pair(named + a, named + b, score) for (a, b), score in drawn["scores"].items()]
    words = [Word(named + a, named + b, Verdict.SAME, i) for i, (a, b) in enumerate(drawn["same"])]
    words += [Word(named + b, named + a, Verdict.DIFFERENT) for a, b in drawn["different"]]
    words += drawn.get("words", ())
    for items in (everyone, found, words):
        shuffle(items)
    live = {n.record_id: n for i, n in everyone if i not in drawn["dead"]}
    dead = {n.record_id: n for i, n in everyone if i in drawn["dead"]}
    return live, dead, found, words


def clustered(drawn: dict[str, Any], seed: int = 0) -> Clustering:
    """Cluster what was drawn, everything handed over in an order of its own."""
    return cluster(*component(drawn, seed))


def together(done: Clustering, *ids: str) -> bool:
    """Tell whether these records, withdrawn ones too, are in one project."""
    place = {i: n for n, project in enumerate(done.projects) for i in project}
    return len({place.get(done.attached.get(i, i), i) for i in ids}) == 1
