"""What reading again amounts to is counted once per row and record, and shown by a few of each."""

from __future__ import annotations

from pathlib import Path

from app.pipeline import replay as replaying
from app.pipeline.replay import plan
from app.pipeline.replay_counts import SAMPLES
from tests.support.database import JURISDICTIONS
from tests.support.mended import claimed, mended_city, refusing_city, told
from tests.support.small_city import permit

FIRST = JURISDICTIONS[0]
PERMITS = "housing.permits"


def test_a_changed_record_tells_which_fields_differ(database_url: str, tmp_path: Path) -> None:
    city = refusing_city(database_url)
    rules = mended_city(city, PERMITS, 'district = "district"', 'address = "district"', tmp_path)
    with city.database.read() as connection:
        [made] = plan(connection, FIRST, rules, [PERMITS])
    assert (made.changed, made.new, made.dropped, made.accepted) == (30, 0, 0, {})
    changed = [sample for sample in made.samples if sample.fate == "changed"]
    assert len(changed) == SAMPLES
    fields = {difference.field: (difference.was, difference.now) for difference in changed[0].differences}
    assert fields["place.district"] == ("430204", None)
    assert fields["place.address"] == (None, "430204")
    assert made.still_rejected == {"permits.sample": 10}
    city.database.close()


def test_what_a_plan_shows_can_be_kept_whatever_a_row_holds(database_url: str, tmp_path: Path) -> None:
    """A half character or a NUL in an example must not cost the whole plan."""
    city = refusing_city(database_url)
    city.land(PERMITS, permit("X1", "样例 \\ud800 \0 样例"))
    rules = mended_city(
        city,
        PERMITS,
        '[fields]\nname = "name"',
        '[fields]\nname = { from = "name", match = "(a)", required = true }',
        tmp_path,
    )
    one = claimed(city.database, rules, FIRST, [PERMITS], "plan")
    assert replaying.run(city.database, rules, one) == "planned"
    [made] = told(city.database, one).plan or ()
    assert sum(made.rejected.values()) == 30
    city.database.close()
