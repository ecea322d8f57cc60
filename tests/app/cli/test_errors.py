from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import openpyxl
import pytest

from connectors.transports.sheets import RETURNED
from tests.app.house import hub
from tests.connectors.manifests import BASE, FILES, KEY
from tests.support.weekly import SHEET, SOURCE, weekly

NOWHERE = {"HUB_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
"""Where no database answers: what is checked before it is sent needs none."""


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return hub("check", *arguments, **NOWHERE)


def test_a_clean_file_ends_well_and_a_faulty_one_with_1_naming_cell_rule_and_what_to_do(
    tmp_path: Path,
) -> None:
    clean = check(str(weekly(tmp_path)))
    assert (clean.returncode, clean.stderr) == (0, "")
    assert "可以报送" in clean.stdout
    faulty = check(str(weekly(tmp_path, {"项目名称": None})), "--source", SOURCE)
    assert faulty.returncode == 1
    for told in ("C10", "field.missing", "必填项 项目名称 为空", "is required and empty", "rejected 1"):
        assert told in faulty.stdout


def test_the_report_is_json_and_the_marked_copy_a_workbook_where_asked(tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    done = check(str(weekly(tmp_path, {"项目名称": None})), "--json", "--return", str(out))
    report = json.loads(done.stdout)
    assert (report["source"], report["ok"], report["totals"]["rejected"]) == (SOURCE, False, 1)
    assert openpyxl.load_workbook(out).sheetnames == [RETURNED, SHEET, "说明"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing.xlsx",), "there is no file"),
        (("http://127.0.0.1:9/",), "--source"),
        (("http://127.0.0.1:9/", "--source", "commerce.signed_weekly"), "from no address"),
        (("README.md", "--source", "culture.nothing"), "no source"),
    ],
)
def test_what_cannot_be_checked_is_refused_by_a_sentence(arguments: tuple[str, ...], told: str) -> None:
    done = check(*arguments)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (1, True, False)


RAISING = """from connectors.manifest_connector import ManifestConnector
class FeedConnector(ManifestConnector):
    def normalize(self, raws):
        for raw, outcome in zip(raws, super().normalize(raws)):
            if raw.key == "2":
                raise KeyError("a slip")
            yield outcome
"""


@pytest.mark.parametrize(
    ("lines", "theirs", "ours"),
    [("1,甲\n2,乙\n", False, True), ("1,\n2,乙\n", True, True), ("1,\n", True, False)],
)
def test_the_last_line_says_who_must_act(tmp_path: Path, lines: str, theirs: bool, ours: bool) -> None:
    folder = tmp_path / "testing" / "feed"
    folder.mkdir(parents=True)
    named = '[fields]\nname = { from = "MC", required = true }\n'
    (folder / "manifest.toml").write_text(BASE + FILES + KEY + named, encoding="utf-8")
    (folder / "connector.py").write_text(RAISING, encoding="utf-8")
    file = tmp_path / "a.csv"
    file.write_text(f"BH,MC\n{lines}", encoding="utf-8")
    done = hub("check", str(file), "--source", "testing.feed", HUB_CONNECTORS=str(folder), **NOWHERE)
    assert done.returncode == 1
    assert ("correct it before you send it" in done.stdout) == theirs
    assert ("nothing for you to correct, tell the hub's people" in done.stdout) == ours
    assert ("数据枢纽管理员" in done.stdout) == ours


def test_orders_to_the_terminal_in_a_value_are_not_given_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"BARQ": "\x1b[31m2024", "LSH": "1"}]), encoding="utf-8")
    done = check(str(path), "--source", "housing.completions")
    assert "\x1b" not in done.stdout


def test_errors_writes_a_file_back_beside_and_never_over_itself(tmp_path: Path) -> None:
    path = weekly(tmp_path, {"项目名称": None})
    before = path.read_bytes()
    out = tmp_path / "back.xlsx"
    done = hub("errors", str(path), "--to", str(out), **NOWHERE)
    assert (done.returncode, out.is_file()) == (1, True)
    again = hub("errors", str(path), "--to", str(path), **NOWHERE)
    assert "not overwritten" in again.stderr
    assert path.read_bytes() == before


def test_the_errors_of_a_delivery_are_written_by_its_number(database_url: str, tmp_path: Path) -> None:
    path = weekly(tmp_path, {"项目名称": None})
    os.utime(path, (1000, 1000))
    environment = {"HUB_DATABASE_URL": database_url, "HUB_COMMERCE_FOLDER": str(tmp_path)}
    assert "3 kept" in hub("sync", SOURCE, **environment).stdout
    out = tmp_path / "back.xlsx"
    done = hub("errors", "1", "--to", str(out), **environment)
    assert (done.returncode, "rejected 1" in done.stdout) == (1, True), done.stderr
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [RETURNED, SHEET, "说明"]
    assert {row[0]: row[2] for row in book[RETURNED].values}["其中新增或变化（保留）"] == 3
    assert "no delivery" in hub("errors", "99", "--to", str(out), **environment).stderr
