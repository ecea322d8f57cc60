"""The contract as a kit: `check(folder)` tells rule by rule whether a feed keeps it; one line makes it a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from connectors import registry, samples
from connectors.columns import column_name
from connectors.contract import Binding, Connector
from connectors.manifest import ManifestError
from connectors.strict_json import StrictJsonError, dumps, loads
from schemas.records import Accepted, Op, RawRecord, Unreadable

STRANGE = "未登记的取值"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Whether a feed keeps one rule of the contract."""

    rule: str
    state: Literal["kept", "broken", "exempt"]
    message: str


@dataclass(frozen=True, slots=True)
class _Feed:
    """A feed under test."""

    source: registry.Source
    folder: Path
    connector: Connector
    rows: list[RawRecord | Unreadable]

    @property
    def raws(self) -> list[RawRecord]:
        return [row for row in self.rows if isinstance(row, RawRecord)]


def feeds() -> list[str]:
    """Give the keys of every source that can be found, for parametrizing tests."""
    return sorted(registry.discover().sources)


def check(feed: str | Path, *, update: bool = False) -> list[RuleResult]:
    """Check a feed, by key or folder, against the contract; `update` writes `expected.json` anew.

    C1 manifest · C2 sample read offline · C3 keys · C4 normalizing repeats · C5 as expected · C6 every column ·
    C7 unknown values. A manifest may exempt itself from a rule, with a reason.
    """
    try:
        source = _source(feed)
    except ManifestError as error:
        return [RuleResult("C1", "broken", str(error))]
    folder = Path(str(source.folder))
    connector = registry.connector_class(source)(source.manifest, Binding(samples.JURISDICTION))
    try:
        made = _Feed(source, folder, connector, list(samples.rows(source.manifest, folder)))
    except Exception as error:  # noqa: BLE001 - whatever a feed's own code does, its author wants to read it
        return [
            RuleResult("C1", "kept", f"{source.manifest.key}: the manifest is valid"),
            RuleResult("C2", "broken", f"the sample cannot be read: {type(error).__name__}: {error}"),
        ]
    if update:
        _expected_file(made).write_text(_told(made), encoding="utf-8")
    return [RuleResult("C1", "kept", f"{source.manifest.key}: the manifest is valid"), *_rules(made)]


def broken(results: list[RuleResult]) -> list[str]:
    """Give what is not kept, for a test to compare with []."""
    return [f"{result.rule}: {result.message}" for result in results if result.state == "broken"]


def _source(feed: str | Path) -> registry.Source:
    if isinstance(feed, Path):
        return registry.source_in(feed)
    found = registry.discover().sources
    if feed not in found:
        raise ManifestError(f"there is no source {feed}; there are {', '.join(sorted(found))}")
    return found[feed]


def _rules(feed: _Feed) -> list[RuleResult]:
    rules: dict[str, Callable[[_Feed], str | None]] = {
        "C2": _gives_rows,
        "C3": _keys_hold,
        "C4": _repeats,
        "C5": _as_expected,
        "C6": _columns_known,
        "C7": _refuses_strange,
    }
    exempt = feed.source.manifest.exempt
    results = []
    for name, rule in rules.items():
        wrong = rule(feed)
        if wrong is None:
            results.append(RuleResult(name, "kept", (rule.__doc__ or "").strip()))
        elif name in exempt:
            results.append(RuleResult(name, "exempt", exempt[name]))
        else:
            results.append(RuleResult(name, "broken", wrong))
    return results


def _gives_rows(feed: _Feed) -> str | None:
    """The sample gives rows without a network."""
    return (
        None
        if feed.raws
        else f"no row in {feed.folder / 'sample'}: record one real page, without personal data"
    )


def _keys_hold(feed: _Feed) -> str | None:
    """Keys are filled and the same when the sample is read again."""
    if unreadable := [row for row in feed.rows if isinstance(row, Unreadable)]:
        return f"a row of the sample has no usable key ({unreadable[0].rule}: {unreadable[0].en})"
    again = list(samples.rows(feed.source.manifest, feed.folder))
    return None if again == feed.rows else "the second reading gives other rows"


def _repeats(feed: _Feed) -> str | None:
    """Normalizing twice gives the same."""
    first, second = (list(feed.connector.normalize(feed.raws)) for _ in range(2))
    return None if first == second else "normalizing the same rows twice gives two results"


def _as_expected(feed: _Feed) -> str | None:
    """Normalizing gives what expected.json says."""
    file = _expected_file(feed)
    if not file.is_file():
        return f"{file} is missing: write it with --update, then read it"
    if file.read_text(encoding="utf-8") != _told(feed):
        return f"the result differs from {file}: if the change is meant, write it with --update and read the difference"
    return None


def _columns_known(feed: _Feed) -> str | None:
    """Every column of the sample is mapped or ignored, and every row is accepted or refused by a named rule."""
    known = feed.source.manifest.known_columns()
    for raw in feed.raws:
        try:
            row = loads(raw.body)
        except StrictJsonError:
            continue
        # cells under no name are a line that does not fit its header: a rejection, no column
        if strange := sorted({column_name(head) for head in row} - known - {""}):
            return f"{', '.join(strange)} is neither mapped nor ignored"
    return None


def _refuses_strange(feed: _Feed) -> str | None:
    """A value a lookup does not know becomes a rejection or an issue."""
    for name, rule in feed.source.manifest.text_rules():
        if rule.lookup is None or rule.match is not None:
            continue
        raw = next((row for row in feed.raws if row.op is Op.UPSERT), None)
        if raw is None:
            return "the sample has no row that states anything"
        row = loads(raw.body)
        heads = {column_name(head): head for head in row}
        changed = {**row, heads.get(rule.columns[0], rule.columns[0]): STRANGE}
        outcome = next(iter(feed.connector.normalize([replace(raw, body=dumps(changed))])))
        found = {issue.rule for issue in outcome.issues} if isinstance(outcome, Accepted) else {outcome.rule}
        if "lookup.unknown" not in found:
            return f"{name}: the unknown value {STRANGE} went through without a word"
    return None


def _expected_file(feed: _Feed) -> Path:
    return feed.folder / "expected.json"


def _told(feed: _Feed) -> str:
    return json.dumps(samples.outcomes(feed.connector, feed.raws), ensure_ascii=False, indent=1) + "\n"
