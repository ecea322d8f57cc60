"""What departments send that would break a matcher, in growing numbers: a record must cost the same, and nobody be merged.

Everything here is made up; each kind takes one way in which names, owners or codes say nothing, too much, or what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from time import process_time
from typing import NamedTuple

import numpy as np

from app.learning.blocking import candidate_pairs
from app.learning.linking import link
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.normal import normal
from app.pipeline.matching.project import project_vectors
from app.pipeline.matching.score import score_pairs, shipped
from app.pipeline.matching.stated import Stated, StatedNumber, StatedParty, StatedPlace
from schemas.ids import record_id
from schemas.parties import Role
from schemas.schemes import Scheme

_SIGNS = "恒泰远景科创联盛华阳金瑞鼎新电池轴承陶瓷纤维食品药业纺织印染仓储物流冷链家具玻璃水泥钢构"
_SOURCES = ("commerce.signed", "land.supply", "housing.projects")
_DISTRICTS = ("430211", "430202", "430203")
_CODE = "2403-430211-04-01-123456"
_AREA = 430200
SIZES = (500, 1000, 2000, 4000)
"""Records of one kind, each twice as many as before."""


class Cost(NamedTuple):
    """What so many records of one kind cost (µs of CPU a record, pairs a record), and what became of them."""

    records: int
    cpu: float
    pairs: float
    merged: int
    questions: int


def told(sizes: tuple[int, ...] = SIZES) -> dict[str, list[Cost]]:
    """Match each kind of bad input at each size."""
    return {kind: [_cost(make, size) for size in sizes] for kind, make in KINDS.items()}


def table(costs: Mapping[str, list[Cost]]) -> str:
    """Lay the costs out: the last against the first tells whether time is linear."""
    lines = [
        "| bad input | records | CPU µs a record | pairs a record | merged unasked | questions |",
        "|---" * 6 + "|",
    ]
    lines += [
        f"| {kind} | {one.records} | {one.cpu:.0f} | {one.pairs:.1f} | {one.merged} | {one.questions} |"
        for kind, some in costs.items()
        for one in some
    ]
    return "\n".join(lines)


def _cost(make: Callable[[int], Stated], size: int) -> Cost:
    said = {record_id(_AREA, "bad", str(number)): make(number) for number in range(size)}
    ids = sorted(said)
    began = process_time()
    normals = [normal(rid, said[rid]) for rid in ids]
    pairs = candidate_pairs(block_keys_of(normals))
    left, right = (pairs[:, side].astype(np.intp) for side in (0, 1))
    scores = score_pairs(shipped(), project_vectors(normals), left, right).astype(np.int64)
    linked = link(ids, normals.__getitem__, pairs, scores).linked()
    spent = process_time() - began
    merged = size - len(np.unique(linked.safe))
    return Cost(size, 1e6 * spent / size, len(pairs) / size, merged, linked.reviews)


def _of(
    number: int, name: str | None, owner: str | None = None, code: bool = False, street: bool = True
) -> Stated:
    return Stated(
        _SOURCES[number % 3],
        name,
        bears=(StatedNumber(Scheme.PROJECT_CODE, _CODE),) if code else (),
        parties=(StatedParty(Role.OWNER, owner),) if owner else (),
        place=StatedPlace(
            district=_DISTRICTS[number % 3],
            address=f"{_word(number, 2, 'road')}路{number % 97 + 1}号" if street else None,
        ),
    )


def _word(number: int, signs: int, what: str = "word") -> str:
    told = blake2b(f"{what}{number}".encode(), digest_size=signs).digest()
    return "".join(_SIGNS[one % len(_SIGNS)] for one in told)


def _page(number: int, signs: int) -> str:
    return "".join(chr(0x4E00 + (k * 7919 + number * 104729) % 6000) for k in range(signs))


def _firm(number: int) -> str:
    return f"{_word(number, 4, 'firm')}实业有限公司"


KINDS: Mapping[str, Callable[[int], Stated]] = {
    "names of nothing (工业用地, 厂房)": lambda n: _of(n, ("工业用地", "厂房", "住宅楼")[n % 3]),
    "no name, no owner": lambda n: _of(n, None),
    "nothing at all": lambda n: _of(n, None, street=False),
    "names of 10 000 signs": lambda n: _of(n, _page(n, 10_000)),
    "one owner of them all": lambda n: _of(n, f"{_word(n, 5)}小区", "某某置业有限公司"),
    "one wrong code in them all": lambda n: _of(n, f"{_word(n, 6)}基地", _firm(n), code=True),
    "emoji and traditional signs": lambda n: _of(n, f"😀{_word(n, 4)}廠房擴建專案🏭", _firm(n)),
    "one name in them all": lambda n: _of(n, "恒泰电池产业基地", _firm(n)),
}
"""How a record of each kind is made from its number."""
