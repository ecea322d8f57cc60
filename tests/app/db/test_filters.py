from __future__ import annotations

from app.db.filters import part_of, where


def test_only_what_was_asked_for_enters_the_statement() -> None:
    clauses = {"stage": "stage = :stage", "path": "path = :path"}
    assert where(clauses, {"stage": "LEAD", "path": None, "other": 1}) == " AND stage = :stage"
    assert where(clauses, {}) == ""


def test_a_part_of_a_name_is_looked_for_as_it_is_written() -> None:
    assert part_of("50%_\\") == "%50\\%\\_\\\\%"
