from __future__ import annotations

from pathlib import Path

from bench.match.promises import PROMISES, note, noted, table


def test_figures_are_kept_until_they_are_measured_again(tmp_path: Path) -> None:
    assert noted(tmp_path) == {}
    note(tmp_path / "cache", {"FEBRL 4": 0.9, "FEBRL 3": 0.5})
    note(tmp_path / "cache", {"FEBRL 4": 0.9998})
    assert noted(tmp_path / "cache") == {"FEBRL 4": 0.9998, "FEBRL 3": 0.5}


def test_a_promise_is_held_aimed_at_missed_or_not_measured() -> None:
    figures = {
        "FEBRL 4": 0.9998,
        "FEBRL 3": 0.9999,
        "nyc_hpd_dob, lower cut": 0.5,
        "whole 1000000 shipped": {"gigabytes": 3.0, "seconds": 400.0},
    }
    told = dict(
        line.strip("| ").split(" | ", 1) for line in table(figures).splitlines() if line.startswith("| ")
    )
    assert told["FEBRL 4: F1"].endswith("0.9998 | must")
    assert told["FEBRL 3: F1"].endswith("| aim")
    assert told["nyc_hpd_dob: F1, lower cut"].endswith("| **missed**")
    assert told["1 M: all steps, GB"].endswith("3 | must")
    assert told["1 M: all steps, s on two cores"].endswith("400 | **missed**")
    assert told["1 M: cluster F1, shipped"].endswith("not measured")
    assert len(told) == len(PROMISES) + 1
