"""Cases: HTTP protocol binding of the CloudEvents conformance tests, github.com/cloudevents/conformance at 7a8ee0a, Apache-2.0."""

from __future__ import annotations

import json

import pytest

from connectors.splitting import NotSplittable
from connectors.transports.events import events
from connectors.transports.push import unpack
from schemas.records import RawRecord, Unreadable
from tests.connectors.manifests import NAME, PUSH, manifest, simple

SAID = {
    "specversion": "1.0",
    "type": "com.example.someevent",
    "time": "2018-04-05T03:56:24Z",
    "id": "1234-1234-1234",
    "source": "/mycontext/subcontext",
}
DATA = {"message": "Hello World!"}
ONE = {"BH": "1", "MC": "a"}


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_binary_mode_as_the_conformance_tests_have_it(kind: str) -> None:
    body = json.dumps(DATA, indent=4).encode()
    found = events({f"ce-{name}": value for name, value in SAID.items()} | {"content-type": kind}, body)
    assert found is not None
    assert dict(found[0].attributes) == SAID | {"datacontenttype": kind}
    assert json.loads(found[0].data) == DATA
    assert not found[0].signed


@pytest.mark.parametrize(
    "kind", ["application/cloudevents+json", "application/cloudevents+json; charset=utf-8"]
)
def test_structured_mode_as_the_conformance_tests_have_it(kind: str) -> None:
    said = SAID | {"datacontenttype": "application/json"}
    found = events({"content-type": kind}, json.dumps(said | {"data": DATA}, indent=4).encode())
    assert found is not None
    assert dict(found[0].attributes) == said
    assert json.loads(found[0].data) == DATA


def test_a_batch_is_its_events_in_order_and_anything_else_is_none() -> None:
    batch = [SAID | {"id": str(n), "data": {"n": n}} for n in range(3)]
    found = events({"content-type": "application/cloudevents-batch+json"}, json.dumps(batch).encode())
    assert found is not None
    assert [(event.attributes["id"], json.loads(event.data)) for event in found] == [
        (str(n), {"n": n}) for n in range(3)
    ]
    assert events({"content-type": "application/json"}, b"{}") is None
    with pytest.raises(NotSplittable, match="data"):
        events({"content-type": "application/cloudevents+json"}, json.dumps(SAID).encode())


KINDS = {
    "structured": ("application/cloudevents+json", lambda: {**SAID, "data": ONE}),
    "structured, several rows": (
        "application/cloudevents+json",
        lambda: {**SAID, "data": {"records": [ONE]}},
    ),
    "batch": ("application/cloudevents-batch+json", lambda: [{**SAID, "data": ONE}]),
    "binary": ("application/json", lambda: ONE),
}


@pytest.mark.parametrize("mode", KINDS)
def test_every_mode_gives_the_row_that_is_its_data(mode: str) -> None:
    kind, said = KINDS[mode]
    headers = {"content-type": kind} | ({"ce-specversion": "1.0", "ce-id": "x"} if mode == "binary" else {})
    rows = list(unpack(simple(), json.dumps(said()).encode(), headers))
    assert [(row.key, json.loads(row.body)) for row in rows if isinstance(row, RawRecord)] == [("1", ONE)]


def test_attributes_key_and_order_records_only_where_a_signature_covers_them() -> None:
    keyed = '[identity]\ncolumns = ["ce_id"]\n[version]\ncolumns = ["ce_time"]\n'
    made = manifest(PUSH, keyed, NAME, top='ignore = ["BH"]')
    body = json.dumps({**SAID, "data": ONE}).encode()
    (row,) = unpack(made, body, {"content-type": "application/cloudevents+json"})
    assert isinstance(row, RawRecord)
    assert (row.key, row.version) == (SAID["id"], "2018-04-05 11:56:24.000000")
    forged = {"ce-specversion": "1.0", "ce-id": "forged", "ce-time": "2030-01-01T00:00:00Z"}
    (unsigned,) = unpack(made, json.dumps(ONE).encode(), {"content-type": "application/json", **forged})
    assert isinstance(unsigned, Unreadable)
