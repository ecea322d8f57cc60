from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import samples
from connectors.contract import Binding
from connectors.mapping import Mapping
from connectors.registry import discover
from connectors.transport_settings import TableSettings
from schemas.records import Accepted, RawRecord, Unreadable, checked_outcome
from schemas.structs import encode

FOUND = discover()
TABLES = [one.key for one in FOUND.manifests() if isinstance(one.transport, TableSettings)]


@pytest.mark.parametrize("feed", TABLES)
def test_the_sample_of_a_table_reads_the_same_from_a_real_table_of_an_exchange_database(
    feed: str, tmp_path: Path
) -> None:
    source = FOUND.sources[feed]
    folder = Path(str(source.folder))
    settings = source.manifest.transport
    assert isinstance(settings, TableSettings)
    rows = [row for file in (folder / "sample").glob("*.json") for row in json.loads(file.read_text("utf-8"))]
    url = f"sqlite:///{tmp_path / 'exchange.db'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    names = [sa.quoted_name(name, quote=True) for name in rows[0]]
    table = sa.Table(
        sa.quoted_name(settings.table, quote=True),
        sa.MetaData(),
        *(sa.Column(name, sa.TEXT) for name in names),
    )
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), rows)

    pages = FOUND.open(feed, Binding(samples.JURISDICTION, location=url)).fetch(None)
    pulled = [row for page in pages for row in page.rows]
    assert sorted(map(told_of, pulled)) == sorted(map(told_of, samples.rows(source.manifest, folder)))


def told_of(row: RawRecord | Unreadable) -> tuple[str, str, str, bytes]:
    """Give all that a row says; only the order of its names differs between a file and a table."""
    assert isinstance(row, RawRecord)
    return row.key, row.version, row.op, row.hash


@pytest.mark.parametrize("feed", [one.key for one in FOUND.manifests()])
def test_what_a_mapping_makes_unchecked_is_what_its_schemas_would_make_to_the_byte(feed: str) -> None:
    source = FOUND.sources[feed]
    raws = [
        row for row in samples.rows(source.manifest, Path(str(source.folder))) if isinstance(row, RawRecord)
    ]
    for outcome in Mapping(source.manifest, samples.JURISDICTION).normalize(raws):
        if isinstance(outcome, Accepted):
            checked = checked_outcome(outcome)
            assert isinstance(checked, Accepted)
            made = [encode(each).decode() for each in (*outcome.statements, *outcome.issues)]
            said = (*checked.statements, *checked.issues)
            assert made == [each.model_dump_json(exclude_defaults=True) for each in said]
            assert all(type(each).model_validate(each.model_dump()) == each for each in said)
