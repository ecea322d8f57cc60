from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from app.errors import BadRequest, NotFound, Unavailable
from app.pipeline import check
from app.pipeline.check import Cells, check_file, check_place, guess, report
from app.pipeline.rules import Rules, load_rules
from connectors.registry import discover
from connectors.testing.web import handled as serving
from schemas.checks import CheckReport
from tests.connectors.manifests import BASE, FILES, KEY
from tests.connectors.transports.serving import answer
from tests.support.weekly import SOURCE, weekly

HOUSING = Path("connectors/departments/housing")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(discover())


def told(rules: Rules, path: Path, source: str = SOURCE, most: int = 100) -> CheckReport:
    return report(check_file(rules, 430200, source, path), most)


def test_each_row_is_told_as_it_would_be_received_with_its_cell_and_who_must_act(
    rules: Rules, tmp_path: Path
) -> None:
    found = told(rules, weekly(tmp_path, {"项目名称": None}, {"所属县市区": "北京市"}))
    assert found.totals.model_dump() == {
        "received": 4,
        "accepted": 3,
        "rejected": 1,
        "unreadable": 0,
        "at_hub": 0,
        "issues": 1,
        "notes": 4,
    }
    assert not found.ok
    [refused] = [row for row in found.rows if row.outcome == "rejected"]
    assert (refused.row_no, refused.line, refused.key) == (3, 10, "ZS2024-901")
    [fault] = refused.faults
    assert (fault.rule, fault.cell, fault.responsible, fault.severity) == (
        "field.missing",
        "C10",
        "department",
        "rejected",
    )
    assert fault.zh
    assert fault.en


def test_a_refused_row_is_told_all_its_faults_the_corridors_reason_first(
    rules: Rules, tmp_path: Path
) -> None:
    faulty = {"项目名称": None, "签约时间": "2024-13-40", "合同引资额": "很多"}
    found = told(rules, weekly(tmp_path, faulty, {"项目名称": None}))
    several, one = (row for row in found.rows if row.outcome == "rejected")
    assert [(fault.severity, fault.rule) for fault in several.faults[:1]] == [("rejected", "field.missing")]
    assert {fault.field for fault in several.faults} == {"项目名称", "签约时间", "合同引资额"}
    assert len({fault.cell for fault in several.faults}) == 3
    assert [fault.field for fault in one.faults] == ["项目名称"]
    assert found.totals.issues == 0, "issues are counted of accepted rows"


def test_each_demand_a_row_does_not_meet_is_told_once(tmp_path: Path) -> None:
    manifest = (
        BASE
        + FILES
        + KEY
        + (
            '[fields]\nname = { from = "MC", required = true }\nstatus = { from = "ZT", required = true, lookup = "s" }\n'
            '[lookup.s]\n"1" = "one"\n[[identifiers]]\nscheme = "project_code"\nfrom = "DM"\nrequired = true\n'
            '[money]\ntotal_investment = { from = "JE", unit = "元", required = true }\n'
            '[[require]]\nany_of = ["ZT", "DM"]\nform = "x+"\nrule = "zt.form"\nzh = "须为 x"\nen = "must be x"\n'
        )
    )
    folder = tmp_path / "testing" / "feed"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
    path = tmp_path / "a.csv"
    path.write_text("BH,MC,ZT,DM,JE\n1,,9,,\n2,甲,1,,-\n", encoding="utf-8")
    found = told(load_rules(discover([str(folder)])), path, "testing.feed")
    assert [[(fault.rule, fault.field) for fault in row.faults] for row in found.rows] == [
        [
            ("zt.form", "ZT"),
            ("field.missing", "MC"),
            ("lookup.unknown", "ZT"),
            ("field.missing", "JE"),
            ("field.missing", "DM"),
        ],
        [("zt.form", "ZT"), ("field.missing", "JE"), ("field.missing", "DM")],
    ]


def test_only_so_many_rows_are_told_and_the_others_are_counted(rules: Rules, tmp_path: Path) -> None:
    found = told(rules, weekly(tmp_path, *[{"项目名称": None}] * 9), most=2)
    assert (len(found.rows), found.left_out, found.totals.rejected) == (2, 9, 9)


