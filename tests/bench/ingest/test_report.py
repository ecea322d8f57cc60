from __future__ import annotations

from typing import Any

from bench.ingest.report import paired, report


def value(
    contestant: str, state: str, number: int, wall: float, records: int = 100, **more: Any
) -> dict[str, Any]:
    """One value of a run."""
    usual = {"cpu_app": wall / 2, "cpu_postgres": wall / 2, "idle": 50.0, "others": 1.0, "peak_rss_mb": 80.0}
    stages: dict[str, Any] = {"stages_wall": {}, "stages_cpu": {}}
    who = {"contestant": contestant, "state": state, "round": number, "wall": wall, "records": records}
    return {**usual, **stages, **who, **more}


def run(*values: dict[str, Any]) -> dict[str, Any]:
    """What a run leaves behind."""
    named = {"machine": {"cores": 2}, "versions": {"dlt": "1.31.0"}, "postgres": {"fsync": "on"}}
    return {
        "commit": "abc",
        "at": "2026-11-20",
        "plan": {"rounds": 3, "page": 1000},
        **named,
        "values": list(values),
    }


def test_ratios_compare_the_two_sides_of_one_round() -> None:
    values = [
        value("hub-records", "new", 1, 1.0),
        value("dlt-default", "new", 1, 3.0),
        value("hub-records", "new", 2, 10.0),
        value("dlt-default", "new", 2, 20.0),
        value("dlt-default", "new", 3, 999.0),
    ]
    assert paired(values, "hub-records", "dlt-default", "new", lambda one: one["wall"]) == [3.0, 2.0]
    assert "| land + normalize, new | dlt-default | 2.50 (2.00–3.00) | 2.50 (2.00–3.00) | 2 | 4 |" in report(
        run(*values)
    )


def test_a_disturbed_value_can_be_left_out() -> None:
    values = [value("copy", "new", 1, 1.0), value("copy", "new", 2, 9.0, others=60.0)]
    assert "| copy | new | 2 | 5.00 (1.00–9.00) |" in report(run(*values))
    assert "| copy | new | 1 | 1.00 |" in report(run(*values), most_others=30)


def test_memory_is_told_where_two_sizes_were_measured() -> None:
    values = [
        value("hub-records", "new", 1, 1.0),
        value("hub-records", "new", 1, 1.0, records=1000, peak_rss_mb=96.0),
    ]
    assert "- hub-records, new: 1.20" in report(run(*values))
    assert "Peak memory" not in report(run(values[0]))


def test_steps_are_told_in_records_per_second() -> None:
    one = value("hub-documents", "new", 1, 1.0, stages_wall={"land": 0.5}, stages_cpu={"land": 0.001})
    assert "| land | new | 200 | 10.0 |" in report(run(one))
