"""A stored city matched as a whole by a few processes: names, keys, pairs, scores and clusters by the hub's own functions.

Between two steps everything lies in files of a scratch folder, mapped into memory: a process holds one portion at a time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.learning.blocking import Shared, shared
from app.learning.linking import SHIPPED, Cuts, Linked, Places, Points, laid, link
from app.pipeline.matching.keys import block_keys_of
from app.pipeline.matching.model import Model
from app.pipeline.matching.normal import normal, pack, unpack
from app.pipeline.matching.project import PROJECT, project_vectors
from app.pipeline.matching.score import FLOOR, REVIEW_CUT, score_pairs
from app.pipeline.matching.scorer import Scorer
from app.pipeline.matching.stated import stated
from app.pipeline.matching.vector import dtype
from bench.match.city import Records
from bench.match.stored import Line, lines, parts

T = TypeVar("T")
_READ = 4096
"""Records that are prepared at once."""
_BLOCK = 1 << 15
"""Records whose pairs are found and scored at once, by the smaller place of the two."""
_KINDS = ("vectors", "packed", "lengths", "keys", "counts", "ids", "sources", "truth")
_ID, _SOURCE = "S40", "S64"
_SCORED, _PAIRS = 1 << 13, 1 << 20
"""Pairs that are scored at once, and that are sifted at once."""
_CHUNK = 20_000
"""Records of whole components that are clustered at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A city that is being matched: where its parts and what was made of them lie, and how many processes work."""

    parts: Sequence[Path]
    scratch: Path
    processes: int = 2

    def array(self, name: str, kind: Any) -> NDArray[Any]:
        """Give an array of the scratch folder, mapped into memory."""
        path = self.scratch / name
        return np.memmap(path, kind, "r") if path.stat().st_size else np.empty(0, kind)

    def each(self, work: Callable[[T], Any], tasks: Iterable[T]) -> Iterator[Any]:
        """Do tasks in forked processes, which see what is in memory now; give the answers in order."""
        # handed over by the fork itself, so that what the work holds is not copied
        with multiprocessing.get_context("fork").Pool(self.processes, _take, (work,)) as pool:
            yield from pool.imap(_do, tasks)


_work: list[Callable[[Any], Any]] = []


def _take(work: Callable[[Any], Any]) -> None:
    _work[:] = [work]


def _do(task: Any) -> Any:
    return _work[0](task)


def begin(folder: Path, scratch: Path, processes: int = 2) -> Batch:
    """Take up a stored city."""
    scratch.mkdir(parents=True, exist_ok=True)
    return Batch(parts(folder), scratch, processes)


def prepare(batch: Batch) -> int:
    """Read names and all else, and make keys and packed records; give the number of records."""
    sizes = list(batch.each(partial(_prepare, batch.scratch), batch.parts))
    for kind in _KINDS:
        with (batch.scratch / kind).open("wb") as whole:
            for path in batch.parts:
                part = batch.scratch / f"{path.stem}.{kind}"
                whole.write(part.read_bytes())
                part.unlink()
    return sum(sizes)


def _prepare(scratch: Path, path: Path) -> int:
    told, done = lines(path), 0
    files = {kind: (scratch / f"{path.stem}.{kind}").open("wb") for kind in _KINDS}
    while portion := list(islice(told, _READ)):
        for kind, made in _made(portion).items():
            files[kind].write(made)
        done += len(portion)
    for file in files.values():
        file.close()
    return done


def _made(portion: Sequence[Line]) -> dict[str, bytes]:
    normals = [normal(line.record_id, stated(line.statement)) for line in portion]
    packed = [pack(one) for one in normals]
    keys = block_keys_of(normals)
    return {
        "vectors": project_vectors(normals).tobytes(),
        "packed": b"".join(packed),
        "lengths": np.fromiter(map(len, packed), np.int64).tobytes(),
        "keys": np.fromiter((key for mine in keys for key in mine), np.int64).tobytes(),
        "counts": np.fromiter(map(len, keys), np.int64).tobytes(),
        "ids": np.array([line.record_id for line in portion], _ID).tobytes(),
        "sources": np.array([line.source for line in portion], _SOURCE).tobytes(),
        "truth": np.array([(line.truth, line.family) for line in portion], np.int32).tobytes(),
    }


def layout(batch: Batch) -> Shared:
    """Find out who shares keys with whom."""
    counts = batch.array("counts", np.int64)
    return shared(batch.array("keys", np.int64), np.repeat(np.arange(len(counts)), counts), len(counts))


def compare_all(batch: Batch, held: Shared, model: Model) -> int:
    """Find every candidate pair and score it; give how many there are.

    In the scratch folder then stand `pairs` (two places) and `scores` of all of them.
    """
    records, scorer = len(held.firsts) - 1, Scorer(model, PROJECT)
    vectors = batch.array("vectors", dtype(PROJECT))
    compared = 0
    with (batch.scratch / "pairs").open("wb") as places, (batch.scratch / "scores").open("wb") as points:
        work = partial(_compared, held, vectors, scorer)
        for pairs, scores in batch.each(work, range(0, records, _BLOCK)):
            places.write(pairs.tobytes())
            points.write(scores.tobytes())
            compared += len(pairs)
    return compared


def _compared(held: Shared, vectors: Any, scorer: Scorer, start: int) -> tuple[Places, NDArray[np.int32]]:
    pairs = held.pairs(start, start + _BLOCK)
    scores = np.empty(len(pairs), np.int32)
    for at in range(0, len(pairs), _SCORED):
        # the rows of a portion side by side: scattered over a gigabyte each field of each would be fetched from memory anew
        places, rows = np.unique(pairs[at : at + _SCORED], return_inverse=True)
        left, right = rows.reshape(-1, 2).T
        scores[at : at + _SCORED] = score_pairs(scorer, vectors[places], left, right)
    return pairs, scores


def cluster_all(batch: Batch, cuts: Cuts = SHIPPED) -> Linked:
    """Cluster component by component, as many at once as make a chunk."""
    records = len(batch.array("counts", np.int64))
    pairs, scores = _kept(batch, cuts)
    home = components(records, pairs[scores >= REVIEW_CUT])
    order = np.argsort(home, kind="stable")  # component by component, each in the order of ids
    firsts = np.flatnonzero(np.r_[True, np.diff(home[order]) != 0])
    sizes = np.diff(np.r_[firsts, records])
    chunk = np.zeros(records, np.int32)  # 0: alone
    chunk[order] = np.repeat(
        np.where(sizes > 1, 1 + np.cumsum(np.where(sizes > 1, sizes, 0)) // _CHUNK, 0), sizes
    )
    inside = home[pairs[:, 0]] == home[pairs[:, 1]]
    pairs, scores = pairs[inside], scores[inside]
    by_chunk = np.argsort(chunk[pairs[:, 0]], kind="stable")
    pairs, scores = pairs[by_chunk], scores[by_chunk]
    members = np.argsort(chunk, kind="stable")
    ends = np.searchsorted(chunk[members], np.arange(chunk.max() + 2))
    bounds = np.searchsorted(chunk[pairs[:, 0]], np.arange(chunk.max() + 2))
    packed, ids = Packed(batch), batch.array("ids", _ID)

    def clustered(number: int) -> tuple[Places, Linked]:
        places = members[ends[number] : ends[number + 1]].astype(np.int32)
        held = slice(bounds[number], bounds[number + 1])
        normals = [unpack(packed[place]) for place in places.tolist()]
        names = [one.decode() for one in ids[places].tolist()]
        within = np.searchsorted(places, pairs[held]).astype(np.int32)
        return places, link(names, normals.__getitem__, within, scores[held]).linked()

    safe, together = np.arange(records, dtype=np.int32), np.arange(records, dtype=np.int32)
    reviews = largest = 0
    for places, linked in batch.each(clustered, range(1, int(chunk.max()) + 1)):
        safe[places], together[places] = places[linked.safe], places[linked.together]
        reviews += linked.reviews
        largest = max(largest, linked.largest_component)
    return Linked(safe, together, reviews, largest)


def _kept(batch: Batch, cuts: Cuts) -> tuple[Places, Points]:
    """Give the pairs that are not below the floor, with their scores on the scale of the hub's own cuts."""
    pairs, scores = batch.array("pairs", np.int32).reshape(-1, 2), batch.array("scores", np.int32)
    places, points = [], []
    for at in range(0, len(scores), _PAIRS):
        some = laid(scores[at : at + _PAIRS].astype(np.int64), cuts)
        kept = some >= FLOOR
        places.append(pairs[at : at + _PAIRS][kept])
        points.append(some[kept])
    return np.concatenate(places), np.concatenate(points)