def test_a_file_that_would_be_refused_whole_says_so_in_both_languages(rules: Rules, tmp_path: Path) -> None:
    undated = weekly(tmp_path, name="周报.xlsx")
    path = tmp_path / "用电报装.csv"
    path.write_text("报装编号,别的列\n1,2\n", encoding="utf-8")
    for found, rule in (
        (told(rules, undated), "file.undated"),
        (told(rules, path, "energy.power_connections"), "source.changed"),
    ):
        [row] = found.rows
        [fault] = row.faults
        assert (found.ok, row.outcome, row.line, fault.rule) == (False, "unreadable", None, rule)
        assert fault.zh != fault.en


def test_a_pushed_message_and_lines_of_json_are_checked_as_they_would_be_unpacked(
    rules: Rules, tmp_path: Path
) -> None:
    sample = json.loads((HOUSING / "permit_events/sample/message.json").read_text(encoding="utf-8"))
    rows = sample.get("records", [sample])
    path = tmp_path / "rows.ndjson"
    path.write_text("\n".join(json.dumps(row) for row in [*rows, {"x": 1}]), encoding="utf-8")
    found = told(rules, path, "housing.permit_events")
    assert found.totals.received == len(rows) + 1
    assert found.totals.unreadable + found.totals.rejected == 1
    path.write_text('{"records": [', encoding="utf-8")
    assert [row.faults[0].rule for row in told(rules, path, "housing.permit_events").rows] == ["json.invalid"]


def test_the_source_is_guessed_from_columns_that_fit_exactly_one(rules: Rules, tmp_path: Path) -> None:
    assert guess(rules, weekly(tmp_path)) == SOURCE
    assert guess(rules, HOUSING / "fire_reviews/sample/rows.json") == "housing.fire_reviews"
    with pytest.raises(BadRequest, match=r"commerce\.negotiations_api, commerce\.signed_api"):
        guess(rules, Path("connectors/departments/commerce/signed_api/sample/page.json"))
    nothing = tmp_path / "a.csv"
    nothing.write_text("甲,乙\n1,2\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="--source"):
        guess(rules, nothing)


def test_an_address_is_read_whole_by_its_source_and_one_that_is_away_is_told(
    rules: Rules, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="no source"):
        check_place(rules, 430200, "culture.nothing", "http://127.0.0.1:9/")
    with pytest.raises(BadRequest, match="from no address"):
        check_place(rules, 430200, SOURCE, "http://127.0.0.1:9/")
    away = check_place(rules, 430200, "housing.projects", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(Unavailable, match="SourceUnavailable"):
        report(away, 10)


def test_an_api_is_checked_page_by_page_as_its_source_reads_it(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Path("connectors/departments/commerce/signed_api/sample/page.json").read_bytes()
    monkeypatch.setenv("HUB_COMMERCE_API_TOKEN", "known")

    def reply(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        if handler.headers["Authorization"] != "Bearer known":
            answer(handler, {"code": 401}, status=401)
        else:
            answer(handler, sample)

    with serving(reply) as url:
        found = report(check_place(rules, 430200, "commerce.signed_api", url), 100)
        monkeypatch.setenv("HUB_COMMERCE_API_TOKEN", "unknown")
        with pytest.raises(Unavailable, match="AuthFailed"):
            report(check_place(rules, 430200, "commerce.signed_api", url), 100)
    assert found.totals.received == found.totals.accepted > 0
    assert found.name == url


def test_rows_are_interpreted_in_batches_and_in_order(
    rules: Rules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weekly(tmp_path, *[{"项目名称": None if n % 2 else f"示例{n}"} for n in range(7)])
    whole = told(rules, path)
    monkeypatch.setattr(check, "BATCH", 2)
    assert told(rules, path) == whole


def test_a_field_the_sheet_has_not_is_shown_at_the_rows_first_cell() -> None:
    assert Cells(["", "编号", "名称"]).at(7, "名称") == "C7"
    assert Cells(["", "编号", "名称"]).at(7, "别的") == "B7"
    assert Cells([]).at(7, "名称") is None
