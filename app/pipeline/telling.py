"""Telling departments what became of their rows, where they want it: stamps in their tables, files put back in a folder.

The place up to which a source was told is a row of ops, moved after the department has taken what it was told: after
a crash it is told again, which changes nothing there. Nobody is told of rows that have no outcome yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from app.db import calls, deliveries, jurisdictions, sources, told
from app.db.session import Database
from app.db.told import Place, RowToTell, Telling
from app.pipeline.returning import return_delivery
from app.pipeline.rules import Rules
from app.pipeline.sync import binding
from connectors.contract import Binding
from connectors.errors import SourceChanged, SourceUnavailable
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.strict_json import StrictJsonError, loads
from connectors.transport_settings import FilesSettings, TableSettings, WriteBack
from connectors.transports.write_back import Verdict, stamp

log = logging.getLogger(__name__)

LEASE_SECONDS = 600
"""Longer than any one batch or file takes; a batch renews it."""
READ = 1_000
"""Rows that are read, told and noted at once."""
PATIENCE_SECONDS = 300
"""How soon a department that could not be told is tried again."""

Stopping = Callable[[], bool]


def tell(
    database: Database,
    rules: Rules,
    jurisdiction: int,
    environment: Mapping[str, str],
    *,
    stopping: Stopping = lambda: False,
) -> int:
    """Tell every department of the jurisdiction whose source is bound and permits it; gives the rows and files it took.

    What goes wrong with one department is noted at its source, and neither stops its pulls nor the others.
    """
    wanted = {
        manifest.key: (manifest, work)
        for manifest in rules.registry.manifests()
        if (work := _work(rules, jurisdiction, manifest, environment)) is not None
    }
    if not wanted:
        return 0
    with database.read() as snapshot:
        waiting = sources.standings(snapshot, jurisdiction).keys() - told.up_to_date(snapshot, jurisdiction)
    done = 0
    for key, (manifest, work) in wanted.items():
        if key not in waiting or stopping():
            continue
        with database.begin() as connection:
            telling = told.claim(connection, jurisdiction, manifest.key, LEASE_SECONDS)
        if telling is None:
            continue
        try:
            done += work(database, telling, stopping)
        except Exception as error:
            if calls.unavailable(error) is not None:
                raise  # the hub's own database is away
            facts = {"source": manifest.key, "jurisdiction": jurisdiction}
            log.warning("a department could not be told", exc_info=error, extra={"facts": facts})
            with database.begin() as connection:
                told.fail(connection, telling, _attention(manifest, error), PATIENCE_SECONDS)
        else:
            with database.begin() as connection:
                told.release(connection, telling)
    return done


def _work(
    rules: Rules, jurisdiction: int, manifest: Manifest, environment: Mapping[str, str]
) -> Callable[[Database, Telling, Stopping], int] | None:
    """Give how a source's department is told, None where its manifest or the deployment says nothing of it."""
    if manifest.write_back is not None:
        url = environment.get(f"{manifest.write_back.variable}_{jurisdiction}")
        return partial(_stamp_rows, manifest, manifest.write_back, url) if url else None
    settings = manifest.transport
    if isinstance(settings, FilesSettings) and settings.returned is not None:
        folder = binding(jurisdiction, None, environment).variables.get(settings.returned)
        return partial(_return_files, rules, manifest, Path(folder), environment) if folder else None
    return None


def _attention(manifest: Manifest, error: Exception) -> str:
    how = "回写状态" if manifest.write_back else "退回文件"
    return f"{how}失败，请检查权限与地址 / the department could not be told: {type(error).__name__}: {error}"


def _stamp_rows(
    manifest: Manifest, rules: WriteBack, url: str, database: Database, telling: Telling, stopping: Stopping
) -> int:
    done, place = 0, telling.place
    while not stopping():
        with database.read() as snapshot:
            generation = jurisdictions.generation(snapshot, telling.jurisdiction)
            if generation != telling.generation:  # outcomes may be others than those that were told
                place = Place()
            upto = told.derived_up_to(snapshot, telling.jurisdiction)
            rows, reached = told.rows_to_tell(snapshot, telling.jurisdiction, manifest.key, place, upto, READ)
        verdicts = list(_verdicts(manifest, rows))
        stamped = stamp(manifest, rules, url, verdicts) if verdicts else 0
        if (reached, generation) != (telling.place, telling.generation) or stamped:
            with database.begin() as connection:
                if not told.advance(connection, telling, reached, generation, stamped, LEASE_SECONDS):
                    return done
        place, done = reached, done + stamped
        telling = telling._replace(place=reached, generation=generation)
        if reached >= upto:
            break
    return done


