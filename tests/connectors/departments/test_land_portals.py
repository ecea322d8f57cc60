"""The registers of real land portals through the manifests alone and through the hub; nothing of them is in this repository."""

from __future__ import annotations

import csv
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from app.db.session import Database
from app.pipeline.rules import load_rules
from connectors.contract import Binding, Connector
from connectors.errors import SourceChanged
from connectors.registry import discover
from schemas.records import Accepted, Issue, RawRecord, Rejection
from tests.support.corridor import Delivery, books, land, opened, rows_of, walk
from tests.support.database import JURISDICTIONS
from tests.support.shared_data import shared_data

RULES = load_rules(discover())
FIRST, SECOND = JURISDICTIONS
VARIABLE = "HUB_LAND_PORTALS_FOLDER"
FEEDS = sorted(key for key in RULES.registry.sources if key.startswith("land_portals."))
REJECTED = {
    "guangdong_notice": {"row.width": 1, "text.labels_run_in": 4},
    "guizhou_notice": {"parts.disagree": 5, "parcel.not_said": 40},
    "tianjin_notice": {"parcel.not_said": 15},
    "tianjin_result": {"parcel.not_said": 2},
    "zhengzhou_agreement_notice": {"row.blank": 1},
    "zhengzhou_auction_result": {"parcel.not_said": 11},
}
"""Every rejection of the set; the rows of the other registers are all accepted."""


class Register(NamedTuple):
    """One register: what its connector makes of its distinct rows."""

    rows: int
    kept: list[RawRecord]
    outcomes: list[Accepted | Rejection]

    def rejections(self) -> Counter[str]:
        return Counter(outcome.rule for outcome in self.outcomes if isinstance(outcome, Rejection))

    def issues(self, rule: str) -> list[Issue]:
        found = (outcome.issues for outcome in self.outcomes if isinstance(outcome, Accepted))
        return [issue for issues in found for issue in issues if issue.rule == rule]


def portal(feed: str, folder: Path) -> Connector:
    return RULES.registry.open(f"land_portals.{feed}", Binding(FIRST, location=str(folder)))


def counted() -> dict[str, tuple[int, int]]:
    """Give (rows, distinct rows) of each register, as the set's own manifest counts them."""
    told = (shared_data("cn_land_portals") / "manifest.csv").read_text(encoding="utf-8")
    return {
        row["file"].removesuffix(".csv"): (int(row["rows"]), int(row["distinct_rows_ignoring_crawl_time"]))
        for row in csv.DictReader(told.splitlines())
    }


def read(feed: str) -> Register:
    connector = portal(feed, shared_data("cn_land_portals"))
    rows = [row for page in connector.fetch(None) for row in page.rows]
    heads: dict[str, bytes] = {}
    kept = []
    for row in rows:
        assert isinstance(row, RawRecord), row
        if heads.get(row.key) != row.hash:
            kept.append(row)
        heads[row.key] = row.hash
    assert len(heads) == len(kept), "two distinct rows share a key"
    return Register(len(rows), kept, list(connector.normalize(kept)))


def test_every_register_of_the_set_is_a_feed() -> None:
    assert {key.removeprefix("land_portals.") for key in FEEDS} == counted().keys()


@pytest.mark.parametrize("feed", [key.removeprefix("land_portals.") for key in FEEDS])
def test_every_row_is_accounted_for_by_name(feed: str) -> None:
    register = read(feed)
    assert (register.rows, len(register.kept)) == counted()[feed]
    assert register.rejections() == REJECTED.get(feed, {})
    assert all(each.zh and each.en for each in register.outcomes if isinstance(each, Rejection))


def test_hardly_a_row_of_the_set_is_refused() -> None:
    distinct = sum(distinct for _, distinct in counted().values())
    assert sum(sum(found.values()) for found in REJECTED.values()) <= distinct * 0.05


