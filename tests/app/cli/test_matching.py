from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.pipeline.matching.common import CROWD
from app.pipeline.matching.model import write_model
from app.pipeline.matching.score import MODEL
from app.pipeline.review.evidence import evidence
from tests.app.house import hub
from tests.support.database import JURISDICTIONS
from tests.support.small_city import permit, rid, small_city

OWNERS = "恒远景科创联盛华阳金"[: CROWD + 1]

TRUTH = "source,key,project\ncommerce.signed,A-1,one\nhousing.permits,A-1,one\nhousing.permits,B-2,two\n"


def test_clusters_are_exported_and_scored_against_truth(says: Callable[..., str], tmp_path: Path) -> None:
    head, *rows = says("export", "clusters").splitlines()
    assert head == "source,key,project_id"
    found = {tuple(row.split(",")[:2]): row.split(",")[2] for row in rows}
    assert found["commerce.signed", "A-1"] == found["housing.permits", "A-1"]
    assert found["housing.permits", "B-2"] != found["housing.permits", "A-1"]
    says("export", "clusters", "--out", str(tmp_path / "clusters.csv"))
    assert (tmp_path / "clusters.csv").read_text().splitlines() == [head, *rows]
    truth, figures = tmp_path / "truth.csv", tmp_path / "figures.json"
    truth.write_text(TRUTH)
    said = says("match", "eval", "--truth", str(truth), "--json", str(figures))
    assert "3 records, 2 true projects, 2 clusters" in said
    scores = json.loads(figures.read_text())
    assert (scores["pair_precision"], scores["pair_recall"], scores["b_cubed_f1"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot read"),
        (b"\xff\xfe\x00\x01" * 50, "UTF-8"),
        (b"a,b\n1,2\n", "columns source, key and project"),
        (TRUTH.encode() + b"housing.permits,B-2,one\n", "line 5: housing.permits,B-2 stands there twice"),
        (TRUTH.encode() + b"housing.permits,B-3\n", "line 5"),
    ],
)
def test_a_truth_file_that_cannot_be_used_is_refused_by_name(
    refuses: Callable[..., str], tmp_path: Path, content: bytes | None, told: str
) -> None:
    truth = tmp_path / "truth.csv"
    if content is not None:
        truth.write_bytes(content)
    said = refuses("match", "eval", "--truth", str(truth))
    assert told in said
    assert str(truth) in said


def test_a_hub_that_teaches_too_little_keeps_its_model_and_is_told_so(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    assert "0 same and 0 different, and it takes 20 of each" in refuses(
        "match", "train", "--answers-only", "--out", str(tmp_path / "model.toml")
    )
    assert "keep the model that is there" in refuses("match", "train", "--out", str(tmp_path / "model.toml"))
    assert not (tmp_path / "model.toml").exists()


def test_a_model_is_published_once_its_consequences_were_read_and_the_former_comes_back(
    says: Callable[..., str], refuses: Callable[..., str], tmp_path: Path
) -> None:
    file = tmp_path / "model.toml"
    file.write_text(write_model(replace(MODEL, prior=MODEL.prior + 500_000)), encoding="utf-8")
    what = ("match", "publish", str(file), "--by", "王")
    shown = says(*what)
    assert "words its own score speaks against" in shown
    assert says("match", "models").splitlines()[1:] == [says("match", "models").splitlines()[-1]]
    seen = shown.split("--seen ")[1].strip()
    assert seen in refuses(*what, "--seen", "00000000")
    assert "rule set 1" in says(*what, "--seen", seen, "--reason", "五百条答复")
    assert "in force already" in refuses(*what)
    listed = says("match", "models").splitlines()
    assert listed[1].startswith("1 ")
    assert "五百条答复" in listed[1]
    assert listed[-1].endswith("serving")  # until a worker has derived everything anew
    back = ("match", "publish", "shipped", "--by", "李")
    assert "rule set 2" in says(*back, "--seen", says(*back).split("--seen ")[1].strip())
    again = ("match", "publish", "1", "--by", "王")
    assert "rule set 3" in says(*again, "--seen", says(*again).split("--seen ")[1].strip())


@pytest.mark.parametrize("what", ["7", "no-such-file", "."])
def test_what_is_no_model_is_not_published(refuses: Callable[..., str], what: str) -> None:
    assert refuses("match", "publish", what, "--by", "王")
    assert "say who" in refuses("match", "publish", "shipped", "--by", " ")


def test_a_file_that_is_no_model_is_named_with_its_fault(refuses: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "model.toml"
    file.write_text(write_model(MODEL).replace("zone = [", "vibes = ["), encoding="utf-8")
    said = refuses("match", "publish", str(file), "--by", "王")
    assert str(file) in said
    assert "vibes" in said


def test_no_figure_is_computed_for_a_place_that_cannot_be_written(
    refuses: Callable[..., str], tmp_path: Path
) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(TRUTH)
    missing = tmp_path / "missing" / "file"
    for command in (
        ("match", "train", "--out"),
        ("match", "eval", "--truth", str(truth), "--json"),
        ("export", "clusters", "--out"),
    ):
        assert str(missing.parent) in refuses(*command, str(missing))
        assert "is a folder" in refuses(*command, str(tmp_path))


def test_two_records_are_explained_as_the_api_does_down_to_the_projects_they_are_in(
    says: Callable[..., str],
) -> None:
    signed, permit, other = (
        rid("commerce.signed", "A-1"),
        rid("housing.permits", "A-1"),
        rid("housing.permits", "B-2"),
    )
    said = says("match", "explain", signed, permit)
    assert "(safe)" in said
    assert "together:" in said
    said = says("match", "explain", signed, other)
    assert "cannot link: code" in said
    assert "not_compared:" in said
    assert f"{other} is in {other}, of 1 records" in said


def test_a_number_too_many_hold_is_told_as_the_api_tells_it(database_url: str) -> None:
    city = small_city(database_url)
    city.land(
        "housing.permits",
        *(
            permit(f"K{n}", f"{sign}泰食品厂房", owner=f"株洲{sign}泰食品有限公司")
            for n, sign in enumerate(OWNERS)
        ),
    )
    city.drain()
    a, b = (rid("housing.permits", key) for key in ("K0", "K1"))
    with city.database.read() as connection:
        told = evidence(connection, JURISDICTIONS[0], a, b)
    city.database.close()
    done = hub("match", "explain", a, b, HUB_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert "code.common" in {term.name for term in told.terms}
    assert [term.name for term in told.terms] == [
        line.split()[0] for line in done.stdout.splitlines()[2 : 2 + len(told.terms)]
    ]
    assert f"×{len(OWNERS)}" in done.stdout


def test_one_record_or_two_of_different_cities_are_no_pair(refuses: Callable[..., str]) -> None:
    one, there = rid("commerce.signed", "A-1"), rid("commerce.signed", "A-1", JURISDICTIONS[1])
    for other in (one, there, "nonsense"):
        assert "two record ids of one jurisdiction" in refuses("match", "explain", one, other)
    assert "no project record" in refuses("match", "explain", one, rid("land.x", "1"))
