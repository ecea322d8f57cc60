from __future__ import annotations

from schemas.tables import code_list
from tests.connectors.departments.reading import feed


def test_the_kinds_of_report_are_those_of_the_code_list() -> None:
    kinds = {code: row.kind for code, row in code_list("HPLX").items()}
    assert feed("environment.impact_approvals").manifest.lookup["report"] == kinds
