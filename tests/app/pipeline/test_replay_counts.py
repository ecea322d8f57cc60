"""What reading again amounts to is counted once per row and record, and shown by a few of each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.db.records import PendingRow
from app.db.rereading import Findings
from app.pipeline.normalize import Normalized
from app.pipeline.replay import plan
from app.pipeline.replay_counts import SAMPLES, counted
from app.pipeline.reread import Reread
from schemas.api.replays import SourceReplay
from schemas.records import Rejection
from tests.support.database import JURISDICTIONS
from tests.support.mended import mended_city, refusing_city

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


def test_what_is_shown_can_be_kept_whatever_a_row_holds() -> None:
    """Half a character or a NUL in an example must not cost the whole plan."""
    odd = "样例 \ud800 \0"
    row = PendingRow(1, 1, 1, PERMITS, "430200-a", "X1", "", "upsert", b"", b"", datetime.now(UTC), True)
    no = Rejection(rule="lookup.unknown", field=odd, value=odd * 100, zh=odd, en=odd)
    read = Reread(("430200-a",), (row,), (no,), Findings({}, {}), (), Normalized(), ())
    made = counted(SourceReplay(source=PERMITS), read)
    assert made.rejected == {"lookup.unknown": 1}
    [sample] = made.samples
    assert len(sample.value or "") == 200
    shown = made.model_dump_json()
    assert "\\u0000" not in shown
    assert "样例 ? ␀" in shown
