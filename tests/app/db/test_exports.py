"""What leaves the hub in bulk names every record once, in order."""

from __future__ import annotations

from app.db import exports
from tests.support.database import JURISDICTIONS
from tests.support.small_city import CODE, OTHER_CODE, rid, small_city

FIRST, SECOND = JURISDICTIONS


def test_clusters_name_every_record_that_is_in_a_project(database_url: str) -> None:
    city = small_city(database_url)
    city.fill()
    with city.database.read() as connection:
        for jurisdiction in JURISDICTIONS:
            rows = list(exports.clusters(connection, jurisdiction))
            first = rid("commerce.signed", "A-1", jurisdiction)
            alone = rid("housing.permits", "B-2", jurisdiction)
            assert rows == [
                ("commerce.signed", "A-1", first),
                ("housing.permits", "A-1", first),
                ("housing.permits", "B-2", alone),
            ]
    city.database.close()


def test_codes_name_every_record_that_states_one(database_url: str) -> None:
    city = small_city(database_url)
    city.fill()
    with city.database.read() as connection:
        found = sorted(exports.project_codes(connection, SECOND))
    assert found[:3] == [
        ("commerce.signed", "A-1", CODE),
        ("housing.permits", "A-1", CODE),
        ("housing.permits", "B-2", OTHER_CODE),
    ]
    city.database.close()