def components(records: int, pairs: Places) -> Places:
    """Give every record the smallest place it hangs together with by these pairs."""
    home = np.arange(records, dtype=np.int32)
    left, right = pairs[:, 0], pairs[:, 1]
    while True:
        a, b = home[left], home[right]
        if not (apart := a != b).any():
            return home
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(home, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(above := home[home], home):
            home = above


class Packed(Sequence[bytes]):
    """Prepared records that lie on disk."""

    def __init__(self, batch: Batch) -> None:
        """Find out where each stands."""
        self._held = batch.array("packed", np.uint8)
        self._ends = np.cumsum(batch.array("lengths", np.int64))

    def __len__(self) -> int:
        """Count the records."""
        return len(self._ends)

    def __getitem__(self, place: Any) -> Any:
        """Give the record at a place."""
        start = self._ends[place - 1] if place else 0
        return self._held[start : self._ends[place]].tobytes()


def records_of(batch: Batch, traits: list[tuple[int | None, str]]) -> Records:
    """Give the records of a prepared batch as the report reads them."""
    sources, source = np.unique(batch.array("sources", _SOURCE), return_inverse=True)
    truth = batch.array("truth", np.int32).reshape(-1, 2)
    return Records(
        ids=[one.decode() for one in batch.array("ids", _ID).tolist()],
        packed=Packed(batch),
        sources=[one.decode() for one in sources.tolist()],
        source=source.astype(np.int32),
        truth=np.array(truth[:, 0]),
        family=np.array(truth[:, 1]),
        trait=traits,
    )
