"""Departments are told what became of their rows: stamps in the simulated housing bureau's own database, files put back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import create_engine, text

from app.api import catalog
from app.db import runs, sources
from app.db.session import Database
from app.pipeline.process import drain
from app.pipeline.rebuild import rebuild
from app.pipeline.rules import Rules, load_rules
from app.pipeline.sync import sync
from app.pipeline.telling import tell
from app.worker import Worker
from connectors.registry import discover
from connectors.transports import write_back
from connectors.transports.sheets import RETURNED
from simulator.feeds import Plan
from simulator.run import running
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.weekly import SOURCE, weekly

HERE, THERE = JURISDICTIONS
PERMITS = "housing.construction_permits"
TABLE = "SPGL_JZGCSGXKXXB"
PERMISSION = f"HUB_HOUSING_WRITE_BACK_URL_{HERE}"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(discover())


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The housing bureau's database of a small simulated city, with one permit that will be refused."""
    home = tmp_path_factory.mktemp("city")
    with running(Plan(home, seed=3, projects=8)) as city:
        file = Path(str(city.addresses()["housing_url"]).removeprefix("sqlite:///"))
        kept = home / "kept.db"
        engine = create_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            connection.exec_driver_sql(f'UPDATE "{TABLE}" SET "SJSCZT" = \'0\'')
            connection.exec_driver_sql(
                f'UPDATE "{TABLE}" SET "GCMC" = \'测试项目\' WHERE "LSH" = (SELECT min("LSH") FROM "{TABLE}")'
            )
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM INTO '{kept}'")
        engine.dispose()
    return kept


class Bureau:
    """One city's copy of the bureau's database."""

    def __init__(self, file: Path, jurisdiction: int) -> None:
        self.file, self.jurisdiction = file, jurisdiction
        self.url = f"sqlite:///{file}"

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            found = connection.exec_driver_sql(sql)
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def stamps(self) -> dict[str, int]:
        """How many permits bear each status."""
        return dict(self.ask(f'SELECT "SJSCZT", count(*) FROM "{TABLE}" GROUP BY 1'))


@pytest.fixture
def bureaus(simulated: Path, tmp_path: Path) -> dict[int, Bureau]:
    made = {}
    for jurisdiction in JURISDICTIONS:
        file = tmp_path / f"{jurisdiction}.db"
        shutil.copy(simulated, file)
        made[jurisdiction] = Bureau(file, jurisdiction)
    return made


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=4) as database:
        yield database


def pull(hub: Database, rules: Rules, source: str, places: dict[int, str]) -> None:
    """Pull a source of both cities and take it in."""
    for jurisdiction, place in places.items():
        with hub.begin() as connection:
            runs.bind(connection, jurisdiction, source, location=place, every_seconds=60, scheduled=False)
            sources.queue_run(connection, jurisdiction, source)
            run = runs.claim(connection, jurisdiction, 90)
        assert run is not None
        assert sync(hub, rules, run) == "succeeded"
        drain(hub, rules, jurisdiction)


def pulled(hub: Database, rules: Rules, bureaus: dict[int, Bureau]) -> None:
    pull(hub, rules, PERMITS, {j: bureau.url for j, bureau in bureaus.items()})


def told(hub: Database, jurisdiction: int = HERE) -> list[tuple[Any, ...]]:
    return rows_of(
        hub, "SELECT source, rows, attention FROM ops.told WHERE jurisdiction = :j", j=jurisdiction
    )


def again(hub: Database) -> None:
    """Let the patience with a failed department end."""
    with hub.begin() as connection:
        connection.execute(text("UPDATE ops.told SET until = NULL"))


