"""Commands for who teaches the hub a department's feed."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.errors import BadRequest
from app.pipeline.sync import binding
from app.settings import Settings
from app.terminal import table
from connectors import recording, registry, scaffold, testing
from connectors.errors import ConnectorError
from connectors.manifest import ManifestError
from connectors.recording import NotRecorded


def show(_options: argparse.Namespace) -> None:
    """Print every connector found, and the broken ones with their reason."""
    found = registry.discover()
    rows: list[tuple[object, ...]] = [
        (m.key, m.transport.kind, m.tier, m.title.zh, m.owner) for m in found.manifests()
    ]
    print(table(("source", "transport", "tier", "title", "owner"), rows))
    for broken in found.unavailable:
        print(f"unavailable: {broken.origin}: {broken.reason}")


def new(options: argparse.Namespace) -> None:
    """Make a feed's folder from the template."""
    try:
        print(scaffold.new(Path(options.into), options.key, options.transport))
    except (ManifestError, FileExistsError) as error:
        raise BadRequest(str(error)) from error


def template(options: argparse.Namespace) -> None:
    """Make the repository of a third party's feed."""
    try:
        print(f"{scaffold.repository(Path(options.folder), options.key)}: README.md says what comes next")
    except (ManifestError, FileExistsError, NotADirectoryError) as error:
        raise BadRequest(str(error)) from error


def record(options: argparse.Namespace) -> None:
    """Save one real page of a feed as its sample, and tell what was taken out of it."""
    jurisdiction = options.jurisdiction or Settings().jurisdiction
    try:
        done = recording.record(
            _source(options.feed), binding(jurisdiction, options.location), options.rows, force=options.force
        )
    except (ManifestError, NotRecorded, ConnectorError) as error:
        raise BadRequest(f"{type(error).__name__}: {error}") from error
    left_out = f", {done.left_out} that nobody can read left out" if done.left_out else ""
    print(f"{done.file}: {done.rows} rows{left_out}")
    for column, kind, times in done.scrubbed:
        print(f"  scrubbed {column or 'text'}: {times} × {kind}")
    if done.unknown:
        print(f"  not in the manifest yet, map or ignore: {', '.join(done.unknown)}")
    if done.missing:
        print(f"  in the manifest and not in the page: {', '.join(done.missing)}")
    print(
        "提交前请通读样例：无标签、称谓、电话相邻且未在人员列出现的人名，自由文本中的住址、病情等，以及无名称的密钥，机器无法辨认。\n"
        "Read it before you commit it. Not promised: a name that no label, title or phone stands beside and no column of persons holds,\n"
        "addresses and circumstances told in free text, and a secret that nothing names as one."
    )


def _source(feed: str) -> registry.Source:
    if Path(feed).is_dir():
        return registry.source_in(Path(feed))
    found = registry.discover().sources
    if feed not in found:
        raise ManifestError(f"there is no source {feed}; `hub connectors list` names them")
    return found[feed]


def check(options: argparse.Namespace) -> int:
    """Check feeds against the contract, rule by rule; 1 when a rule is broken."""
    broken = 0
    for feed in options.feed or testing.feeds():
        print(feed)
        for result in testing.check(Path(feed) if Path(feed).is_dir() else feed, update=options.update):
            print(f"  {result.rule:<4} {result.state:<7} {result.message}")
            broken += result.state == "broken"
    return 1 if broken else 0
