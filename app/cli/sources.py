"""Commands about the departments' feeds."""

from __future__ import annotations

import argparse
import re

from app.cli.hub import opened
from app.db import runs, sources, told
from app.errors import BadRequest
from app.pipeline import sync as pulling
from app.pipeline.land import rename_key as keep_renamed
from app.pipeline.process import drain
from app.terminal import table

PLACES = {
    "http": (r"https?://[^/\s]+", "a web address, http://… or https://…"),
    "table": (r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://", "a database, as a SQLAlchemy url: dialect+driver://…"),
    "files": (r"/", "a folder, by its absolute path: /…"),
}
"""By kind of transport: the form of its places, and how it is told."""
COUNTS = ("received", "kept", "unchanged", "unreadable", "accepted", "rejected")


def show(options: argparse.Namespace) -> None:
    """Print every source and how it stands."""
    runtime, jurisdiction = opened(options)
    with runtime.database.read() as connection:
        given = sources.given(connection, jurisdiction)
        standing = sources.standings(connection, jurisdiction)
        untold = told.attentions(connection, jurisdiction)
    rows: list[tuple[object, ...]] = []
    for manifest in runtime.rules.registry.manifests():
        counts = given.get(manifest.key, sources.Given()).counts
        state = standing.get(manifest.key)
        word = "not bound" if state is None else state.attention or ("on" if state.enabled else "off")
        word += f"; {untold[manifest.key]}" if manifest.key in untold else ""
        rows.append((manifest.key, *(getattr(counts, name) for name in COUNTS), word))
    print(table(("source", *COUNTS, "state"), rows))


def bind(options: argparse.Namespace) -> None:
    """Say where a source is and how often it is read."""
    runtime, jurisdiction = opened(options)
    _known(runtime.rules.registry.sources.keys(), options.source)
    _check_place(runtime.rules.registry.manifest(options.source).transport.kind, options.location)
    with runtime.database.begin() as connection:
        runs.bind(
            connection,
            jurisdiction,
            options.source,
            location=options.location,
            every_seconds=options.every,
            scheduled=not options.unscheduled,
        )


def rename_key(options: argparse.Namespace) -> None:
    """Keep that a department re-keyed a record: judgements and ids follow."""
    runtime, jurisdiction = opened(options)
    _known(runtime.rules.registry.sources.keys(), options.source)
    with runtime.database.begin() as connection:
        keep_renamed(connection, jurisdiction, options.source, options.old_key, options.new_key, options.by)
    drain(runtime.database, runtime.rules, jurisdiction, limit=runtime.settings.batch)


def sync(options: argparse.Namespace) -> int:
    """Pull one source now and take in what it gave."""
    runtime, jurisdiction = opened(options)
    _known(runtime.rules.registry.sources.keys(), options.source)
    with runtime.database.begin() as connection:
        if options.source not in sources.standings(connection, jurisdiction):
            runs.bind(
                connection, jurisdiction, options.source, location=None, every_seconds=None, scheduled=False
            )
        sources.queue_run(connection, jurisdiction, options.source)
        run = runs.claim(connection, jurisdiction, pulling.LEASE_SECONDS, options.source)
    if run is None:
        raise BadRequest(f"a worker has taken the run of {options.source}; see it under /runs")
    state = pulling.sync(runtime.database, runtime.rules, run)
    drain(runtime.database, runtime.rules, jurisdiction, limit=runtime.settings.batch)
    with runtime.database.read() as connection:
        ended = sources.run(connection, jurisdiction, run.run_id)
    print(
        f"{options.source}: {state}, {ended.pages} pages, {ended.received} received = {ended.kept} kept"
        f" + {ended.unchanged} unchanged + {ended.unreadable} unreadable"
        + (f"; {ended.error_text}" if ended.error_text else "")
    )
    return 0 if state == "succeeded" else 1


def _check_place(kind: str, place: str | None) -> None:
    """Refuse a place that no pull of this transport could ever read; whether it is there, the first pull says."""
    if kind == "singer":
        if place is not None:
            raise BadRequest(
                "--location: a tap is a program, which only a variable of the deployment may name"
            )
        return
    if kind not in PLACES:
        raise BadRequest("this source is pushed: departments send it to /hooks, and there is nothing to bind")
    form, told = PLACES[kind]
    if place is not None and not re.match(form, place):
        raise BadRequest(f"--location {place}: this source is read from {told}")


def _known(keys: object, source: str) -> None:
    if source not in keys:  # type: ignore[operator] # a view of keys
        raise BadRequest(f"no source {source}; `hub sources list` names them")
