from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.cli.sources import _check_place
from app.errors import BadRequest
from tests.app.cli.conftest import Hub


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("commerce.signed_api", "https://commerce.example/api"),
        ("housing.projects", "mysql+pymysql://reader@exchange.example/housing"),
        ("land.landchina", "/srv/landchina"),
    ],
)
def test_a_bound_source_is_on_in_the_list(says: Callable[..., str], source: str, place: str) -> None:
    assert re.search(rf"^{source} .* not bound$", says("sources", "list"), re.MULTILINE)
    says("sources", "bind", source, "--location", place)
    assert re.search(rf"^{source} .* on$", says("sources", "list"), re.MULTILINE)


@pytest.mark.parametrize(
    ("source", "place", "told"),
    [
        ("commerce.signed_api", "x", "http://"),
        ("commerce.signed_api", "/srv/folder", "http://"),
        ("housing.projects", "x", "SQLAlchemy url"),
        ("land.landchina", "x", "absolute path"),
        ("housing.permit_events", "x", "pushed"),
        ("culture.nothing", "/srv", "hub sources list"),
    ],
)
def test_a_place_no_pull_could_read_is_refused_at_once(
    refuses: Callable[..., str], source: str, place: str, told: str
) -> None:
    assert told in refuses("sources", "bind", source, "--jurisdiction", "430400", "--location", place)


def test_a_program_is_named_by_the_deployment_alone() -> None:
    _check_place("singer", None)
    with pytest.raises(BadRequest, match="variable"):
        _check_place("singer", "/bin/sh")


def test_a_jurisdiction_the_hub_has_not_known_is_told(city: Hub) -> None:
    words = ("sources", "bind", "land.landchina", "--jurisdiction", "999999", "--location", "/srv")
    first, again = city(*words), city(*words)
    assert (first.returncode, again.returncode) == (0, 0)
    assert "new jurisdiction 999999" in first.stderr
    assert "jurisdiction" not in again.stderr
