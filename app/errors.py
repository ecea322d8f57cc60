"""What can go wrong for a caller of the hub: each error carries its status and says what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil


class HubError(Exception):
    """The hub cannot do this."""

    status = 500
    type = "hub-error"

    def __init__(self, detail: str = "", faults: Iterable[tuple[str, str]] = ()) -> None:
        """Say what to do next; `faults` are (where, what) of each single thing that stands in the way."""
        super().__init__(detail or (type(self).__doc__ or ""))
        self.detail = str(self)
        self.faults = tuple(faults)


class BadRequest(HubError):
    """The request has a value the hub cannot use."""

    status, type = 400, "bad-request"


class NotAuthenticated(HubError):
    """A key or signature is missing, wrong or expired."""

    status, type = 401, "not-authenticated"


class NotPermitted(HubError):
    """The key has no right to do this; ask an admin for a key with the scope named."""

    status, type = 403, "not-permitted"


class NotFound(HubError):
    """There is nothing under this id."""

    status, type = 404, "not-found"


class Conflict(HubError):
    """What was sent contradicts what the hub already holds; read it again first."""

    status, type = 409, "conflict"


class Gone(HubError):
    """This was here once and is no more."""

    status, type = 410, "gone"


class SnapshotNeeded(Gone):
    """Changes you have not seen are kept no more: take all projects anew, then follow from where the feed stands."""

    type = "snapshot-needed"

    def __init__(self, newest: int) -> None:
        """Say from which number to follow; it must be noted before the projects are taken."""
        super().__init__(
            "the feed does not lead on from there: it was kept no longer, or the hub was restored."
            f" Take all projects anew (Link: rel=snapshot), then follow after={newest}"
        )


class Unprocessable(HubError):
    """What was sent would be refused row by row; mend what the faults name, and send it again under a new id."""

    status, type = 422, "unprocessable"


class TooMany(HubError):
    """This was asked too often; come back after the seconds of Retry-After."""

    status, type = 429, "too-many"

    def __init__(self, detail: str, seconds: float) -> None:
        """Say what was too much, and in how many seconds it may be tried again."""
        super().__init__(detail)
        self.seconds = max(1, ceil(seconds))


class Unavailable(HubError):
    """The hub cannot answer right now; try again in a few seconds."""

    status, type = 503, "unavailable"


class RulesChanged(Unavailable):
    """The derived drawer was made under other rules; run `hub rebuild`."""

    type = "rules-changed"
