from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.transport_settings import SingerSettings
from connectors.transports.tap_calls import prepared, select, selected
from tests.connectors.transports.tapping import Tap


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    return Tap(tmp_path)


def settings(**over: object) -> SingerSettings:
    given: dict[str, object] = {"kind": "singer", "variable": "HUB_TEST_TAP", "stream": "projects"}
    return SingerSettings.model_validate(given | over)


def bound(tap: Tap, **variables: str) -> Binding:
    return Binding(430200, None, tap.variables(**variables))


CONFIG = {
    "host": "db.test",
    "password": "p4ss",
    "url": "mysql://reader:w0rd@db.test/x",
    "api": [{"access_key": "k3y"}, {"primary_keys": ["id"], "author": "nobody", "port": 5432}],
}


def test_a_config_is_given_as_it_stands_in_a_file_or_in_the_variable_itself(tap: Tap, tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps(CONFIG))
    asks = settings(config="HUB_TEST_CONFIG")
    by_file = prepared(asks, bound(tap, HUB_TEST_CONFIG=str(file)), tmp_path)
    assert by_file.command[-2:] == ("--config", str(file))
    by_text = prepared(asks, bound(tap, HUB_TEST_CONFIG=json.dumps(CONFIG)), tmp_path)
    assert json.loads(Path(by_text.command[-1]).read_text()) == CONFIG
    assert set(by_text.secrets) == {"p4ss", "w0rd", "k3y"}


def test_variables_are_handed_on_by_name_and_are_secrets(tap: Tap, tmp_path: Path) -> None:
    call = prepared(settings(environment=["TAP_TOKEN"]), bound(tap, TAP_TOKEN="t0ken", OTHER="x"), tmp_path)
    assert (call.variables, call.secrets) == ({"TAP_TOKEN": "t0ken"}, ("t0ken",))


@pytest.mark.parametrize(
    ("asked", "given", "told"),
    [
        ({"config": "HUB_TEST_CONFIG"}, {}, "set the variable HUB_TEST_CONFIG"),
        ({"config": "HUB_TEST_CONFIG"}, {"HUB_TEST_CONFIG": "/nowhere.json"}, "FileNotFoundError"),
        ({"config": "HUB_TEST_CONFIG"}, {"HUB_TEST_CONFIG": '{"password": "p4ss'}, "JSONDecodeError"),
        ({"environment": ["TAP_TOKEN"]}, {}, "set the variable TAP_TOKEN"),
    ],
)
def test_what_is_not_set_or_not_readable_is_named_and_not_shown(
    tap: Tap, tmp_path: Path, asked: dict[str, object], given: dict[str, str], told: str
) -> None:
    with pytest.raises(SourceUnavailable, match=told) as caught:
        prepared(settings(**asked), bound(tap, **given), tmp_path)
    assert "p4ss" not in str(caught.value)


def stream(name: str, **more: Any) -> dict[str, Any]:
    return {"tap_stream_id": name, "stream": name, "schema": {"properties": {"a": {}, "b": {}}}, **more}


def marks(one: dict[str, Any]) -> dict[str, Any]:
    return {".".join(entry["breadcrumb"]): entry["metadata"] for entry in one["metadata"]}


def test_one_stream_is_selected_with_all_its_columns_and_the_others_are_not() -> None:
    old = [
        {"breadcrumb": [], "metadata": {"selected": False, "table-key-properties": ["a"]}},
        {"breadcrumb": ["properties", "a"], "metadata": {"inclusion": "automatic"}},
        {"breadcrumb": ["properties", "b"], "metadata": {"inclusion": "unsupported"}},
    ]
    made = select({"streams": [stream("projects", metadata=old), stream("people")]}, settings(), full=False)
    chosen, other = made["streams"]
    assert marks(chosen) == {
        "": {"selected": True, "table-key-properties": ["a"]},
        "properties.a": {"inclusion": "automatic", "selected": True},
        "properties.b": {"inclusion": "unsupported", "selected": False},
    }
    assert (chosen["schema"]["selected"], other["schema"]["selected"], marks(other)) == (
        True,
        False,
        {"": {"selected": False}},
    )


def test_a_whole_listing_asks_for_the_whole_table() -> None:
    chosen = select({"streams": [stream("projects")]}, settings(), full=True)["streams"][0]
    assert (chosen["replication_method"], marks(chosen)[""]["replication-method"]) == (
        "FULL_TABLE",
        "FULL_TABLE",
    )


def test_changes_are_asked_for_by_the_replication_key() -> None:
    asks = settings(discover=True, replication_key="GXSJ")
    chosen = select({"streams": [stream("projects")]}, asks, full=False)["streams"][0]
    assert (chosen["replication_method"], chosen["replication_key"]) == ("INCREMENTAL", "GXSJ")


def test_a_stream_is_known_by_its_id_before_its_name() -> None:
    streams = [stream("x", stream="projects"), stream("projects", stream="y")]
    made = select({"streams": streams}, settings(), full=False)["streams"]
    assert [one["schema"]["selected"] for one in made] == [False, True]
    made = select({"streams": streams[:1]}, settings(), full=False)["streams"]
    assert made[0]["schema"]["selected"]


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        ({"streams": [stream("people")]}, "0 streams projects; it has: people"),
        (
            {"streams": [stream("a", stream="projects"), stream("b", stream="projects")]},
            "2 streams projects; it has: a, b",
        ),
        ({"streams": []}, "it has: none"),
        ({}, "no form"),
        ([], "no form"),
        ({"streams": [{"stream": "projects"}]}, "no form"),
        ({"streams": [{"tap_stream_id": "projects"}]}, "no form"),
        ({"streams": [stream("projects", metadata=[{"metadata": {}}])]}, "no form"),
    ],
)
def test_a_catalogue_without_the_stream_or_of_another_form_is_refused(catalogue: object, told: str) -> None:
    with pytest.raises(SourceChanged, match=told):
        select(catalogue, settings(), full=False)


def test_a_tap_that_cannot_tell_what_it_has_is_told_apart(tap: Tap, tmp_path: Path) -> None:
    asks = settings(discover=True)
    call = prepared(asks, bound(tap), tmp_path)
    with pytest.raises(SourceUnavailable, match="ended with code 1"):
        selected(call, asks, full=False)  # its catalogue is not there
    Path(f"{tap.script}.catalog").write_text("usage: tap-x\n")
    with pytest.raises(SourceChanged, match="no catalogue"):
        selected(call, asks, full=False)
