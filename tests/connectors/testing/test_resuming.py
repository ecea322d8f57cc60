from __future__ import annotations

from pathlib import Path

import pytest

from connectors.testing.feed import NotConcerned
from connectors.testing.resuming import resumes
from tests.connectors.manifests import HTTP, TABLE, VERSION
from tests.connectors.testing.made import API, EXCHANGE, FOLDER, PAGE, PUSHED, SINCE, TAP, made

DISCOVERED = TAP.replace("\n\n[version]", "\ndiscover = true\n\n[version]")
STYLES = {
    "none": "",
    "page": PAGE,
    "offset": 'paging = { style = "offset", parameter = "from", total = "data.total" }\n',
    "cursor": 'paging = { style = "cursor", parameter = "token", next = "data.next" }\n',
    "link": 'paging = { style = "link", next = "data.next" }\n',
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ordered", [True, False])
def test_an_api_of_any_paging_loses_nothing(style: str, ordered: bool, tmp_path: Path) -> None:
    since = SINCE if ordered else SINCE.replace("ordered = true\n", "")
    assert resumes(made(tmp_path, HTTP + STYLES[style] + since + VERSION)) is None


@pytest.mark.parametrize("road", [EXCHANGE, FOLDER, HTTP, TABLE, TAP, DISCOVERED])
def test_tables_folders_and_sources_without_versions_lose_nothing(road: str, tmp_path: Path) -> None:
    assert resumes(made(tmp_path, road)) is None


@pytest.mark.parametrize("form", ["20240101080000", "1704067200", "2024-01-01", "2024-01-01T08:00:00"])
def test_update_times_are_made_in_the_samples_form(form: str, tmp_path: Path) -> None:
    feed = made(tmp_path, EXCHANGE)
    sample = feed.folder / "sample" / "rows.json"
    said = sample.read_text(encoding="utf-8")
    sample.write_text(said.replace("2024-01-01 08:00:00", form), encoding="utf-8")
    assert resumes(feed) is None


AFTER = """    def fetch(self, cursor):
        for page in super().fetch(None):
            newer = [row for row in page.rows if row.version > (cursor or "")]
            yield replace(page, rows=tuple(newer), cursor=max(row.version for row in newer) if newer else cursor)
"""
AHEAD = """    def fetch(self, cursor):
        pages = list(super().fetch(cursor))
        for page in pages:
            yield replace(page, cursor=pages[-1].cursor)
"""
EARLY = """    def fetch(self, cursor):
        for page in super().fetch(cursor):
            yield replace(page, rows=tuple(row for row in page.rows if not row.key.endswith("-0")))
"""
SHORT = """    def fetch(self, cursor):
        for page in super().fetch(cursor):
            yield replace(page, rows=page.rows[:1])
"""


@pytest.mark.parametrize(
    ("road", "code", "told"),
    [
        (EXCHANGE, AHEAD, "a run that resumes after page 1 of 4 loses"),
        (API, AHEAD, "a run that resumes after page 1"),
        (TAP, AHEAD, "a run that resumes after page 1 of 5 loses 6 rows"),
        (FOLDER, AHEAD, "a run that resumes after page 1 of 2 loses 2 rows"),
        (EXCHANGE, SHORT, "8 rows stand in the source, and a run from the beginning gives 4"),
        (EXCHANGE, AFTER, "loses 4 rows"),
        (EXCHANGE, EARLY, "a row that appears late and bears the update time of the last row is never seen"),
    ],
)
def test_a_cursor_that_runs_ahead_or_leaves_equal_times_out_is_told(
    road: str, code: str, told: str, tmp_path: Path
) -> None:
    assert told in (resumes(made(tmp_path, road, code)) or "")


def test_a_first_moment_that_the_api_would_not_understand_is_told(tmp_path: Path) -> None:
    compact = SINCE + 'form = "%Y%m%d%H%M%S"\n'
    found = resumes(made(tmp_path, HTTP + PAGE + compact + VERSION))
    assert found is not None
    assert "1970-01-01 00:00:00" in found


def test_a_pushed_feed_has_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(NotConcerned, match="push"):
        resumes(made(tmp_path, PUSHED))
