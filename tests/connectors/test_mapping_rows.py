from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import RecordRejected
from connectors.manifest import Manifest, ManifestError
from connectors.manifest_rows import PackedRule
from connectors.mapping import Mapping
from connectors.mapping_rows import unpack
from connectors.strict_json import dumps
from schemas.records import Accepted, Outcome, PartRecord, RawRecord, checked_outcome
from tests.connectors.manifests import FILES, KEY, NAME, manifest

PACKED = PackedRule.model_validate({"columns": ["号", "面积"], "number": ["号"]})


def suffixes(number: str | None, area: str | None) -> list[str]:
    return [share.suffix for share in unpack({"BH": "1", "号": number, "面积": area}, PACKED)]


@pytest.mark.parametrize(
    ("number", "area", "expected"),
    [
        ("|A|B", "|1|2", ["|A", "|B"]),
        ("A|B", "1|2", ["|A", "|B"]),
        ("|A", "|1", [""]),
        ("A", None, [""]),
        (None, None, [""]),
        ("None", "1", [""]),
        ("|A|B|", "|1|2|", ["|A", "|B"]),
    ],
)
def test_a_row_gives_a_share_for_each_filled_part(number: str, area: str, expected: list[str]) -> None:
    assert suffixes(number, area) == expected


def test_columns_with_different_counts_refuse_the_row_and_tell_the_counts() -> None:
    with pytest.raises(RecordRejected) as refused:
        suffixes("|A|B", "|1|2|3")
    assert (refused.value.rule, refused.value.value) == ("parts.disagree", "号: 2；面积: 3")


def test_parts_without_a_number_of_their_own_are_told_apart_by_content_wherever_they_stand() -> None:
    one, two, three = suffixes("|A|A|B", "|1|2|3")
    assert three == "|B"
    assert one.startswith("|A#")
    assert one != two
    assert suffixes("|B|A|A", "|3|2|1") == [three, two, one]
    assert len(set(suffixes("||", "|1|1"))) == 2


@given(
    st.lists(
        st.tuples(st.text("AB", max_size=2), st.text("12", min_size=1, max_size=2)), min_size=2, max_size=6
    )
)
def test_no_two_parts_share_a_key(parts: list[tuple[str, str]]) -> None:
    found = suffixes("|" + "|".join(number for number, _ in parts), "|" + "|".join(area for _, area in parts))
    assert len(set(found)) == len(found) == len(parts)


def outcome(made: Manifest, row: dict[str, Any]) -> Outcome:
    raw = RawRecord(made.key, "1", dumps(row), b"")
    return checked_outcome(next(Mapping(made, 430200).normalize([raw])))


ODD = """
[[doubts]]
rule = "text.token"
columns = ["MC"]
match = '^\\{[A-Z]+\\}$'
drop = true
zh = "占位符"
en = "a token"
[[doubts]]
rule = "text.sign"
match = '百心'
zh = "错字"
en = "a wrong sign"
"""
NEEDS = """
[[require]]
rule = "row.nothing"
any_of = ["MC"]
zh = "没有内容"
en = "nothing is said"
[[require]]
rule = "row.shifted"
any_of = ["BH"]
form = '[0-9]+'
zh = "错位"
en = "shifted"
"""


def test_an_odd_cell_is_told_and_only_a_dropped_one_says_nothing() -> None:
    made = manifest(FILES, KEY, NAME, ODD)
    found = outcome(made, {"BH": "1", "MC": "示例百心"})
    assert isinstance(found, Accepted)
    assert [(issue.rule, issue.field, issue.severity.value) for issue in found.issues] == [
        ("text.sign", "MC", "doubt")
    ]
    assert found.statements[0].name == "示例百心"
    found = outcome(made, {"BH": "1", "MC": "{JCSSPT}"})
    assert isinstance(found, Accepted)
    assert [(issue.rule, issue.severity.value) for issue in found.issues] == [("text.token", "dropped")]
    assert found.statements[0].name is None


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"BH": "1", "MC": ""}, "row.nothing"),
        ({"BH": "http://portal.example", "MC": "示例"}, "row.shifted"),
        ({"BH": "1", "MC": "{JCSSPT}"}, "text.token"),
        ({"BH": "", "MC": "　"}, "row.blank"),
        ({"": ["1", "示例", "2"]}, "row.width"),
    ],
)
def test_a_row_that_says_too_little_is_refused_by_the_name_of_its_defect(
    row: dict[str, Any], rule: str
) -> None:
    found = outcome(manifest(FILES, KEY, NAME, ODD, NEEDS), row)
    assert not isinstance(found, Accepted)
    assert found.rule == rule


def test_a_source_that_states_nothing_is_read_all_the_same() -> None:
    made = manifest(FILES, KEY, '[areas]\nall = { from = "MJ", unit = "公顷" }\n', top='states = "nothing"')
    found = outcome(made, {"BH": "1", "MJ": "12亩"})
    assert isinstance(found, Accepted)
    assert found.statements == ()
    assert [issue.rule for issue in found.issues] == ["area.unit_conflict"]


def test_parts_that_are_no_records_hang_on_the_rows_record() -> None:
    packed = '[packed]\ncolumns = ["号", "面积"]\nnumber = "号"\ninto = "parts"\nareas.site_area = { from = "面积", unit = "㎡" }\n'
    made = manifest(FILES, KEY, NAME, packed, top='ignore = ["号", "面积"]')
    found = outcome(made, {"BH": "1", "MC": "示例", "号": "A|B", "面积": "10|20"})
    assert isinstance(found, Accepted)
    parts = [each for each in found.statements if isinstance(each, PartRecord)]
    assert [(each.key, each.parent_key, each.name, each.areas["site_area"].raw) for each in parts] == [
        ("1|A", "1", "A", "10"),
        ("1|B", "1", "B", "20"),
    ]
    assert len(found.statements) == 3


@pytest.mark.parametrize(
    "wrong", [NEEDS.replace('"MC"', '"ZZ"'), ODD.replace("'百心'", "'(百心'"), ODD.replace('"MC"', '"ZZ"')]
)
def test_a_rule_about_a_column_nobody_knows_or_with_a_broken_pattern_is_no_manifest(wrong: str) -> None:
    with pytest.raises(ManifestError):
        manifest(FILES, KEY, NAME, wrong)