def test_a_packed_notice_gives_as_many_parcels_as_it_has_parts() -> None:
    register = read("guizhou_notice")
    column = "宗地总面积/挂牌面积(m2)"
    packed = 0
    for raw, outcome in zip(register.kept, register.outcomes, strict=True):
        numbers, areas = (dict(said(raw))[name].strip() for name in ("宗地编号/地块编号", column))
        if isinstance(outcome, Rejection) or "|" not in numbers:
            continue
        parts = [
            both
            for both in zip(*(each[1:].split("|") for each in (numbers, areas or numbers)), strict=True)
            if any(both)
        ]
        assert len(outcome.statements) == len(parts), numbers
        assert len({statement.key for statement in outcome.statements}) == len(parts)
        packed += 1
    assert packed == 253
    assert len(register.issues("parts.empty")) == 2


def said(raw: RawRecord) -> Iterator[tuple[str, str]]:
    for name, cell in json.loads(raw.body).items():
        yield name, cell or ""


def test_a_unit_the_size_denies_is_kept_as_said_and_told_with_both_values() -> None:
    for feed, count in (("landchina_bj_notice_pre2011", 3), ("landchina_multi_notice_pre2011", 12)):
        found = read(feed).issues("range.unbelievable")
        assert len(found) == count
        first = next(issue for issue in found if issue.value == "7.41")
        assert "7.41" in first.en
        assert "74100" in first.en
    mixed = read("zhengzhou_allocation_result").issues("range.unbelievable")
    assert len(mixed) == 8
    assert any(issue.value == "1057117400" and "105711.74" in issue.en for issue in mixed)
    assert len(read("tianjin_result").issues("area.unit_misspelt")) == 54


def test_an_area_in_mu_under_a_head_of_hectares_is_told_with_both_values() -> None:
    folder = Path(str(RULES.registry.sources["land_portals.guangdong_deal"].folder)) / "sample"
    accepted = [
        outcome for outcome in outcomes(portal("guangdong_deal", folder)) if isinstance(outcome, Accepted)
    ]
    [issue] = [issue for each in accepted for issue in each.issues if issue.rule == "area.unit_conflict"]
    assert issue.value == "70.85亩"
    assert "47233.3333" in issue.en
    assert "708500" in issue.en


def test_wrong_signs_defaults_and_tokens_are_told_and_not_repaired() -> None:
    register = read("landchina_multi_notice_pre2011")
    assert len(register.issues("number.default_limit")) == 26
    assert len(register.issues("text.broken_font")) > 4000
    addresses = [
        statement.place.address or ""
        for outcome in register.outcomes
        if isinstance(outcome, Accepted)
        for statement in outcome.statements
        if statement.kind == "project"
    ]
    assert any(address.startswith("工海") for address in addresses)
    assert len(read("guangdong_deal").issues("number.scientific")) == 7
    failed = read("shenzhen_land_2019")
    assert Counter(issue.field for issue in failed.issues("sale.failed")) == {
        "交易状态": 6,
        "详情/中标人/竞得人": 6,
    }
    assert not [
        party
        for outcome in failed.outcomes
        if isinstance(outcome, Accepted)
        for statement in outcome.statements
        if statement.kind == "project"
        for party in statement.parties
        if party.name == "未成交"
    ]


SHIFTED = "爬取地址url,唯一标识,"


def changed(feed: str, folder: Path, old: str, new: str) -> Connector:
    """Give the connector of a made-up sample whose header was changed."""
    [sample] = (Path(str(RULES.registry.sources[f"land_portals.{feed}"].folder)) / "sample").iterdir()
    head, _, rest = sample.read_bytes().decode("gb18030").partition("\n")
    assert old in head
    folder.mkdir(exist_ok=True)
    target = folder / sample.name
    target.write_bytes(f"{head.replace(old, new)}\n{rest}".encode("gb18030"))
    os.utime(target, (time.time() - 3600,) * 2)
    return portal(feed, folder)