class TestStamps:
    def test_every_permit_is_told_and_the_refused_one_why_in_the_city_that_permits_it_alone(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau]
    ) -> None:
        pulled(hub, rules, bureaus)
        here, there = bureaus[HERE], bureaus[THERE]
        count = sum(here.stamps().values())
        times = here.ask(f'SELECT "LSH", "SJGXSJ" FROM "{TABLE}"')
        environment = {PERMISSION: here.url}
        for jurisdiction in JURISDICTIONS:
            tell(hub, rules, jurisdiction, environment)
        assert here.stamps() == {"1": count - 1, "-1": 1}
        assert there.stamps() == {"0": count}
        [(reason,)] = here.ask(f'SELECT "SBYY" FROM "{TABLE}" WHERE "SJSCZT" = \'-1\'')
        assert reason == "规则校验异常：测试数据，请删除;异常编码：row.test_data"
        assert here.ask(f'SELECT "LSH", "SJGXSJ" FROM "{TABLE}"') == times
        assert told(hub) == [(PERMITS, count, None)]
        assert told(hub, THERE) == []

    def test_a_stamp_does_not_come_back_as_news_and_is_given_once(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau]
    ) -> None:
        environment = {PERMISSION: bureaus[HERE].url}
        pulled(hub, rules, bureaus)
        assert tell(hub, rules, HERE, environment) > 0
        kept = "SELECT count(*) FROM memory.raw_record WHERE jurisdiction = :j"
        before = rows_of(hub, kept, j=HERE)
        pulled(hub, rules, bureaus)
        assert rows_of(hub, kept, j=HERE) == before
        assert tell(hub, rules, HERE, environment) == 0

    def test_a_crash_after_the_stamp_and_a_rebuild_change_nothing_there(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = bureaus[HERE]
        environment = {PERMISSION: here.url}
        pulled(hub, rules, bureaus)

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr("app.db.told.advance", killed)
            with pytest.raises(KeyboardInterrupt):
                tell(hub, rules, HERE, environment)
        stamped = here.ask(f'SELECT * FROM "{TABLE}"')
        assert tell(hub, rules, HERE, environment) == 0  # the lease of the killed one still holds
        again(hub)
        assert tell(hub, rules, HERE, environment) == 0
        assert here.ask(f'SELECT * FROM "{TABLE}"') == stamped
        rebuild(hub, rules)
        assert tell(hub, rules, HERE, environment) == 0
        # what was wiped there is told again by a rebuild, for another generation is told from the beginning
        here.ask(f'UPDATE "{TABLE}" SET "SJSCZT" = \'0\', "SBYY" = NULL')
        assert tell(hub, rules, HERE, environment) == 0
        rebuild(hub, rules)
        assert tell(hub, rules, HERE, environment) > 0
        assert here.ask(f'SELECT * FROM "{TABLE}"') == stamped

    def test_many_rows_are_told_batch_by_batch_and_a_stop_keeps_its_place(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.pipeline.telling.READ", 3)
        monkeypatch.setattr("app.db.told.WINDOW", 1)
        monkeypatch.setattr(write_back, "BATCH", 3)
        here = bureaus[HERE]
        environment = {PERMISSION: here.url}
        pulled(hub, rules, bureaus)
        count = sum(here.stamps().values())
        asked = iter(range(100))
        first = tell(hub, rules, HERE, environment, stopping=lambda: next(asked) >= 3)
        assert 0 < first < count
        assert first + tell(hub, rules, HERE, environment) == count
        assert "0" not in here.stamps()

    def test_a_read_only_database_stops_no_pull_and_is_told_at_its_source(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau]
    ) -> None:
        here = bureaus[HERE]
        read_only = {PERMISSION: f"sqlite:///file:{here.file}?mode=ro&uri=true"}
        pulled(hub, rules, bureaus)
        assert tell(hub, rules, HERE, read_only) == 0
        [(_, rows, attention)] = told(hub)
        assert (rows, "AuthFailed" in attention, "回写状态失败" in attention) == (0, True, True)
        with hub.read() as connection:
            view = catalog.source(connection, HERE, {PERMITS: rules.registry.manifest(PERMITS)}, PERMITS)
            standing = sources.standings(connection, HERE)[PERMITS]
        assert (view.state, [need.zh for need in view.needs]) == ("needs_attention", [attention])
        assert standing.attention is None
        pulled(hub, rules, bureaus)  # the pull goes on
        again(hub)
        assert tell(hub, rules, HERE, {PERMISSION: here.url}) > 0
        assert told(hub)[0][2] is None

    def test_the_worker_tells_where_its_environment_permits_it_and_not_what_waits_for_a_rebuild(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pulled(hub, rules, bureaus)
        monkeypatch.setenv(PERMISSION, bureaus[HERE].url)
        Worker(hub, replace(rules, common="others")).tell()
        assert set(bureaus[HERE].stamps()) == {"0"}
        Worker(hub, rules).tell()
        assert set(bureaus[HERE].stamps()) == {"1", "-1"}

    def test_without_permission_nobody_is_asked(
        self, hub: Database, rules: Rules, bureaus: dict[int, Bureau]
    ) -> None:
        pulled(hub, rules, bureaus)
        assert tell(hub, rules, HERE, {"HUB_HOUSING_WRITE_BACK_URL": bureaus[HERE].url}) == 0
        assert set(bureaus[HERE].stamps()) == {"0"}


class TestReturnedFiles:
    @pytest.fixture
    def watched(self, tmp_path: Path) -> Path:
        folder = tmp_path / "周报"
        folder.mkdir()
        for file, rows in (("甲_20241021.xlsx", [{"项目名称": None}]), ("乙_20241028.xlsx", [])):
            os.utime(weekly(folder, *rows, name=file), (1000, 1000))
        return folder

    @pytest.fixture
    def returned(self, watched: Path) -> Path:
        folder = watched / "returned"
        folder.mkdir()
        return folder

    def told(self, hub: Database, rules: Rules, watched: Path, folder: Path) -> int:
        pull(hub, rules, SOURCE, dict.fromkeys(JURISDICTIONS, str(watched)))
        return tell(hub, rules, HERE, {f"HUB_COMMERCE_RETURNED_FOLDER_{HERE}": str(folder)})

    def test_a_file_with_faults_lies_marked_in_the_returned_folder_and_a_clean_one_does_not(
        self, hub: Database, rules: Rules, watched: Path, returned: Path
    ) -> None:
        assert self.told(hub, rules, watched, returned) == 1
        [file] = returned.iterdir()
        assert file.name == f"甲_20241021_校验结果_{SOURCE}.xlsx"
        front = {row[0]: row[2] for row in openpyxl.load_workbook(file)[RETURNED].values}
        assert (front["拒收"], front["交付收到"]) == (1, 3)
        assert self.told(hub, rules, watched, returned) == 0

    def test_a_corrected_file_of_the_same_name_takes_the_marked_one_away(
        self, hub: Database, rules: Rules, watched: Path, returned: Path
    ) -> None:
        self.told(hub, rules, watched, returned)
        os.utime(weekly(watched, {}, name="甲_20241021.xlsx"), (2000, 2000))
        assert self.told(hub, rules, watched, returned) == 0
        assert list(returned.iterdir()) == []

    @pytest.mark.parametrize("which", ["the watched one", "none"])
    def test_a_folder_that_is_watched_or_not_there_is_refused_and_told(
        self, hub: Database, rules: Rules, watched: Path, which: str
    ) -> None:
        before = sorted(watched.iterdir())
        folder = watched if which == "the watched one" else watched / "missing"
        assert self.told(hub, rules, watched, folder) == 0
        [(attention,)] = [(why,) for source, _, why in told(hub) if source == SOURCE]
        assert "退回文件失败" in attention
        assert sorted(watched.iterdir()) == before
