from __future__ import annotations

from importlib.metadata import version

import pytest

from tests.gates.locks import DEVELOPERS, RUNTIME, Pin, closure, declared, read
from tests.gates.tree import ROOT

LOCKS = [pytest.param(RUNTIME, (), id="hub"), pytest.param(DEVELOPERS, ("dev",), id="developers")]


@pytest.mark.parametrize(("lock", "extras"), LOCKS)
def test_the_lock_satisfies_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    pins = read(lock)
    unmet = [str(r) for r in declared(*extras) if not r.specifier.contains(pins[r.name.lower()].version)]
    assert not unmet, f"run `make lock`: {unmet}"


@pytest.mark.parametrize(("lock", "extras"), LOCKS)
def test_the_lock_is_the_whole_closure_and_no_more(lock: str, extras: tuple[str, ...]) -> None:
    locked = {name for name, pin in read(lock).items() if pin.here()}
    assert locked == closure(declared(*extras)), "run `make lock`"


@pytest.mark.parametrize(("lock", "extras"), LOCKS)
def test_what_runs_here_is_what_is_locked(lock: str, extras: tuple[str, ...]) -> None:
    del extras
    differ = {
        name: (pin.version, version(name))
        for name, pin in read(lock).items()
        if pin.here() and version(name) != pin.version
    }
    assert not differ, "run `make setup`"


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPERS])
def test_every_release_is_held_by_hashes(lock: str) -> None:
    bare = [name for name, pin in read(lock).items() if not pin.hashes]
    odd = {found for pin in read(lock).values() for found in pin.hashes if not found.startswith("sha256:")}
    assert not bare
    assert not odd


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPERS])
def test_the_lock_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.startswith("-")], (
        "options belong to the machine that installs"
    )


def test_developers_run_the_releases_that_the_hub_runs() -> None:
    hub, developers = read(RUNTIME), read(DEVELOPERS)
    assert {name: developers[name] for name in hub} == hub


def test_every_dependency_says_from_which_release_on_it_works() -> None:
    open_ended = [
        str(r) for r in declared("dev") if not any(s.operator in {">=", "==", "~="} for s in r.specifier)
    ]
    assert not [line for line in open_ended if not line.startswith(("httptools", "uvloop"))]


def test_a_marker_keeps_a_release_off_other_machines() -> None:
    assert not Pin("1", "sys_platform == 'nowhere'", frozenset()).here()
    assert Pin("1", "", frozenset()).here()
