from __future__ import annotations

from collections.abc import Callable

from app.db import leases
from tests.app.house import hub
from tests.support.corridor import opened


def test_a_rebuild_by_hand_says_what_it_did_and_what_waits_is_taken_in(says: Callable[..., str]) -> None:
    assert "ms under the locks" in says("rebuild")
    assert "430200: no difference" in says("rebuild")
    assert "430200: 0 batches" in says("process")


def test_a_rebuild_beside_another_says_until_when_that_one_holds_the_lease(database_url: str) -> None:
    with opened(database_url) as database, database.begin() as connection:
        leases.take(connection, leases.REBUILD, 60)
    done = hub("rebuild", HUB_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "another rebuild holds the lease until" in done.stderr
    assert "Traceback" not in done.stderr
