"""A manifest is mended on the disk, and what it refused is replayed by command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.db import jurisdictions, leases, replays
from connectors.registry import discover
from tests.app.house import hub
from tests.support.database import JURISDICTIONS, throw_away_database
from tests.support.small_city import EVENTS, PERMITS, SIGNED, SmallCity, small_city

Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small city's manifests as folders."""
    for key, said in (("housing.permits", PERMITS), ("commerce.signed", SIGNED), ("housing.events", EVENTS)):
        place = tmp_path.joinpath(*key.split("."))
        place.mkdir(parents=True)
        (place / "manifest.toml").write_text(said, encoding="utf-8")
    return tmp_path


@pytest.fixture
def city(postgres_server: str, migrated_template: str, folder: Path) -> Iterator[SmallCity]:
    with throw_away_database(postgres_server, template=migrated_template) as url:
        made = SmallCity(small_city(url).database, discover([str(folder)]))
        made.fill()
        yield made
        made.database.close()


@pytest.fixture
def command(city: SmallCity, folder: Path) -> Hub:
    address = city.database.url

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return hub(
            "replay",
            *arguments,
            "--jurisdiction",
            str(JURISDICTIONS[0]),
            HUB_DATABASE_URL=address,
            HUB_CONNECTORS=str(folder),
        )

    return run


def test_mend_plan_run_show(city: SmallCity, folder: Path, command: Hub) -> None:
    nothing = command("plan")
    assert nothing.returncode == 1
    assert "every source was read under the rules of today" in nothing.stderr
    place = folder / "housing" / "permits" / "manifest.toml"
    place.write_text(PERMITS.replace('["样例"]', '["测试"]'), encoding="utf-8")
    planned = command("plan", "--json", str(folder / "plan.json"))
    assert planned.returncode == 0, planned.stderr
    assert "housing.permits: 1 accepted, permits.sample" in planned.stdout
    assert "accepted S-1" in planned.stdout
    assert "commerce.signed" not in planned.stdout
    assert '"permits.sample": 1' in (folder / "plan.json").read_text(encoding="utf-8")
    with city.database.begin() as connection:
        token = leases.take(connection, leases.REBUILD, 60)
    waits = command("run")
    assert waits.returncode == 1
    assert "a rebuild works and holds its lease until" in waits.stderr
    with city.database.begin() as connection:
        leases.release(connection, leases.REBUILD, token)
    [waiting] = [word for word in waits.stderr.split() if word.startswith(f"{JURISDICTIONS[0]}-")][:1]
    assert command("cancel", waiting).returncode == 0
    done = command("run", "--id", waiting)
    assert done.returncode == 0, done.stderr
    assert "run succeeded, 4 of 4 raw records" in done.stdout
    assert "succeeded" in command("show").stdout
    assert "housing.permits: 1 accepted, permits.sample" in command("show", waiting).stdout
    assert command("plan", "culture.gone").returncode == 1


def test_who_is_in_the_way_and_until_when_is_said_and_a_cancel_says_when_it_takes_effect(
    city: SmallCity, command: Hub
) -> None:
    here = JURISDICTIONS[0]
    with city.database.begin() as connection:
        held = jurisdictions.hold(connection, here)
        one = replays.create(connection, held, ["housing.permits"], "run", "engineer").replay_id
    assert f"replay {one} of the same source waits for a worker" in command("run", "housing.permits").stderr
    with city.database.begin() as connection:
        assert replays.claim(connection, here, "rules", 90, one) is not None
        lease_until = replays.replay(connection, here, one).lease_until
    assert lease_until is not None
    until = replays.clock(lease_until)
    busy = command("run", "housing.permits")
    assert busy.returncode == 1
    assert f"works and holds its lease until {until}" in busy.stderr
    assert f"holds its lease until {until}" in command("run", "--id", one).stderr
    assert f"at the latest at {until} if its process is gone" in command("cancel", one).stdout
