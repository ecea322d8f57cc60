"""Commands about reading again what a source has said."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.cli.hub import opened
from app.db import jurisdictions, leases, replays
from app.errors import BadRequest, NotFound
from app.pipeline import replay as replaying
from app.pipeline.process import drain
from app.pipeline.standing import differing
from app.runtime import Runtime
from app.terminal import table
from schemas.api.replays import ReplayQuery, ReplayView, Sample, SourceReplay

COUNTS = (
    "raw_records",
    "rows",
    "accepted",
    "rejected",
    "still_rejected",
    "new",
    "changed",
    "dropped",
    "failing",
)
SHOWN = 20
"""How many replays a list shows."""


def plan(options: argparse.Namespace) -> None:
    """Print what the manifests as they are now would make of what was said; nothing is changed."""
    runtime, jurisdiction = opened(options)
    sources = _meant(runtime, jurisdiction, options.source)
    with runtime.database.read() as connection:
        made = replaying.plan(connection, jurisdiction, runtime.rules, sources)
    _print_counts(made)
    for sample in (sample for one in made for sample in one.samples):
        print(_told(sample))
    if options.json:
        text = json.dumps([one.model_dump(mode="json") for one in made], ensure_ascii=False, indent=2)
        Path(options.json).write_text(text, encoding="utf-8")


def run(options: argparse.Namespace) -> int:
    """Take up the manifests as they are now, and read again what was said."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        held = jurisdictions.hold(connection, jurisdiction)
        if options.id:
            asked = replays.queue_run(connection, held, options.id)
        else:
            sources = _meant(runtime, jurisdiction, options.source)
            asked = replays.create(connection, held, sources, "run", options.by)
        claimed = replays.claim(
            connection,
            jurisdiction,
            runtime.rules.fingerprint,
            replaying.LEASE_SECONDS,
            asked.replay_id,
        )
    if claimed is None:
        raise BadRequest(_why_it_waits(runtime, jurisdiction, asked))
    state = replaying.run(runtime.database, runtime.rules, claimed)
    drain(runtime.database, runtime.rules, jurisdiction, limit=runtime.settings.batch)
    with runtime.database.read() as connection:
        _print(replays.replay(connection, jurisdiction, asked.replay_id))
    return 0 if state == "succeeded" else 1


def show(options: argparse.Namespace) -> None:
    """Print one replay with its counts, or the newest ones."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        if options.id:
            _print(replays.replay(connection, jurisdiction, options.id))
            return
        found = replays.replays(connection, jurisdiction, ReplayQuery(), None, SHOWN)
    rows = [
        (one.replay_id, one.step, one.state, f"{one.done} of {one.total}", " ".join(one.sources))
        for one in found
    ]
    print(table(("id", "step", "state", "raw records", "sources"), list(rows)))


def cancel(options: argparse.Namespace) -> None:
    """Ask a replay to end."""
    runtime, jurisdiction = opened(options)
    with runtime.database.begin() as connection:
        _print(replays.cancel(connection, jurisdictions.hold(connection, jurisdiction), options.id))


def _meant(runtime: Runtime, jurisdiction: int, named: Sequence[str]) -> list[str]:
    """Give the sources named, or else those that were read under other rules than today's."""
    with runtime.database.read() as connection:
        found = differing(connection, jurisdiction, runtime.rules)
    if unknown := sorted(set(named) - runtime.rules.registry.sources.keys() - set(found)):
        raise NotFound(f"no source {', '.join(unknown)}; `hub sources list` names them")
    if not (named or found):
        raise BadRequest("every source was read under the rules of today; name the sources to read again")
    return sorted(set(named) or found)


def _why_it_waits(runtime: Runtime, jurisdiction: int, asked: ReplayView) -> str:
    """Name who is in the way of a replay, and until when."""
    with runtime.database.read() as connection:
        rebuild = leases.held_until(connection, leases.REBUILD)
        now = replays.replay(connection, jurisdiction, asked.replay_id)
    if rebuild:
        why = f"a rebuild works and holds its lease until {replays.clock(rebuild)}, and longer while it works"
    elif now.state == "running" and now.lease_until:
        why = f"a process works on it and holds its lease until {replays.clock(now.lease_until)}, and longer while it works"
    else:
        why = f"it is {now.state}"
    return f"replay {asked.replay_id} waits: {why}; `hub replay show {asked.replay_id}`, `hub replay cancel {asked.replay_id}`"


def _print(one: ReplayView) -> None:
    print(f"{one.replay_id}: {one.step} {one.state}, {one.done} of {one.total} raw records")
    if one.state == "running" and one.lease_until:
        until = replays.clock(one.lease_until)
        print(
            f"已记下取消：写完当前一批即止，若其进程已不在，最迟 {until} 止"
            f" / cancel noted: it ends with the chunk it writes, at the latest at {until} if its process is gone"
            if one.cancel_requested_at
            else f"进程每写一批续约，现至 {until} / its process is waited for until {until}, and longer while it works"
        )
    if one.error_text:
        print(one.error_text)
    _print_counts(one.counts or one.plan or ())


def _print_counts(made: Iterable[SourceReplay]) -> None:
    made = list(made)
    rows = [(one.source, *(_sum(getattr(one, name)) for name in COUNTS)) for one in made]
    print(table(("source", *COUNTS), list(rows)))
    for one in made:
        for fate in ("accepted", "rejected", "still_rejected", "failing"):
            for rule, n in sorted(getattr(one, fate).items()):
                print(f"{one.source}: {n} {fate.replace('_', ' ')}, {rule}")


def _sum(count: int | dict[str, int]) -> int:
    return count if isinstance(count, int) else sum(count.values())


def _told(sample: Sample) -> str:
    row = "" if sample.delivery_no is None else f" ({sample.delivery_no}, {sample.row_no})"
    rules = " → ".join(rule or "accepted" for rule in (sample.rule_was, sample.rule_now))
    told = f"{sample.fate} {sample.key or sample.record_id}{row}"
    if sample.delivery_no is not None:
        return f"{told}: {rules} {sample.field or ''}={sample.value!r}"
    return told + "".join(f"; {one.field}: {one.was!r} → {one.now!r}" for one in sample.differences)
