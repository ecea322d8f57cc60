from __future__ import annotations

from bench.door.report import report


def value(name: str, number: int, rate: float, cpu: float, others: float = 10) -> dict[str, object]:
    return {
        "contestant": name,
        "connections": 64,
        "round": number,
        "rate": rate,
        "others": others,
        "app_us": cpu,
        "postgres_us": 0.0,
        "p50_ms": 1.0,
        "p99_ms": 2.0,
    }


def test_a_share_is_of_the_server_alone_in_the_same_round() -> None:
    values = [value("alone", 1, 1000, 20), value("door", 1, 500, 40)]
    values += [value("alone", 2, 2000, 20), value("door", 2, 400, 50)]
    assert "- door: 35 (20–50); 45 (40–50)" in report(values, "alone")


def test_what_others_disturbed_is_left_out() -> None:
    values = [value("alone", 1, 1000, 20), value("door", 1, 500, 40), value("door", 2, 1, 1, others=90)]
    assert "- door: 50; 50" in report(values, "alone", most_others=80)
