"""Walking an API's pages: which parameters come next, when the list has ended, and how far we are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from connectors import moments
from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NotSplittable, at, items, text_at
from connectors.transport_settings import HttpSettings, Since
from connectors.transports.guards import check_names, check_shape
from connectors.transports.http import Client
from schemas.records import Listing, Page, RawRecord, Unreadable

CLOCK_SLACK = timedelta(minutes=5)


def fetch(
    manifest: Manifest,
    settings: HttpSettings,
    binding: Binding,
    cursor: str | None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Page]:
    """Give an API's pages after `cursor`; at least once, and complete or with an error, never silently short."""
    client = Client(
        settings, location(settings.variable, settings.default, binding), binding.variables, sleep
    )
    yield from _Walk(manifest, settings, client, cursor).pages()


class _Walk:
    """One run through a list: the state between two pages."""

    def __init__(
        self, manifest: Manifest, settings: HttpSettings, client: Client, cursor: str | None
    ) -> None:
        self._manifest, self._settings, self._client = manifest, settings, client
        self._reader = RowReader(manifest)
        self._seen = json.loads(cursor).get("since") if cursor else None
        self._start = self._seen
        self._full = manifest.listing == "full"
        self._ordered = (
            settings.since is not None
            and settings.since.ordered
            and settings.paging.style in {"page", "offset"}
        )
        self._asked = 0
        self._edge: frozenset[RawRecord | Unreadable] = frozenset()
        """What the last page ended with: the next one, asked for from that time on, begins with it."""

    def pages(self) -> Iterator[Page]:
        number, token, total, given = 0, None, None, 0
        since = self._since(self._seen)
        while True:
            body = self._client.get(self._parameters(number, token, since), self._link(token))
            rows, said_total = self._rows(body)
            if total is not None and said_total != total:
                raise SourceUnavailable("the list changed while it was read; the next run starts again")
            total, number, given, self._asked = said_total, number + 1, given + len(rows), self._asked + 1
            token = self._next(body, token)
            more = self._more(len(rows), given, total, token)
            if more and self._asked >= self._settings.paging.max_pages:
                raise SourceChanged(
                    f"more than {self._settings.paging.max_pages} pages: raise max_pages or ask for less"
                )
            raws = tuple(self._reader.from_json(row) for row in rows)
            check_shape(self._manifest, raws)
            check_names(self._manifest, rows)
            reached = self._advance(raws)
            fresh = tuple(raw for raw in raws if raw not in self._edge)
            self._edge = (
                frozenset(raw for raw in raws if _stamp(raw) == reached) if self._ordered else frozenset()
            )
            if fresh or (self._full and not more):
                yield Page(fresh, self._cursor(done=not more), self._listing(more=more))
            if not more:
                return
            if self._ordered:
                total = None
                if (following := self._since(reached, overlap=False)) not in (None, since):
                    since, number, given = following, 0, 0

    def _parameters(self, number: int, token: str | None, since: str | None) -> dict[str, str]:
        paging = self._settings.paging
        if paging.style == "link" and token is not None:
            return {}
        made = dict(self._settings.parameters)
        if paging.style != "none" and paging.size_parameter:
            made[paging.size_parameter] = str(paging.size)
        if paging.style == "page":
            made[paging.parameter] = str(paging.first + number)
        elif paging.style == "offset":
            made[paging.parameter] = str(number * paging.size)
        elif paging.style == "cursor" and token is not None:
            made[paging.parameter] = token
        if self._settings.since and since is not None:
            made[self._settings.since.parameter] = since
        return made

    def _link(self, token: str | None) -> str | None:
        return token if self._settings.paging.style == "link" else None

    def _rows(self, body: bytes) -> tuple[list[bytes], int | None]:
        settings = self._settings
        try:
            if settings.agreed:
                said = text_at(body, settings.agreed.pointer)
                if said in settings.agreed.auth_values:
                    raise AuthFailed(f"the source answers {settings.agreed.pointer} = {said}")
                if said not in settings.agreed.values:
                    raise SourceUnavailable(f"the source answers {settings.agreed.pointer} = {said}")
            inner = at(body, settings.rows)
            total = text_at(body, settings.paging.total) if settings.paging.total else None
            if inner is None:
                raise SourceChanged(f"the answer has no {settings.rows}")
            return items(inner), int(total) if total and total.isdigit() else None
        except NotSplittable as error:
            raise SourceChanged(f"the answer is not the JSON the manifest describes: {error}") from error

    def _next(self, body: bytes, before: str | None) -> str | None:
        paging = self._settings.paging
        if paging.style not in {"cursor", "link"} or not paging.next:
            return None
        token = text_at(body, paging.next) or None
        if token is not None and token == before:
            raise SourceChanged("the next page leads to itself")
        return token

    def _more(self, here: int, given: int, total: int | None, token: str | None) -> bool:
        """Tell whether pages follow; raise when the list breaks off before the total it named."""
        style = self._settings.paging.style
        if style in {"cursor", "link"}:
            more = token is not None
        elif style == "none":
            more = False
        elif total is not None:
            more = given < total and here > 0
        else:
            more = here >= self._settings.paging.size
        if not more and total is not None and given < total:
            raise SourceUnavailable(f"the list ended after {given} of {total} rows")
        return more

    def _advance(self, raws: tuple[RawRecord | Unreadable, ...]) -> str | None:
        """Give the highest update time of a page; note it unless it is from the future.

        Where a list is ordered the next page is asked for from that time on: a row that is updated meanwhile moves to
        the end and shifts all page numbers. A wrong clock at the source must not skip what is to come.
        """
        if self._settings.since is None:
            return None
        limit = moments.render(datetime.now(UTC) + CLOCK_SLACK)
        stamps = [stamp for raw in raws if (stamp := _stamp(raw)) is not None]
        if self._settings.since.ordered and stamps != sorted(stamps):
            raise SourceChanged(
                f"{self._manifest.key}: rows are not in the order of {self._settings.since.column}"
            )
        self._seen = max([self._seen or "", *(stamp for stamp in stamps if stamp <= limit)]) or None
        return max(stamps, default=None)

    def _since(self, seen: str | None, *, overlap: bool = True) -> str | None:
        since: Since | None = self._settings.since
        if since is None:
            return None
        known = moments.read(seen) if seen else None
        if known is None:
            return since.first
        return (known - timedelta(seconds=since.overlap_seconds * overlap)).strftime(since.form)

    def _cursor(self, *, done: bool) -> str:
        moving = self._settings.since is not None and (done or self._settings.since.ordered)
        return json.dumps({"since": self._seen if moving else self._start})

    def _listing(self, *, more: bool) -> Listing:
        if not self._full:
            return Listing.CHANGES
        return Listing.FULL if more else Listing.FULL_END


def _stamp(raw: RawRecord | Unreadable) -> str | None:
    return raw.version.split("|")[0] if isinstance(raw, RawRecord) else None
