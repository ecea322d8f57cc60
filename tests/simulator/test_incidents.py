from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from simulator.city import City, make_city
from simulator.model import Row, Scenario


@pytest.fixture
def city() -> City:
    return make_city(7, 300)


def _by_key(city: City) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for _, row in city.rows():
        found[row.source, row.key].append(row)
    return found


def test_a_week_brings_new_changed_and_retracted_records_of_every_department(city: City) -> None:
    before = {name: rows[-1] for name, rows in _by_key(city).items()}
    since = city.day
    city.advance(7)
    after = [row for _, row in city.rows(since)]
    new = {row.source for row in after if (row.source, row.key) not in before}
    changed = {row.source.split(".")[0] for row in after if (row.source, row.key) in before}
    invalid = {row.source.split(".")[0] for row in after if row.values.get("SJYXBS") == "0"}
    assert {source.split(".")[0] for source in new} == {"commerce", "land", "housing"}
    assert changed == {"commerce", "land", "housing"}
    assert invalid >= {"land", "housing"}
    assert "housing.permit_events" in new


def test_truth_grows_by_exactly_what_is_new(city: City) -> None:
    old, since = set(city.truth()), city.day
    city.advance(7)
    fresh = set(city.truth(since))
    assert fresh
    assert not fresh & old
    assert fresh | old == set(city.truth())


def test_moving_on_changes_nothing_that_was_said_before(city: City) -> None:
    before, since = [row for _, row in city.rows()], city.day
    city.advance(7)
    city.advance(2)
    assert [row for _, row in city.rows() if row.shows <= since] == before


def test_a_correction_is_an_invalid_row_and_then_a_valid_one_of_the_same_key(city: City) -> None:
    city.advance(7)
    seen = 0
    for (source, _), rows in _by_key(city).items():
        if not source.startswith("housing.") or source.endswith("events"):
            continue
        written = sorted(rows, key=lambda row: (row.values["SJGXSJ"], row.values["LSH"]))
        assert len({row.values["LSH"] for row in rows}) == len(rows)
        assert written[0].values["SJYXBS"] == "1"
        seen += sum(row.values["SJYXBS"] == "0" and bool(row.values["SJWXYY"]) for row in written)
    assert seen > 10


def test_the_prepared_permit_is_retracted_and_issued_anew_under_another_number(city: City) -> None:
    (key,) = city.scenarios[Scenario.RETRACTION]
    permits = [
        row
        for project, row in city.rows()
        if project.key == key and row.source == "housing.construction_permits"
    ]
    old, void, new = permits
    assert (old.values["SJYXBS"], void.values["SJYXBS"], new.values["SJYXBS"]) == ("1", "0", "1")
    assert old.key == void.key != new.key
    projects = [
        row.values["SJYXBS"] for p, row in city.rows() if p.key == key and row.source == "housing.projects"
    ]
    assert projects[:3] == ["1", "0", "1"]


def _shown(city: City) -> dict[str, datetime]:
    newest: dict[str, str] = defaultdict(str)
    for _, row in city.rows():
        newest[row.source] = max(newest[row.source], row.at)
    return {
        source: datetime.fromisoformat(at)
        for source, at in newest.items()
        if source != "housing.permit_events"
    }


def test_late_rows_come_in_every_week_and_lie_within_two_hours_of_what_their_table_had_shown(
    city: City,
) -> None:
    """Two hours are the overlap with which such tables are pulled."""
    for _ in range(3):
        shown, since = _shown(city), city.day
        city.advance(7)
        late = defaultdict(list)
        for _, row in city.rows(since):
            if row.source in shown and datetime.fromisoformat(row.at) <= shown[row.source]:
                late[row.source.split(".")[0]].append(shown[row.source] - datetime.fromisoformat(row.at))
        assert late["housing"]
        assert late["land"] + late["commerce"]
        assert all(delay <= timedelta(hours=2) for delays in late.values() for delay in delays)


def test_a_stuck_draft_shows_after_the_row_that_replaced_it(city: City) -> None:
    city.advance(7)
    city.advance(1)
    out_of_order = [
        rows
        for (source, _), rows in _by_key(city).items()
        if source.startswith("housing.") and not source.endswith("events")
        for newest in [max(row.at for row in rows)]
        if any(row.at < newest and row.shows > min(r.shows for r in rows if r.at == newest) for row in rows)
    ]
    assert out_of_order


def test_sheet_rows_are_doubled_and_vanish(city: City) -> None:
    first, *_, last = city.week_days()
    doubled, vanished = city.scenarios[Scenario.EXCEL_ROWS]
    keys = [[project.key for project, _ in city.weekly(day)] for day in (first, last)]
    assert keys[1].count(doubled) == 2
    assert vanished in keys[0]
    assert vanished not in keys[1]


def test_few_enough_sheet_rows_vanish_for_a_listing_to_be_believed(city: City) -> None:
    for _ in range(5):
        city.advance(7)
    weeks = [{project.key for project, _ in city.weekly(day)} for day in city.week_days()]
    for before, after in pairwise(weeks):
        assert len(before - after) <= 0.05 * len(before)


def test_time_does_not_run_backwards(city: City) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        city.advance(0)
