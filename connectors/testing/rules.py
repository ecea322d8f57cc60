"""Rules C2 to C7: what a sample alone can show.

A rule gives None where it is kept, else what is wrong; it raises NothingSeen where the sample has nothing to look at.
"""

from __future__ import annotations

from connectors import samples
from connectors.columns import column_name
from connectors.strict_json import StrictJsonError, dumps, loads
from connectors.testing.feed import NO_ROW, Feed, NothingSeen
from schemas.records import Accepted, Unreadable

STRANGE = "未登记的取值"


def gives_rows(feed: Feed) -> str | None:
    """The sample gives rows without a network."""
    return (
        None
        if feed.raws
        else f"no row in {feed.folder / 'sample'}: record one real page with `hub connectors record`"
    )


def keys_hold(feed: Feed) -> str | None:
    """Keys are filled and the same when the sample is read again."""
    if not feed.rows:
        raise NothingSeen(NO_ROW)
    if unreadable := [row for row in feed.rows if isinstance(row, Unreadable)]:
        return f"a row of the sample has no usable key ({unreadable[0].rule}: {unreadable[0].en})"
    again = list(samples.rows(feed.manifest, feed.folder))
    return None if again == feed.rows else "the second reading gives other rows"


def repeats(feed: Feed) -> str | None:
    """Normalizing twice gives the same."""
    first, second = (list(feed.connector.normalize(feed.some_raws())) for _ in range(2))
    return None if first == second else "normalizing the same rows twice gives two results"


def as_expected(feed: Feed) -> str | None:
    """Normalizing gives what expected.json says."""
    feed.some_raws()
    file = feed.expected_file
    if not file.is_file():
        return f"{file} is missing: write it with --update, then read it"
    if file.read_text(encoding="utf-8") != feed.told():
        return f"the result differs from {file}: if the change is meant, write it with --update and read the difference"
    return None


def columns_known(feed: Feed) -> str | None:
    """Every column of the sample is mapped or ignored, and every row is accepted or refused by a named rule."""
    known = feed.manifest.known_columns()
    for raw in feed.some_raws():
        try:
            row = loads(raw.body)
        except StrictJsonError:
            continue
        # cells under no name are a line that does not fit its header: a rejection, no column
        if strange := sorted({column_name(head) for head in row} - known - {""}):
            return f"{', '.join(strange)} is neither mapped nor ignored"
    return None


def refuses_strange(feed: Feed) -> str | None:
    """A value a lookup does not know becomes a rejection or an issue."""
    raw = feed.row()
    if raw is None:
        raise NothingSeen("the sample has no row that states anything")
    for name, rule in feed.manifest.text_rules():
        if rule.lookup is None or rule.match is not None:
            continue
        row = loads(raw.body)
        heads = {column_name(head): head for head in row}
        changed = {**row, heads.get(rule.columns[0], rule.columns[0]): STRANGE}
        outcome = next(iter(feed.connector.normalize([raw._replace(body=dumps(changed))])))
        found = {issue.rule for issue in outcome.issues} if isinstance(outcome, Accepted) else {outcome.rule}
        if "lookup.unknown" not in found:
            return f"{name}: the unknown value {STRANGE} went through without a word"
    return None
