from __future__ import annotations

import pytest
from sqlalchemy import text

from app.db.health import migration_head
from app.db.session import Database
from app.pipeline.rules import load_rules
from tests.app.api.conftest import serving
from tests.support.client import Client
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, small_registry

HERE, THERE = JURISDICTIONS


def test_live_answers_anybody_even_without_a_database() -> None:
    with serving(_away()) as caller:
        assert caller.get("/health/live").json() == {"status": "ok"}


class TestReady:
    def test_anonymous_learns_what_the_hub_serves_from(self, reader: Client) -> None:
        assert reader.get("/health/ready").json() == {
            "status": "ok",
            "migration": migration_head(),
            "generation": 0,
            "fingerprint": load_rules(small_registry()).fingerprint,
            "rule_set": 0,
        }

    def test_a_database_that_is_away_is_unavailable_for_now(self) -> None:
        with serving(_away()) as caller:
            answer = caller.get("/health/ready")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0

    def test_an_empty_database_says_what_to_run(self, empty_database_url: str) -> None:
        with serving(SmallCity(Database(empty_database_url), small_registry())) as caller:
            answer = caller.get("/health/ready")
        assert answer.status_code == 503

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("UPDATE public.alembic_version SET version_num = '0000'", "hub db upgrade"),
            ("ALTER SCHEMA derived RENAME TO derived_old", "hub rebuild"),
            ("UPDATE ops.jurisdiction SET common = 'other' WHERE jurisdiction = 430200", "hub rebuild"),
        ],
    )
    def test_another_version_than_this_is_not_served(
        self, client: Client, city: SmallCity, change: str, said: str
    ) -> None:
        with city.database.begin() as connection:
            connection.execute(text("SET ROLE NONE"))
            connection.execute(text(change))
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert said in answer.json()["detail"]
        assert answer.headers["retry-after"]


class TestSourcesHealth:
    def test_anonymous_sees_the_state_of_each_source_of_a_jurisdiction(self, reader: Client) -> None:
        for jurisdiction in JURISDICTIONS:
            items = reader.get("/health/sources", jurisdiction=jurisdiction).json()["items"]
            assert {item["source"]: item["state"] for item in items} == {
                "commerce.signed": "ok",
                "housing.events": "never",
                "housing.permits": "ok",
            }

    def test_a_source_that_needs_a_person_says_what_for(self, client: Client, city: SmallCity) -> None:
        with city.database.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO ops.source (jurisdiction, source, attention, failures)"
                    " VALUES (:j, 'housing.permits', 'ask the owner for a new password', 3)"
                ),
                {"j": HERE},
            )
        items = {item["source"]: item for item in client.get("/health/sources").json()["items"]}
        assert (items["housing.permits"]["state"], items["housing.permits"]["failures"]) == (
            "needs_attention",
            3,
        )
        assert items["housing.permits"]["needs"][0]["zh"] == "ask the owner for a new password"


def _away() -> SmallCity:
    return SmallCity(Database("postgresql://nobody@127.0.0.1:1/none"), small_registry())