def _verdicts(manifest: Manifest, rows: Sequence[RowToTell]) -> Iterator[Verdict]:
    """Give what each row is told; one whose id nobody knows any more is passed over."""
    for row in rows:
        number = _id_of(manifest, row)
        if number is None:
            continue
        reason = None if row.rule is None else f"规则校验异常：{row.zh};异常编码：{row.rule}"
        yield Verdict(number, row.hash, row.rule if row.hash is None else None, reason)


def _id_of(manifest: Manifest, row: RowToTell) -> str | None:
    """Give the row's id in its table: as its words say it, or, of a confirmation, its version."""
    settings = manifest.transport
    assert isinstance(settings, TableSettings)
    if row.op == "confirm":
        columns = manifest.version.columns if manifest.version else ()
        parts = (row.version or "").split("|")
        if settings.id in columns and len(parts) == len(columns):
            return parts[columns.index(settings.id)]
        return None
    try:
        said = loads(row.body) if row.body else {}
    except StrictJsonError:
        return None
    found = said.get(settings.id) if isinstance(said, dict) else None
    return None if found is None else str(found)


def _return_files(
    rules: Rules,
    manifest: Manifest,
    folder: Path,
    environment: Mapping[str, str],
    database: Database,
    telling: Telling,
    stopping: Stopping,
) -> int:
    with database.read() as snapshot:
        generation = jurisdictions.generation(snapshot, telling.jurisdiction)
        upto = told.derived_up_to(snapshot, telling.jurisdiction)
        if upto.row_no != told.END:
            upto = Place(upto.landing_no - 1, told.END)
        found = told.arrivals(snapshot, telling.jurisdiction, manifest.key, telling.place, upto)
        place = sources.location(snapshot, telling.jurisdiction, manifest.key)
        where = sources.locations(snapshot, telling.jurisdiction)
    bound = binding(telling.jurisdiction, place, environment)
    if not found:
        if upto > telling.place or generation != telling.generation:
            with database.begin() as connection:
                told.advance(connection, telling, max(upto, telling.place), generation, 0, LEASE_SECONDS)
        return 0
    _check_folder(rules, folder, bound, where)
    done = 0
    for arrival in found:
        if stopping():
            break
        put = _put_back(database, rules, manifest, bound, folder, arrival.delivery_no)
        reached = upto if arrival is found[-1] else Place(arrival.landing_no, told.END)
        with database.begin() as connection:
            if not told.advance(connection, telling, reached, generation, put, LEASE_SECONDS):
                break
        done += put
    return done


def _put_back(
    database: Database, rules: Rules, manifest: Manifest, bound: Binding, folder: Path, delivery_no: int
) -> int:
    """Put one file back, if somebody must act on it; an earlier one of its name is replaced, or taken away."""
    with database.read() as snapshot:
        view = deliveries.delivery(snapshot, bound.jurisdiction, delivery_no)
        said = deliveries.said_rows(snapshot, bound.jurisdiction, delivery_no, manifest.key)
    name = Path(view.sender)
    kind = "" if name.suffix.lower() == ".xlsx" else f"_{name.suffix[1:]}"
    out = folder / f"{name.stem}{kind}_校验结果_{manifest.key}.xlsx"
    totals = return_delivery(rules, bound, view, lambda: said, out)
    if totals.to_act_on == 0:
        out.unlink()
        return 0
    return 1


def _check_folder(rules: Rules, folder: Path, bound: Binding, where: Mapping[str, str]) -> None:
    """Refuse a folder that is not there, and one that is watched: what is put back would be read as news."""
    if not folder.is_dir():
        raise SourceUnavailable(f"there is no folder {folder} to put files back into")
    for manifest in rules.registry.manifests():
        settings = manifest.transport
        if not isinstance(settings, FilesSettings):
            continue
        own = Binding(bound.jurisdiction, where.get(manifest.key), bound.variables)
        try:
            watched = Path(location(settings.variable, settings.default, own))
        except SourceUnavailable:
            continue
        if watched.resolve() == folder.resolve():
            raise SourceChanged(
                f"{folder} is watched by {manifest.key}: name another folder for what goes back"
            )
