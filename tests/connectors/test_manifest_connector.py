from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.pipeline.statements import write
from connectors.contract import Binding
from connectors.manifest_connector import ManifestConnector
from connectors.strict_json import dumps
from schemas.records import Accepted, Outcome, ProjectRecord, RawRecord
from tests.connectors.manifests import PUSH, simple

MADE = simple(PUSH)


class Stranger(ManifestConnector):
    """A feed's own connector, as a department writes it: it asks what it is given and changes what is said."""

    def normalize(self, raws: Iterable[RawRecord]) -> Iterator[Outcome]:
        for outcome in super().normalize(raws):
            assert isinstance(outcome, Accepted)
            (said,) = outcome.statements
            assert isinstance(said, ProjectRecord)
            yield replace(outcome, statements=(said.model_copy(update={"name": "甲"}),))


def test_a_manifests_connector_gives_schemas_to_who_asks_and_structs_to_the_corridor_that_say_the_same() -> (
    None
):
    raws = [RawRecord(MADE.key, "1", dumps({"BH": "1"}), b"")]
    connector = ManifestConnector(MADE, Binding(430200))
    (checked,), (quick,) = connector.normalize(raws), connector.understand(raws)
    assert isinstance(checked, Accepted)
    assert isinstance(quick, Accepted)
    assert [isinstance(each.statements[0], ProjectRecord) for each in (checked, quick)] == [True, False]
    assert write(checked.statements[0]).text == write(quick.statements[0]).text


def test_what_a_departments_own_connector_makes_of_a_row_is_what_the_corridor_gets() -> None:
    (outcome,) = Stranger(MADE, Binding(430200)).understand(
        [RawRecord(MADE.key, "1", dumps({"BH": "1"}), b"")]
    )
    assert isinstance(outcome, Accepted)
    assert '"name":"甲"' in write(outcome.statements[0]).text
