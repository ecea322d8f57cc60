"""Walking an API's pages: which parameters come next, when the list has ended, and how far we are."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors import moments
from connectors.contract import Binding
from connectors.errors import AuthFailed, SourceChanged, SourceUnavailable
from connectors.glances import Glances, UnreadRows
from connectors.locations import location
from connectors.manifest import Manifest
from connectors.rows import RowReader
from connectors.splitting import NotSplittable, at, frame, items, text_at
from connectors.transport_settings import HttpSettings, Since
from connectors.transports.guards import check_encoding, check_names, check_shape
from connectors.transports.http import Client
from schemas.records import Listing, Page, RawRecord, Unreadable

CLOCK_SLACK = timedelta(minutes=5)
LOOKS = 3
QUIET_SECONDS = 15
Row = RawRecord | Unreadable


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
        known = json.loads(cursor) if cursor else {}
        self._seen = known.get("since")
        self._start = self._seen
        self._full = manifest.listing == "full"
        numbered = settings.paging.style in {"page", "offset"}
        self._ordered = settings.since is not None and settings.since.ordered and numbered
        self._shifts = numbered and not self._ordered and (self._full or settings.since is not None)
        """Rows may move between its pages, and whoever misses one would not ask for it again."""
        self._whole = settings.paging.style == "none" and settings.since is None
        """One answer is all there is, so its source may say that it has not changed."""
        self._mark: dict[str, str] = known.get("mark", {})
        self._begun = datetime.now(UTC)
        self._edge: frozenset[RawRecord | Unreadable] = frozenset()
        """What the last page ended with: the next one, asked for from that time on, begins with it."""
        self._edge_stamp: str | None = None

    def pages(self) -> Iterator[Page]:
        if self._shifts:
            yield from self._held_still()
            return
        try:
            for rows, more in self._look():
                if rows or (self._full and not more):
                    yield self._page(rows, more=more)
        except _Unchanged:  # nothing is said, and nothing has vanished
            yield Page((), self._cursor(done=True), Listing.CHANGES, last=True)

    def _held_still(self) -> Iterator[Page]:
        """Look at a list again until it names the same rows in the same order twice; one page alone cannot shift.

        What a later look brings anew is given at once. Only the end of the last look moves the cursor and the listing.
        """
        told: set[int] = set()
        held: Sequence[Row] = ()
        before, gave = b"", time.monotonic()
        for look in range(LOOKS):
            order = hashlib.blake2b(digest_size=16)
            for number, (rows, more) in enumerate(self._look()):
                if look == number == 0 and not more:
                    yield self._page(rows, more=False)
                    return
                order.update(b"\0".join(_name(row) for row in rows))
                fresh = tuple(row for row in rows if hash(row) not in told)
                told.update(map(hash, rows))
                if not look and not more:
                    held = fresh
                elif fresh or time.monotonic() - gave > QUIET_SECONDS:  # a silent run would lose its lease
                    yield self._page(fresh, more=True)
                    gave = time.monotonic()
            if order.digest() == before:
                yield self._page(held, more=False)
                return
            before = order.digest()
        yield self._page(held, more=True)
        raise SourceUnavailable(
            f"rows moved between pages in each of {LOOKS} looks; the next run starts again"
        )

    def _look(self) -> Iterator[tuple[UnreadRows, bool]]:
        """Give the rows of each page, and whether pages follow; complete or with an error."""
        number, token, total, given, asked = 0, None, None, 0, 0
        since, since_stamp = self._since(self._start), ""
        marks, tokens = set[bytes](), set[str]()
        while True:
            bodies, whole, said_total, token = self._ask(number, token, since)
            if total is not None and said_total != total:
                raise SourceUnavailable("the list changed while it was read; the next run starts again")
            total, number, given, asked = said_total, number + 1, given + len(bodies), asked + 1
            if token in tokens:
                raise SourceChanged("the next page leads to itself, or back to a page that was read")
            tokens |= {token} if token else set()
            rows = UnreadRows(self._reader, bodies, whole)
            mark = rows.said(self._manifest)
            if bodies and mark in marks:
                raise SourceUnavailable(
                    f"page {number} holds what a page before it held; the list is not whole"
                )
            marks.add(mark)
            more = self._more(len(bodies), given, total, token)
            if more and asked >= self._settings.paging.max_pages:
                raise SourceChanged(
                    f"more than {self._settings.paging.max_pages} pages: raise max_pages or ask for less"
                )
            if not more and total is not None and len(bodies) >= self._settings.paging.size:
                self._check_nothing_follows(number, since, marks, total)
            del whole  # it is as large as all its rows
            check_encoding(self._manifest, bodies)
            check_shape(self._manifest, rows)
            check_names(self._manifest, bodies)
            stamps = _stamps(rows) if self._settings.since else []
            reached = self._advance(stamps)
            told = {n for n, stamp in enumerate(stamps) if self._edge and stamp == self._edge_stamp}
            told = {n for n in told if rows[n] in self._edge}
            fresh = rows.without(told) if told else rows
            if self._ordered and more:
                self._edge_stamp = reached
                self._edge = frozenset(rows[n] for n, stamp in enumerate(stamps) if stamp == reached)
            yield fresh, more
            del rows, fresh
            if not more:
                return
            if self._ordered and reached:
                total = None
                if (following := self._since(reached, overlap=False)) != since:
                    if reached < since_stamp:
                        raise SourceChanged(
                            f"asked for rows from {since} on, the source gives older ones: it ignores what is asked"
                        )
                    since, since_stamp, number, given = following, reached, 0, 0
                    marks.clear()

    def _ask(
        self, number: int, token: str | None, since: str | None
    ) -> tuple[list[bytes], bytes, int | None, str | None]:
        """Give a page's rows as they were said, one by one and as a list, the total it names, and what leads to the next."""
        parameters = self._parameters(number, token, since)
        body = self._changed(parameters) if self._whole else self._client.get(parameters, self._link(token))
        paging = self._settings.paging
        try:
            inner = self._inner(body)
            bodies, around = items(inner), frame(body, inner)
            follows = paging.style in {"cursor", "link"} and paging.next
            token = (text_at(around, paging.next or "") or None) if follows else None
            return bodies, inner, self._total(around, bodies), token
        except NotSplittable as error:
            raise _misshapen(body, error) from error

    def _changed(self, parameters: dict[str, str]) -> bytes:
        """Give the answer that is the whole list, unless it is the one that was read to its end before."""
        # what another manifest says, or another place, is read anew; so is everything once a day, for servers err
        own = (self._client.url, sorted(parameters.items()), self._manifest.model_dump_json())
        of = f"{self._begun:%Y-%m-%d} {own}"
        digest = hashlib.blake2b(of.encode(), digest_size=8).hexdigest()
        body, mark = self._client.get_unless(parameters, self._mark if self._mark.get("of") == digest else {})
        if body is None:
            raise _Unchanged
        self._mark = {**mark, "of": digest} if mark else {}
        return body

    def _check_nothing_follows(self, number: int, since: str | None, marks: set[bytes], total: int) -> None:
        """Ask beyond a last page that is full: a total that is too small would hide the rest for ever."""
        if self._settings.paging.style not in {"page", "offset"}:
            return
        try:
            beyond, whole, _, _ = self._ask(number, None, since)
        except SourceChanged:
            return  # many an API has no answer beyond its last page; some give the last page again
        if beyond and UnreadRows(self._reader, beyond, whole).said(self._manifest) not in marks:
            raise SourceUnavailable(f"the source names {total} rows and gives more")

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

    def _inner(self, body: bytes) -> bytes:
        """Give the list of rows as it stands in an answer that is none of an error."""
        settings = self._settings
        if settings.agreed:
            said = text_at(body, settings.agreed.pointer)
            if said is None:
                raise SourceChanged(f"the answer has no {settings.agreed.pointer}")
            if said in settings.agreed.auth_values:
                raise AuthFailed(f"the source answers {settings.agreed.pointer} = {said}")
            if said not in settings.agreed.values:
                raise SourceUnavailable(f"the source answers {settings.agreed.pointer} = {said}")
        inner = at(body, settings.rows)
        if inner is None:
            raise SourceChanged(f"the answer has no {settings.rows}")
        return inner

    def _total(self, body: bytes, rows: list[bytes]) -> int | None:
        pointer = self._settings.paging.total
        if not pointer:
            return None
        said = text_at(body, pointer)
        if said is None and not rows:
            return 0
        if said is None or not (said.isascii() and said.isdigit() and len(said) <= 12):
            raise SourceChanged(f"{pointer} is no number of rows: {str(said)[:40]}")
        return int(said)

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
        if total is not None and given > total:
            raise SourceUnavailable(f"the source names {total} rows and gives {given}")
        return more

    def _advance(self, said: Sequence[str | None]) -> str | None:
        """Give the highest of the update times of a page; note it unless it is from the future.

        Where a list is ordered the next page is asked for from that time on: a row that is updated meanwhile moves to
        the end and shifts all page numbers. A wrong clock at the source must not skip what is to come.
        """
        if self._settings.since is None:
            return None
        # of a list without order, what changed after we began may stand on a page that was read before it changed
        limit = moments.render(datetime.now(UTC) + CLOCK_SLACK if self._ordered else self._begun)
        stamps = [stamp for stamp in said if stamp is not None]
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

    def _page(self, rows: Sequence[Row], *, more: bool) -> Page:
        told = (self._cursor(done=not more), self._listing(more=more))
        if not isinstance(rows, UnreadRows):
            return Page(rows, *told, last=not more)
        made = self._manifest
        return Page(rows, *told, glances=Glances(rows, made), said=rows.said(made), last=not more)

    def _cursor(self, *, done: bool) -> str:
        moving = self._settings.since is not None and (done or self._settings.since.ordered)
        told = {"since": self._seen if moving else self._start}
        return json.dumps(told | {"mark": self._mark} if done and self._mark else told)

    def _listing(self, *, more: bool) -> Listing:
        if not self._full:
            return Listing.CHANGES
        return Listing.FULL if more else Listing.FULL_END


class _Unchanged(Exception):
    """The source says that its list is the one it gave before."""


def _stamps(rows: UnreadRows) -> list[str | None]:
    """Give the update time of each row, None where it has none that can be read."""
    return [version.split("|")[0] if version is not None else None for version in rows.stamps()]


def _name(row: Row) -> bytes:
    return row.key.encode() if isinstance(row, RawRecord) else row.body


def _misshapen(body: bytes, error: NotSplittable) -> SourceChanged | SourceUnavailable:
    """Tell an answer that breaks off, which another try may cure, from one that is something else."""
    if body.lstrip()[:1] == b"<":
        return SourceChanged("the answer is a web page and no data: a login or maintenance page, perhaps")
    if body.count(b"{") + body.count(b"[") > body.count(b"}") + body.count(b"]"):
        return SourceUnavailable("the answer breaks off before its end")
    return SourceChanged(f"the answer is not the JSON the manifest describes: {error}")
