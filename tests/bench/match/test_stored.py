from __future__ import annotations

from pathlib import Path

from app.pipeline.matching.normal import normal, pack
from app.pipeline.matching.stated import stated
from bench.match.city import Wanted, simulated
from bench.match.stored import lines, parts, stored

WANTED = Wanted(5, 300)


def test_a_city_on_disk_is_the_city_in_memory(tmp_path: Path) -> None:
    held = simulated(WANTED)
    told = [line for path in parts(stored(WANTED, tmp_path)) for line in lines(path)]
    assert [line.record_id for line in told] == held.ids
    assert [line.source for line in told] == [held.sources[number] for number in held.source]
    assert [line.truth for line in told] == held.truth.tolist()
    assert [line.family for line in told] == held.family.tolist()
    assert [pack(normal(line.record_id, stated(line.statement))) for line in told] == held.packed


def test_a_city_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    folder = stored(WANTED, tmp_path)
    parts(folder)[0].write_text("", encoding="utf-8")
    assert stored(WANTED, tmp_path) == folder
    assert parts(folder)[0].read_text(encoding="utf-8") == ""
