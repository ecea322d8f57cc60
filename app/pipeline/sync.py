"""Pull one source: fetch its pages and land each with the cursor, the run and its lease in one transaction."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping

from app.db import jurisdictions, runs, sources
from app.db.runs import Claimed, LeaseLost
from app.db.session import Database
from app.pipeline.ahead import ahead
from app.pipeline.land import land_page
from app.pipeline.rules import Rules
from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from schemas.records import Listing, Page

log = logging.getLogger(__name__)

LEASE_SECONDS = 90
COUNTS = ("received", "kept", "unchanged", "unreadable")


def binding(
    jurisdiction: int, location: str | None = None, environment: Mapping[str, str] = os.environ
) -> Binding:
    """Bind a source to a jurisdiction: `NAME_<jurisdiction>` in the environment goes before `NAME`."""
    own = f"_{jurisdiction}"
    variables = dict(environment)
    mine = {name.removesuffix(own): value for name, value in variables.items() if name.endswith(own)}
    return Binding(jurisdiction, location, variables | mine)


def sync(
    database: Database,
    rules: Rules,
    run: Claimed,
    *,
    stopping: Callable[[], bool] = lambda: False,
    kept: Callable[[], object] = lambda: None,
) -> str:
    """Walk a claimed run to its end and give its state; what was landed stays landed whatever happens.

    `kept` is called after every page of which something was kept, when it can be read by others.

    The one place that turns a connector's errors into what must be done: try again, tell the owner, or look.
    """
    try:
        return _pages(database, rules, run, stopping, kept)
    except LeaseLost:
        log.warning("a run was taken over", extra={"facts": {"run": run.run_id, "source": run.source}})
        return "lost"
    except SourceUnavailable as error:
        return _fail(database, run, error, None, error.retry_after)
    except AuthFailed as error:
        return _fail(database, run, error, f"来源拒绝凭据，请联系来源负责人 / credentials refused: {error}")
    except SourceChanged as error:
        return _fail(database, run, error, f"来源结构已变，请核对清单 / the source changed shape: {error}")
    except Exception as error:
        log.exception(
            "a run failed in a way nobody foresaw", extra={"facts": {"run": run.run_id, "source": run.source}}
        )
        return _fail(database, run, error, None)


def _pages(
    database: Database,
    rules: Rules,
    run: Claimed,
    stopping: Callable[[], bool],
    kept: Callable[[], object],
) -> str:
    if run.source not in rules.registry.sources:
        raise SourceChanged(f"no connector for {run.source} is installed here")
    connector = rules.registry.open(run.source, binding(run.jurisdiction, run.location))
    pages = connector.fetch(run.cursor)
    if (
        rules.registry.manifest(run.source).transport.kind == "http"
    ):  # the others hold a table, a file or a child
        pages = ahead(pages, is_last=lambda page: page.last)
    for page in pages:
        with database.begin() as connection:
            counts = dict.fromkeys(COUNTS, 0)
            if _says_something(page):
                landed = land_page(
                    connection,
                    run.jurisdiction,
                    run.source,
                    page,
                    channel=_channel(rules, run.source),
                    run_id=run.run_id,
                )
                counts = {name: getattr(landed, name) for name in COUNTS}
            cancelled = runs.checkpoint(connection, run, page.cursor, counts, LEASE_SECONDS, last=page.last)
        if counts["kept"]:  # what says nothing new waits for a beat: many such pages are one step
            kept()
        if page.last:
            return "cancelled" if cancelled else "succeeded"
        if cancelled:
            return _finish(database, run, "cancelled")
        if stopping():
            with database.begin() as connection:
                runs.release(connection, run)
            return "queued"
        del page  # while the next one is waited for
    return _finish(database, run, "succeeded")


def _says_something(page: Page) -> bool:
    """Tell a delivery from a sign of life: a slow source moves cursor and lease on, and lands nothing."""
    return bool(page.rows or page.sender) or page.listing is Listing.FULL_END


def _channel(rules: Rules, source: str) -> str:
    return "file" if rules.registry.manifest(source).transport.kind == "files" else "pull"


def _finish(database: Database, run: Claimed, state: str) -> str:
    with database.begin() as connection:
        runs.finish(connection, run, state)
    return state


def _fail(
    database: Database,
    run: Claimed,
    error: Exception,
    attention: str | None,
    retry_after: float | None = None,
) -> str:
    with database.begin() as connection:
        told = (type(error).__name__, str(error))
        runs.finish(connection, run, "failed", error=told, attention=attention, retry_after=retry_after)
    return "failed"


def bind_found(database: Database, rules: Rules, jurisdiction: int) -> list[str]:
    """Bind every pulled source whose place the environment names and nobody has bound yet; gives their keys."""
    variables = binding(jurisdiction).variables
    with database.begin() as connection:
        jurisdictions.ensure(connection, jurisdiction)
        bound = sources.standings(connection, jurisdiction)
        found = [
            manifest.key
            for manifest in rules.registry.manifests()
            if manifest.key not in bound and variables.get(getattr(manifest.transport, "variable", ""))
        ]
        for key in found:
            runs.bind(connection, jurisdiction, key, location=None, every_seconds=None, scheduled=True)
    return found
