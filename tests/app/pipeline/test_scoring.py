from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.db import jurisdictions, rule_sets
from app.pipeline import scoring
from app.pipeline.matching.model import Model, write_model
from app.pipeline.matching.published import FEATURES
from app.pipeline.matching.score import MODEL, shipped
from app.pipeline.rules import load_rules
from app.worker import Worker
from tests.support.corridor import differing, drawer, rows_of, same_as_rebuilt
from tests.support.database import JURISDICTIONS
from tests.support.small_city import SmallCity, filled_city, permit

HERE, THERE = JURISDICTIONS
EASY = replace(MODEL, prior=MODEL.prior + 900_000, trained_on="a test")
Publish = Callable[..., int]


@pytest.fixture
def city(database_url: str) -> Iterator[SmallCity]:
    with filled_city(database_url) as made:
        yield made


@pytest.fixture
def publish(city: SmallCity) -> Publish:
    def published(model: Model | None, features: str = FEATURES) -> int:
        written = None if model is None else write_model(model)
        name = "" if model is None else model.trained_on
        with city.database.begin() as connection:
            held = jurisdictions.hold(connection, HERE)
            return rule_sets.publish(connection, held, written, features, name, {}, "", "王")

    return published


def scores(city: SmallCity, jurisdiction: int) -> list[Any]:
    return rows_of(
        city.database, "SELECT a, b, score FROM pair WHERE jurisdiction = :j ORDER BY a, b", j=jurisdiction
    )


def prior(city: SmallCity, jurisdiction: int = HERE) -> int:
    with city.database.read() as connection:
        return scoring.scorer(connection, jurisdiction).model.prior


def test_a_published_model_rules_its_own_city_once_all_is_derived_anew_and_until_then_the_former_does(
    city: SmallCity, publish: Publish
) -> None:
    worker = Worker(city.database, load_rules(city.registry))
    before = drawer(city.database)
    first = publish(EASY)
    assert prior(city) == MODEL.prior
    city.land("housing.permits", permit("Z-1", "某组件智造基地仓库"))
    city.drain()  # rows go on into the serving drawer
    worker.republish()
    assert (prior(city), prior(city, THERE)) == (EASY.prior, MODEL.prior)
    here, there = ([score for _, _, score in scores(city, j)] for j in JURISDICTIONS)
    assert sum(here) > sum(there)
    generation = rows_of(city.database, "SELECT DISTINCT generation FROM ops.jurisdiction")
    worker.republish()  # nothing waits any more
    assert generation == rows_of(city.database, "SELECT DISTINCT generation FROM ops.jurisdiction")
    city.land("housing.permits", permit("Z-2", "某组件智造基地仓库"))
    city.drain()
    stands = same_as_rebuilt(city.database, load_rules(city.registry))
    publish(None)
    worker.republish()
    assert prior(city) == MODEL.prior
    assert [score for *_, score in scores(city, HERE)] == [score for *_, score in scores(city, THERE)]
    publish(EASY)
    worker.republish()
    assert differing(stands, drawer(city.database)).keys() == {"progress"}
    assert first == 1
    assert before["progress"] != stands["progress"]


def test_what_is_published_while_all_is_derived_anew_waits_for_the_next_time(
    city: SmallCity, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(city.database, load_rules(city.registry))
    harder = replace(EASY, prior=MODEL.prior - 900_000, trained_on="another test")
    whole = rule_sets.take_up

    def taken_up(connection: Any) -> None:
        whole(connection)
        monkeypatch.setattr(rule_sets, "take_up", whole)
        publish(harder)

    monkeypatch.setattr(rule_sets, "take_up", taken_up)
    publish(EASY)
    worker.republish()
    assert prior(city) == EASY.prior
    worker.republish()
    assert prior(city) == harder.prior


def test_what_failed_is_not_derived_anew_with_every_beat(
    city: SmallCity, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(city.database, load_rules(city.registry))
    publish(EASY)
    monkeypatch.setattr(rule_sets, "take_up", lambda _: 1 / 0)
    monkeypatch.setattr("app.worker.MEND_SECONDS", 0.3)
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        worker.republish()
    assert time.monotonic() - began >= 0.3
    assert prior(city) == MODEL.prior


def test_a_model_of_other_features_is_set_aside_and_said_once(
    city: SmallCity, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    publish(EASY, features="of another version")
    Worker(city.database, load_rules(city.registry)).republish()
    with caplog.at_level(logging.WARNING), city.database.read() as connection:
        assert scoring.scorer(connection, HERE) is shipped()
        assert scoring.scorer(connection, HERE) is shipped()
    assert len([record for record in caplog.records if "train anew" in record.message]) == 1


def test_what_was_published_is_never_changed(city: SmallCity, publish: Publish) -> None:
    publish(EASY)
    for change in ("UPDATE memory.rule_set SET by = ''", "DELETE FROM memory.rule_set"):
        with pytest.raises(Exception, match="permission denied"), city.database.begin() as connection:
            connection.execute(text(change))
