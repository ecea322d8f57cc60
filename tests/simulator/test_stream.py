from __future__ import annotations

from collections import defaultdict
from itertools import islice

import pytest

from simulator.city import Difficulty, make_city
from simulator.records.every import rows_of
from simulator.stream import stream_projects, stream_rows


@pytest.mark.parametrize("difficulty", ["easy", "hard"])
def test_the_stream_is_the_city_without_its_incidents(difficulty: Difficulty) -> None:
    city = make_city(6, 150, difficulty=difficulty)
    streamed = list(stream_projects(6, 150, difficulty=difficulty))
    assert [project for _, project in streamed] == city.projects
    quiet = [project for project in city.projects if project.index not in city.incidents]
    assert len(quiet) > 50
    rows: dict[str, list[object]] = defaultdict(list)
    for key, row in stream_rows(6, 150, difficulty=difficulty):
        rows[key].append(row)
    for project in quiet:
        told = [row for row in rows_of(city.scene(project), project) if row.shows <= city.day]
        assert rows[project.key] == told


def test_a_full_stream_tells_of_the_further_feeds_without_a_key_of_two_projects() -> None:
    owner: dict[tuple[str, str], str] = {}
    for key, row in stream_rows(3, 400, breadth="full"):
        assert owner.setdefault((row.source, row.key), key) == key
    assert {"land.real_estate", "housing.item_events"} <= {source for source, _ in owner}


def test_a_stream_of_a_million_begins_at_once_and_holds_no_project() -> None:
    first = list(islice(stream_rows(1, 1_000_000), 200))
    assert len(first) == 200


def test_no_key_of_a_large_hard_city_belongs_to_two_projects() -> None:
    owner: dict[tuple[str, str], str] = {}
    for key, row in stream_rows(3, 5_000):
        assert owner.setdefault((row.source, row.key), key) == key