def outcomes(connector: Connector) -> list[Accepted | Rejection]:
    raws = [row for page in connector.fetch(None) for row in page.rows if isinstance(row, RawRecord)]
    return list(connector.normalize(raws))


def test_a_header_the_portal_mends_is_read_as_it_stands(tmp_path: Path) -> None:
    mended = changed("nanjing_parcel", tmp_path / "mended", SHIFTED, "爬取时间,爬取地址url,唯一标识,")
    known = changed("nanjing_parcel", tmp_path / "known", SHIFTED, SHIFTED)
    assert outcomes(mended) == outcomes(known)


@pytest.mark.parametrize("header", ["唯一标识,爬取地址url,", "爬取地址,唯一标识,", "爬取地址url,标识,"])
def test_another_disagreement_of_header_and_rows_is_never_a_silent_shift(tmp_path: Path, header: str) -> None:
    connector = changed("nanjing_parcel", tmp_path, SHIFTED, header)
    try:
        found = outcomes(connector)
    except SourceChanged:
        return
    assert {outcome.rule for outcome in found if isinstance(outcome, Rejection)} == {"row.width"}
    assert all(isinstance(outcome, Rejection) for outcome in found)


def test_a_shift_that_no_width_betrays_is_refused_by_the_form_of_the_identifier(tmp_path: Path) -> None:
    found = outcomes(
        changed(
            "zhengzhou_agreement_notice",
            tmp_path,
            "出让年限,爬取地址url,唯一标识,",
            "出让年限,爬取时间,唯一标识,爬取地址url",
        )
    )
    assert {outcome.rule for outcome in found if isinstance(outcome, Rejection)} == {
        "row.shifted",
        "row.blank",
    }


def test_twins_that_change_places_stop_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceChanged):
        outcomes(changed("shenzhen_land_2018", tmp_path, "竞得人,中标人", "中标人,竞得人"))


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def test_the_hub_accounts_for_every_row_and_a_second_delivery_adds_nothing(
    hub: Database, tmp_path: Path
) -> None:
    expected = counted()
    for file in shared_data("cn_land_portals").glob("*.csv"):
        if file.name != "manifest.csv":
            copy = shutil.copy(file, tmp_path)
            Path(copy).chmod(0o600)
            os.utime(copy, (time.time() - 3600,) * 2)
    connectors = {
        key: RULES.registry.open(key, Binding(FIRST, None, {VARIABLE: str(tmp_path)})) for key in FEEDS
    }
    told = [
        Delivery(key, page, f"{key}-1")
        for key, connector in connectors.items()
        for page in connector.fetch(None)
    ]
    for jurisdiction in JURISDICTIONS:
        land(hub, jurisdiction, told)
        walk(hub, RULES, jurisdiction, 1000)
    books(hub)
    for jurisdiction in JURISDICTIONS:
        found = rows_of(
            hub,
            "SELECT d.source, sum(received), sum(unchanged), sum(accepted + rejected), sum(unreadable) FROM memory.landing"
            " JOIN memory.delivery d USING (jurisdiction, delivery_no) JOIN outcome USING (jurisdiction, delivery_no)"
            " WHERE jurisdiction = :j GROUP BY d.source",
            j=jurisdiction,
        )
        assert {source.removeprefix("land_portals."): numbers for source, *numbers in found} == {
            feed: [rows, rows - distinct, distinct, 0] for feed, (rows, distinct) in expected.items()
        }
    rules = rows_of(
        hub, "SELECT source, rule, count(*) FROM rejection WHERE jurisdiction = :j GROUP BY 1, 2", j=SECOND
    )
    assert {(source.removeprefix("land_portals."), rule): count for source, rule, count in rules} == {
        (feed, rule): count for feed, found in REJECTED.items() for rule, count in found.items()
    }
    again = land(hub, FIRST, told)
    assert sum(one.received for one in again) == sum(rows for rows, _ in expected.values())
    assert sum(one.kept for one in again) == 0
