"""Messages on their way: in order, signed, tried again by the schedule, and no receiver waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from app.db import golden, jurisdictions, messages, subscriptions
from app.db.golden import Change
from app.db.messages import Claimed, LeaseLost
from app.db.session import Database
from app.outbound.sender import Sender, headers_for, turn
from schemas.api.subscriptions import MessageQuery, NewSubscription
from tests.app.house import until
from tests.support.corridor import opened, rows_of
from tests.support.database import JURISDICTIONS
from tests.support.receiver import receiving

HERE, THERE = JURISDICTIONS


@pytest.fixture
def hub(database_url: str) -> Iterator[Database]:
    with opened(database_url, pool_size=20) as database:
        yield database


def change(hub: Database, n: int = 1, kind: str = "updated", district: str = "430204") -> None:
    """Tell so many changes in both jurisdictions."""
    for jurisdiction in JURISDICTIONS:
        with hub.begin() as connection:
            held = jurisdictions.hold(connection, jurisdiction)
            numbers = jurisdictions.take(connection, held, "change_no", n)
            told = [Change(kind, f"{jurisdiction}-p{i}", None, "e", district) for i in numbers]
            golden.add_changes(connection, jurisdiction, numbers, told)


def subscribe(hub: Database, url: str, **over: Any) -> tuple[str, str]:
    """Give (id, secret) of a subscription to all changes."""
    with hub.begin() as connection:
        wanted = NewSubscription.model_validate({"name": "platform", "url": url, "after": 0} | over)
        view, secret = subscriptions.add(connection, HERE, wanted, "admin")
    return view.subscription_id, secret


def claim(hub: Database, *, slow: bool = False) -> list[Claimed]:
    with hub.begin() as connection:
        return messages.claim(connection, HERE, 60, slow=slow, n=50)


def work(hub: Database) -> int:
    """Give how many messages are taken in one round of both lanes."""
    return sum(turn(hub, one) for slow in (False, True) for one in claim(hub, slow=slow))


def come(hub: Database, days: int = 1) -> None:
    """Let the time of the next attempt come, so many days later."""
    with hub.begin() as connection:
        connection.execute(
            text(
                "UPDATE ops.subscription SET next_at = now(), failing_since = failing_since - make_interval(days => :d)"
            ),
            {"d": days},
        )


def standing(hub: Database, subscription: str) -> Any:
    with hub.read() as connection:
        return subscriptions.read(connection, HERE, subscription)


def test_every_change_is_sent_once_in_order_and_signed_so_that_others_can_verify_it(hub: Database) -> None:
    change(hub, 7)
    with receiving() as receiver:
        _, secret = subscribe(hub, receiver.url, most=3)
        assert work(hub) == 3
        change(hub, 1, "merged")
        assert work(hub) == 1
        assert work(hub) == 0
        assert receiver.numbers() == list(range(1, 9))
        assert len(set(receiver.ids())) == 4
        last = receiver.verified(secret)[-1]
        assert last["type"] == "projects.changed"
        assert last["data"]["jurisdiction"] == HERE
        assert [one["kind"] for one in last["data"]["changes"]] == ["merged"]
        assert receiver.got[0][0]["content-type"] == "application/json"


def test_only_the_kinds_and_districts_asked_for_are_sent_and_the_place_moves_past_the_others(
    hub: Database,
) -> None:
    change(hub, 3, "created", "430204")
    change(hub, 2, "updated", "430211,430204")
    change(hub, 1200, "updated", "430221")
    change(hub, 1, "created", "")
    with receiving() as receiver:
        names = [
            subscribe(hub, receiver.url, districts=["430211"])[0],
            subscribe(hub, receiver.url, kinds=["created"])[0],
            subscribe(hub, receiver.url, kinds=["removed"])[0],
        ]
        assert work(hub) == 3
        assert sorted(receiver.numbers()) == [1, 2, 3, 4, 5, 1206]
        assert {standing(hub, name).place for name in names} == {1206}
        assert claim(hub) == []


def test_who_does_not_take_a_message_gets_it_again_by_the_schedule_and_the_others_behind_it(
    hub: Database,
) -> None:
    change(hub, 2)
    with receiving(500, 429) as receiver:
        receiver.answers[1] = (429, {"Retry-After": "7200"})
        name, secret = subscribe(hub, receiver.url, most=1)
        for planned in (5, 7200):
            assert work(hub) == 0
            assert claim(hub) == claim(hub, slow=True) == []
            [(wait,)] = rows_of(
                hub, "SELECT extract(epoch FROM next_at - now())::float FROM ops.subscription"
            )
            assert planned - 5 < wait <= planned * 1.2
            assert standing(hub, name).failing_since is not None
            come(hub, 0)
        assert work(hub) == 2
        assert receiver.numbers() == [1, 1, 1, 2]
        assert len(set(receiver.ids())) == 2
        assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) >= 1
        receiver.verified(secret)
        assert standing(hub, name).failing_since is None
        with hub.read() as connection:
            found = messages.listing(connection, HERE, name, MessageQuery(), None, 10)
            told = messages.attempts(connection, HERE, name, found[-1].message_id)
        assert [(one.first_no, one.state, one.attempts) for one in found] == [
            (2, "taken", 1),
            (1, "taken", 3),
        ]
        assert [one.status for one in told] == [500, 429, 204]
        assert all(one.milliseconds >= 0 for one in told)


def test_a_message_that_is_never_taken_is_given_up_and_those_behind_it_go_on(hub: Database) -> None:
    change(hub, 2)
    with receiving(*[400] * 8) as receiver:
        name, _ = subscribe(hub, receiver.url, most=1)
        for _ in range(8):
            assert work(hub) == 0
            come(hub, 0)
        assert work(hub) == 1
        assert receiver.numbers() == [*[1] * 8, 2]
        with hub.read() as connection:
            states = [one.state for one in messages.listing(connection, HERE, name, MessageQuery(), None, 10)]
        assert states == ["taken", "given_up"]


def test_who_says_gone_or_takes_nothing_for_five_days_is_sent_nothing_more_until_a_person_says_so(
    hub: Database,
) -> None:
    change(hub, 1)
    with receiving(410) as gone, receiving(*[503] * 6) as away:
        names = [subscribe(hub, one.url)[0] for one in (gone, away)]
        for _ in range(6):
            work(hub)
            come(hub)
        work(hub)
        assert [standing(hub, name).state for name in names] == ["disabled"] * 2
        assert [standing(hub, name).reason for name in names] == ["gone", "failing"]
        assert (len(gone.got), len(away.got)) == (1, 6)
        assert claim(hub) == []
        with hub.begin() as connection:
            for name in names:
                assert subscriptions.enable(connection, HERE, name).state == "active"
        assert work(hub) == 2
        assert gone.numbers() == [1, 1]
        assert len(set(away.ids())) == 1


def test_a_place_that_the_feed_no_longer_keeps_disables_it_rather_than_skips(hub: Database) -> None:
    change(hub, 3)
    with receiving() as receiver:
        name, _ = subscribe(hub, receiver.url)
        with hub.begin() as connection:
            connection.execute(text("DELETE FROM ops.change WHERE change_no < 3"))
        assert work(hub) == 0
        assert (standing(hub, name).state, standing(hub, name).reason) == ("disabled", "behind_the_feed")
        assert receiver.got == []


def test_a_rotated_secret_and_the_former_one_both_hold_for_a_day(hub: Database) -> None:
    change(hub, 1)
    with receiving() as receiver:
        name, former = subscribe(hub, receiver.url)
        with hub.begin() as connection:
            _, newer = subscriptions.rotate(connection, HERE, name)
        work(hub)
        assert receiver.verified(former) == receiver.verified(newer)
        with hub.begin() as connection:
            connection.execute(text("UPDATE ops.subscription SET former_until = now() - interval '1 second'"))
        change(hub, 1)
        work(hub)
        assert receiver.got[-1][0]["webhook-signature"].count("v1,") == 1
        receiver.verified(newer)[-1]


def test_two_workers_never_send_for_one_subscription_and_one_that_fell_silent_is_taken_over(
    hub: Database,
) -> None:
    change(hub, 1)
    with receiving() as receiver:
        subscribe(hub, receiver.url)
        [zombie] = claim(hub)
        assert claim(hub) == []
        with hub.begin() as connection:
            connection.execute(text("UPDATE ops.subscription SET lease_until = now() - interval '1 second'"))
        [heir] = claim(hub)
        with pytest.raises(LeaseLost):
            turn(hub, zombie)
        assert receiver.got == []
        assert turn(hub, heir) == 1
        assert rows_of(hub, "SELECT attempt_no, status FROM ops.attempt") == [(1, 204)]


def test_a_worker_that_was_overtaken_while_it_sent_notes_nothing(hub: Database) -> None:
    change(hub, 1)
    with receiving() as receiver:
        subscribe(hub, receiver.url)
        [zombie] = claim(hub)
        with hub.begin() as connection:
            message = messages.following(connection, zombie, 60)
            assert message is not None
            connection.execute(text("UPDATE ops.subscription SET lease_token = 'another'"))
        outcome = messages.Outcome(204, 1, None, 5.0, 5)
        with pytest.raises(LeaseLost), hub.begin() as connection:
            messages.note(connection, zombie, message, outcome, slow=False, goes_on=False)
        assert rows_of(hub, "SELECT state, attempts FROM ops.message") == [("waiting", 0)]
        assert headers_for(message, 1_700_000_000)["webhook-id"] == message.message_id


def test_slow_receivers_hold_up_no_other(hub: Database) -> None:
    change(hub, 1)
    sender = Sender(hub, quick=3, slow=2, deadline=1.0)
    over = threading.Event()

    def beats() -> None:
        while not over.wait(0.05):
            sender.beat()

    with receiving(pause=5.0) as hangs, receiving() as quick:
        for _ in range(12):
            subscribe(hub, hangs.url)
        beating = threading.Thread(target=beats)
        beating.start()
        try:
            until(lambda: len(hangs.got) >= 12)
            subscribe(hub, quick.url)
            taken = []
            for n in range(1, 6):
                taken.append(until(lambda n=n: quick.numbers()[-1:] == [n], seconds=10))  # type: ignore[misc]  # a lambda's default has no type
                change(hub, 1)
            assert max(taken[1:]) < 3
        finally:
            over.set()
            beating.join()
            sender.close()
    assert rows_of(hub, "SELECT count(*) FROM ops.subscription WHERE slow") == [(12,)]


def test_what_was_sent_is_kept_for_a_time_only(hub: Database) -> None:
    change(hub, 2)
    with receiving(204, 500) as receiver:
        subscribe(hub, receiver.url, most=1)
        work(hub)
        with hub.begin() as connection:
            connection.execute(text("UPDATE ops.message SET ended_at = ended_at - interval '31 days'"))
            assert [messages.sweep(connection, j, 30) for j in JURISDICTIONS] == [1, 0]
        assert rows_of(hub, "SELECT state FROM ops.message") == [("waiting",)]
        assert rows_of(hub, "SELECT status FROM ops.attempt") == [(500,)]


def test_a_worker_sends_by_itself_and_stops_within_seconds(hub: Database) -> None:
    from app.pipeline.rules import load_rules
    from app.worker import Role, Worker
    from tests.support.pulled import paged_registry

    with receiving() as receiver:
        subscribe(hub, receiver.url)
        worker = Worker(hub, load_rules(paged_registry()), roles=[Role.SEND])
        worker.start()
        change(hub, 3)
        until(lambda: receiver.numbers() == [1, 2, 3])
        begun = time.monotonic()
        worker.stop()
        assert time.monotonic() - begun < 5
