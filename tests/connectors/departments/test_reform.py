from __future__ import annotations

import pytest

from schemas.records import PartRecord
from schemas.tables import code_list
from tests.connectors.departments.reading import feed, proves, sample, stated


@pytest.mark.parametrize(
    ("status", "proven"),
    [("11", True), ("12", True), ("办结(通过)", True), ("已备案", True), ("13", False), ("不予备案", False), ("办结(不通过)", False), ("撤销", False), ("", False), ("3", False)],
)  # fmt: skip
def test_a_filing_proves_itself_only_once_it_is_done(status: str, proven: bool) -> None:
    assert ("I2 A" in proves("reform.projects", BLZT=status)) is proven


@pytest.mark.parametrize(
    ("code", "proven"),
    [("2404-430204-04-01-345678", True), ("２４０４－４３０２０４－０４－０１－３４５６７８", True), ("2404-430204-04-88-345678", False), ("2024012", False)],
)  # fmt: skip
def test_a_code_of_the_platform_proves_that_one_was_given_unless_it_was_made_locally(
    code: str, proven: bool
) -> None:
    assert ("I1 B" in proves("reform.projects", XMDM=code)) is proven


def test_the_procedures_are_those_of_the_code_list() -> None:
    kinds = {code: row.kind for code, row in code_list("XMLX").items()}
    assert feed("reform.projects").manifest.lookup["procedure"] == kinds


def test_what_a_company_reports_of_its_progress_is_a_self_report_on_its_project() -> None:
    part = stated("reform.progress_reports", 1)
    assert isinstance(part, PartRecord)
    assert (part.parent_source, part.parent_key) == ("reform.projects", sample("reform.projects")["XMDM"])
    assert proves("reform.progress_reports", 1) == {"B1 D"}
    assert proves("reform.progress_reports", 0) == set()
